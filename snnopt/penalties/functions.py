"""Penalty functions of couplings, with what controls their weight."""

from __future__ import annotations

import math
from abc import ABC
from dataclasses import dataclass, field, fields
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


@dataclass(frozen=True)
class DitheredStep:
    """``-<demand, E H(v - theta - xi)>`` with a random offset xi, for algorithms that start every sweep from a rollout.

    Parameters
    ----------
    quantile : of ``|v - theta|``, in (0, 1]: the half-width of xi's triangular density.
    volts : what rho keeps the moves of potentials at, root mean square, in thresholds.
    """

    quantile: float
    volts: float

    def __post_init__(self) -> None:
        _check(self, share="quantile")


@dataclass(frozen=True)
class FlippedStep:
    """The exact step by its two branches, for algorithms that start every sweep from a rollout.

    Parameters
    ----------
    share : of the spikes that flip in a sweep, in (0, 1], which sets sigma.
    distance : rho over the mean absolute demand, how dear a move is against a flip.
    """

    share: float
    distance: float

    def __post_init__(self) -> None:
        _check(self, share="share")


def _check(step: DitheredStep | FlippedStep, share: str) -> None:
    for f in fields(step):
        value = getattr(step, f.name)
        number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and float(value) > 0
        if not number or (f.name == share and value > 1):
            fix = "give a share in (0, 1]" if f.name == share else "give a positive number"
            raise ModelError(type(step).__name__, f"{f.name} = {shown(value)}", fix)
