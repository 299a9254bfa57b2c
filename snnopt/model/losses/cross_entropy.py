"""Cross-entropy of class labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.losses.base import Loss
from snnopt.model.naming import ALONE, Names


@dataclass(frozen=True, eq=False)
class CrossEntropy(Loss):
    """``mean_n log(sum_c exp m[n, c]) - m[n, label[n]]`` with m the chosen functional of the output potentials.

    Labels are whole numbers 0 .. classes-1, [N]. With ``over="mean"`` it is snnTorch's ``ce_rate_loss`` taken on the
    membrane instead of spikes.
    """

    kind: ClassVar[str] = "cross_entropy"

    def formula(self, names: Names = ALONE) -> str:
        """The loss as mathematics, in plain text."""
        return f"cross_entropy({self.argument(names)}, labels)"
