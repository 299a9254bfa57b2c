"""The table of losses: one file each, one line here."""

from snnopt.model.losses.base import Loss, Window
from snnopt.model.losses.cross_entropy import CrossEntropy
from snnopt.model.losses.hinge import Hinge
from snnopt.model.losses.squared_error import SquaredError

LOSSES: tuple[type[Loss], ...] = (CrossEntropy, SquaredError, Hinge)

__all__ = ["LOSSES", "CrossEntropy", "Hinge", "Loss", "SquaredError", "Window"]
