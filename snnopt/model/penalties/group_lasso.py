"""Group lasso penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.naming import ALONE, Names
from snnopt.model.penalties.base import WeightPenalty


@dataclass(frozen=True, eq=False)
class GroupLasso(WeightPenalty):
    """``sum_j ||W[:, j]||`` over source neurons j: sources that do not pay lose all their synapses at once.

    Of a convolution, W is [channels, fan_in], and a column is one place of the kernel in one input channel.
    """

    kind: ClassVar[str] = "group_lasso"

    def formula(self, names: Names = ALONE) -> str:
        """The penalty as mathematics, in plain text."""
        return f"sum_j ||{names.indexed(self.population, '[:,j]')}||"
