"""Number of synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.connections.base import positive
from snnopt.model.constraints.base import WeightConstraint
from snnopt.model.naming import ALONE, Names
from snnopt.model.weights import Weights, check_weights


@dataclass(frozen=True, eq=False)
class Cardinality(WeightConstraint):
    """``card(W) <= k``: at most k weights into a layer are not zero."""

    kind: ClassVar[str] = "cardinality"
    weights: Weights
    k: int

    def __post_init__(self) -> None:
        check_weights(type(self).__name__, self.weights)
        positive(f"Cardinality({self.symbol})", "k", self.k)

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The number."""
        return (("k", float(self.k)),)

    def formula(self, names: Names = ALONE) -> str:
        """The constraint as mathematics, in plain text."""
        return f"card({names.weights_text(self.population)}) <= {self.k}"
