"""Squared error, for labels or real targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.losses.base import Loss
from snnopt.model.naming import ALONE, Names


@dataclass(frozen=True, eq=False)
class SquaredError(Loss):
    """``mean_n 1/2 ||m[n] - target[n]||^2`` with m the chosen functional of the output potentials.

    Targets are real, [N, units], or class labels [N], which become one-hot rows (1 for the class, 0 elsewhere).
    """

    kind: ClassVar[str] = "squared_error"

    def formula(self, names: Names = ALONE) -> str:
        """The loss as mathematics, in plain text."""
        return f"1/2 ||{self.argument(names)} - target||^2"
