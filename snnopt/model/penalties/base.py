"""What all penalties on weights share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.objective import ObjectiveTerm
from snnopt.model.signal import Population
from snnopt.model.weights import Weights, check_weights


@dataclass(frozen=True, eq=False)
class WeightPenalty(ObjectiveTerm):
    """A penalty on the weights into a layer, biases excluded.

    Parameters
    ----------
    weights : a layer's weights, ``h.weights``.
    """

    kind: ClassVar[str]
    weights: Weights

    def __post_init__(self) -> None:
        check_weights(type(self).__name__, self.weights)

    @property
    def population(self) -> Population:
        """The layer whose weights are penalised."""
        return self.weights.population
