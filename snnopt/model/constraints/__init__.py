"""The table of constraints: one file each, one line here."""

from snnopt.model.constraints.base import Constraint, WeightConstraint
from snnopt.model.constraints.box import Box
from snnopt.model.constraints.cardinality import Cardinality
from snnopt.model.constraints.cvx import cvx
from snnopt.model.constraints.fan_in import FanIn
from snnopt.model.constraints.grid import Grid
from snnopt.model.constraints.sign import Sign
from snnopt.model.constraints.spike_budget import SpikeBudget

CONSTRAINTS: tuple[type[Constraint], ...] = (Box, Sign, Cardinality, FanIn, Grid, SpikeBudget, cvx)

__all__ = [
    "CONSTRAINTS",
    "Box",
    "Cardinality",
    "Constraint",
    "FanIn",
    "Grid",
    "Sign",
    "SpikeBudget",
    "WeightConstraint",
    "cvx",
]
