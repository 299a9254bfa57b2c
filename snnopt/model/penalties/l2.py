"""Ridge penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.naming import ALONE, Names
from snnopt.model.penalties.base import WeightPenalty


@dataclass(frozen=True, eq=False)
class L2(WeightPenalty):
    """``1/2 sum W^2`` over the weights into a layer, biases excluded."""

    kind: ClassVar[str] = "l2"

    def formula(self, names: Names = ALONE) -> str:
        """The penalty as mathematics, in plain text."""
        return f"1/2 ||{names.weights_text(self.population)}||^2"
