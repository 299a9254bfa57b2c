"""Multi-class hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.losses.base import Loss
from snnopt.model.naming import ALONE, Names


@dataclass(frozen=True, eq=False)
class Hinge(Loss):
    """``mean_n max(0, 1 + max_{c != label} m[n, c] - m[n, label])`` with m the chosen functional of the output.

    The margin of Crammer and Singer (2001). Labels are whole numbers 0 .. classes-1, [N].
    """

    kind: ClassVar[str] = "hinge"

    def formula(self, names: Names = ALONE) -> str:
        """The loss as mathematics, in plain text."""
        return f"hinge({self.argument(names)}, labels)"
