"""Penalty functions of couplings, with what controls their weight."""

from __future__ import annotations

import math
from abc import ABC
from dataclasses import dataclass, field
from numbers import Real
from typing import ClassVar

from snnopt.errors import ModelError, shown
from snnopt.penalties.controllers import Controller, Fixed


@dataclass(frozen=True)
class PenaltyFunction(ABC):
    """A penalty of one coupling, or of all of a kind.

    Parameters
    ----------
    weight : the penalty at the start, rho or sigma; positive.
    control : what chooses it after each iteration.
    """

    weight: float
    control: Controller = field(default_factory=Fixed)

    coupling: ClassVar[str]
    """The kind of coupling that it is for."""
    formula: ClassVar[str]

    def __post_init__(self) -> None:
        where, number = type(self).__name__, self.weight
        if isinstance(number, bool) or not isinstance(number, Real) or not math.isfinite(number) or not number > 0:
            raise ModelError(where, f"weight = {shown(number)}", "give a positive number")
        if isinstance(self.control, type) and issubclass(self.control, Controller):
            raise ModelError(where, f"control = {self.control.__name__}", f"make one: {self.control.__name__}()")
        if not isinstance(self.control, Controller):
            raise ModelError(
                where, f"control = {shown(self.control)}", "give a controller, e.g. so.ResidualBalancing()"
            )
        if self.control.steps_only and self.coupling != "step":
            raise ModelError(where, f"{self.control.name} counts spikes", "use it on the step, so.ExactStep(...)")


@dataclass(frozen=True)
class Quadratic(PenaltyFunction):
    """``weight/2 ||e + u||^2`` of a layer's dynamics, e what they are off by and u the scaled dual (0 without one)."""

    coupling: ClassVar[str] = "dynamics"
    formula: ClassVar[str] = "rho/2 ||e + u||^2"


@dataclass(frozen=True)
class ExactStep(PenaltyFunction):
    """``weight/2 ||a - H(v - theta) + w||^2`` of a layer's spikes, with the step itself: potentials by branches."""

    coupling: ClassVar[str] = "step"
    formula: ClassVar[str] = "sigma/2 ||a - H(v - theta) + w||^2"
