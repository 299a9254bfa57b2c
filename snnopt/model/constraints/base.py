"""What all constraints share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from snnopt.errors import ModelError, shown
from snnopt.model.signal import Population, Weights


class Constraint(ABC):
    """A constraint, exact in the returned weights. Leaves are frozen dataclasses."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def population(self) -> Population:
        """The population that the constraint is about."""

    @abstractmethod
    def formula(self) -> str:
        """The constraint as mathematics, in plain text."""

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """Its numbers by name, for the intermediate form."""
        return ()


class WeightConstraint(Constraint):
    """A constraint on the weights into a layer, biases excluded."""

    weights: Weights

    @property
    def population(self) -> Population:
        """The layer whose weights are constrained."""
        return self.weights.population

    @property
    def symbol(self) -> str:
        """The weights as mathematics."""
        return f"W[{self.population.name or 'layer'}]"


def check_weights(constraint: WeightConstraint) -> None:
    """Raise unless the constraint is on weights."""
    if not isinstance(constraint.weights, Weights):
        raise ModelError(
            type(constraint).__name__,
            f"{shown(constraint.weights)} is not a weight variable",
            "pass a layer's weights, h.weights",
        )
