"""What all constraints share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from snnopt.model.naming import ALONE, Names
from snnopt.model.signal import Population
from snnopt.model.weights import Weights


class Constraint(ABC):
    """A constraint, exact in the returned weights. Leaves are frozen dataclasses."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def population(self) -> Population:
        """The population that the constraint is about."""

    @abstractmethod
    def formula(self, names: Names = ALONE) -> str:
        """The constraint as mathematics, in plain text, layers called as in ``names``."""

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
        """The weights as mathematics, outside any network."""
        return ALONE.weights_text(self.population)
