"""The table of penalties: one file each, one line here."""

from snnopt.model.objective import ObjectiveTerm
from snnopt.model.penalties.base import WeightPenalty
from snnopt.model.penalties.group_lasso import GroupLasso
from snnopt.model.penalties.l1 import L1
from snnopt.model.penalties.l2 import L2
from snnopt.model.penalties.spike_cost import SpikeCost

PENALTIES: tuple[type[ObjectiveTerm], ...] = (L1, L2, GroupLasso, SpikeCost)

__all__ = ["L1", "L2", "PENALTIES", "GroupLasso", "SpikeCost", "WeightPenalty"]
