"""Lasso penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.naming import ALONE, Names
from snnopt.model.penalties.base import WeightPenalty


@dataclass(frozen=True, eq=False)
class L1(WeightPenalty):
    """``sum |W|`` over the weights into a layer, biases excluded: synapses that do not pay become exactly zero."""

    kind: ClassVar[str] = "l1"

    def formula(self, names: Names = ALONE) -> str:
        """The penalty as mathematics, in plain text."""
        return f"||{names.weights_text(self.population)}||_1"
