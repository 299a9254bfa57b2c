"""The table of penalties: one file each, one line here."""

from snnopt.model.penalties.base import WeightPenalty
from snnopt.model.penalties.l2 import L2

PENALTIES = (L2,)

__all__ = ["L2", "PENALTIES", "WeightPenalty"]
