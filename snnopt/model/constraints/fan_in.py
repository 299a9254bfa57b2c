"""Fan-in of each neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.connections.base import positive
from snnopt.model.constraints.base import WeightConstraint
from snnopt.model.naming import ALONE, Names
from snnopt.model.weights import Weights, check_weights


@dataclass(frozen=True, eq=False)
class FanIn(WeightConstraint):
    """``card(W[i, :]) <= k``: each neuron of a layer keeps at most k incoming synapses."""

    kind: ClassVar[str] = "fan_in"
    weights: Weights
    k: int

    def __post_init__(self) -> None:
        check_weights(type(self).__name__, self.weights)
        positive(f"FanIn({self.symbol})", "k", self.k)

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The number."""
        return (("k", float(self.k)),)

    def formula(self, names: Names = ALONE) -> str:
        """The constraint as mathematics, in plain text."""
        return f"card({names.indexed(self.population, '[i,:]')}) <= {self.k}"
