"""Objectives: scaled sums of losses and penalties."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from snnopt.errors import ModelError, shown
from snnopt.model.naming import ALONE, Names
from snnopt.model.signal import Population


@dataclass(frozen=True, eq=False, repr=False)
class Objective:
    """A sum of scaled terms; built with ``+`` and ``*``."""

    __array_ufunc__ = None  # so that numpy leaves `array * objective` to us, and it is refused

    scaled: tuple[tuple[float, ObjectiveTerm], ...]

    def __add__(self, other: object) -> Objective:
        """Add another objective or term."""
        if isinstance(other, ObjectiveTerm):
            other = as_objective(other)
        if isinstance(other, (int, float)) and other == 0:
            return self
        if not isinstance(other, Objective):
            raise ModelError(
                f"objective {self} + {shown(other)}",
                f"a {type(other).__name__} is not a term",
                "add losses and penalties, e.g. so.CrossEntropy(y) + 1e-3 * so.L2(h.weights)",
            )
        return Objective(self.scaled + other.scaled)

    __radd__ = __add__

    def __mul__(self, factor: object) -> Objective:
        """Scale every term by a number >= 0."""
        if isinstance(factor, bool) or not isinstance(factor, Real) or not 0 <= float(factor) < math.inf:
            raise ModelError(
                f"objective {self} * {shown(factor)}",
                "the objective is minimised, so a term's scale must be a finite number >= 0",
                "scale terms as in 1e-3 * so.L2(h.weights)",
            )
        return Objective(tuple((float(factor) * c, t) for c, t in self.scaled))

    __rmul__ = __mul__

    def __truediv__(self, divisor: object) -> Objective:
        """Divide every term by a number > 0."""
        if isinstance(divisor, bool) or not isinstance(divisor, Real) or not 0 < float(divisor) < math.inf:
            raise ModelError(
                f"objective {self} / {shown(divisor)}",
                "the objective is minimised, so it can be divided by finite numbers > 0 only",
                "scale terms as in so.CrossEntropy(y) / 2 or 1e-3 * so.L2(h.weights)",
            )
        return Objective(tuple((c / float(divisor), t) for c, t in self.scaled))

    def __neg__(self) -> Objective:
        """Refused: the objective is minimised."""
        return self * -1

    def __sub__(self, other: object) -> Objective:
        """Refused: the objective is minimised."""
        return self + -as_objective(other)

    def __repr__(self) -> str:
        return self.formula()

    def formula(self, names: Names = ALONE) -> str:
        """The sum as mathematics, in plain text, layers called as in ``names``."""
        return " + ".join((f"{c:g} * " if c != 1 else "") + t.formula(names) for c, t in self.scaled)


class ObjectiveTerm(ABC):
    """One loss or penalty; behaves as an objective of one term."""

    __array_ufunc__ = None
    kind: ClassVar[str]

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

    def __truediv__(self, divisor: object) -> Objective:
        """Divide the term."""
        return as_objective(self) / divisor

    def __neg__(self) -> Objective:
        """Refused: the objective is minimised."""
        return -as_objective(self)

    def __sub__(self, other: object) -> Objective:
        """Refused: the objective is minimised."""
        return as_objective(self) - other

    @property
    @abstractmethod
    def population(self) -> Population:
        """The population that the term is about."""

    @abstractmethod
    def formula(self, names: Names = ALONE) -> str:
        """The term as mathematics, in plain text, layers called as in ``names``."""


def as_objective(value: object) -> Objective:
    """Return ``value`` as an :class:`Objective`."""
    if isinstance(value, Objective):
        return value
    if isinstance(value, ObjectiveTerm):
        return Objective(((1.0, value),))
    raise ModelError(
        "objective",
        f"{shown(value)} is not a loss or a penalty",
        "build it from terms, e.g. so.CrossEntropy(y) + 1e-3 * so.L2(h.weights)",
    )
