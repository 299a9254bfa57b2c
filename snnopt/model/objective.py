"""Objectives: scaled sums of losses and penalties."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from snnopt.errors import ModelError
from snnopt.model.signal import Population


@dataclass(frozen=True, eq=False)
class Objective:
    """A sum of scaled terms; built with ``+`` and ``*``."""

    scaled: tuple[tuple[float, ObjectiveTerm], ...]

    def __add__(self, other: object) -> Objective:
        """Add another objective or term."""
        if isinstance(other, ObjectiveTerm):
            other = as_objective(other)
        if isinstance(other, (int, float)) and other == 0:
            return self
        if not isinstance(other, Objective):
            raise ModelError(
                f"objective {self} + {other!r}",
                f"a {type(other).__name__} is not a term",
                "add losses and penalties, e.g. so.CrossEntropy(y) + 1e-3 * so.L2(h.weights)",
            )
        return Objective(self.scaled + other.scaled)

    __radd__ = __add__

    def __mul__(self, factor: object) -> Objective:
        """Scale every term by a number >= 0."""
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 <= factor < math.inf:
            raise ModelError(
                f"objective {self} * {factor!r}",
                "the objective is minimised, so a term's scale must be a finite number >= 0",
                "scale terms as in 1e-3 * so.L2(h.weights)",
            )
        return Objective(tuple((float(factor) * c, t) for c, t in self.scaled))

    __rmul__ = __mul__

    def __str__(self) -> str:
        return " + ".join((f"{c:g} " if c != 1 else "") + t.formula() for c, t in self.scaled)


class ObjectiveTerm(ABC):
    """One loss or penalty; behaves as an objective of one term."""

    def __add__(self, other: object) -> Objective:
        """Add another objective or term."""
        return as_objective(self) + (as_objective(other) if isinstance(other, ObjectiveTerm) else other)

    def __radd__(self, other: object) -> Objective:
        """Add to an objective."""
        return as_objective(self) + other

    def __mul__(self, factor: object) -> Objective:
        """Scale the term."""
        return as_objective(self) * factor

    __rmul__ = __mul__

    @property
    @abstractmethod
    def population(self) -> Population:
        """The population that the term is about."""

    @abstractmethod
    def formula(self) -> str:
        """The term as mathematics, in plain text."""


def as_objective(value: object) -> Objective:
    """Return ``value`` as an :class:`Objective`."""
    if isinstance(value, Objective):
        return value
    if isinstance(value, ObjectiveTerm):
        return Objective(((1.0, value),))
    raise ModelError(
        "objective",
        f"{value!r} is not a loss or a penalty",
        "build it from terms, e.g. so.CrossEntropy(y) + 1e-3 * so.L2(h.weights)",
    )
