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
    control: Controller = field(default_factory=Fixed, kw_only=True)

    coupling: ClassVar[str]
    """The kind of coupling that it is for."""
    formula: ClassVar[str]

    def __post_init__(self) -> None:
        where = type(self).__name__
        for f in fields(self):
            number = getattr(self, f.name)
            if f.name != "control" and not _positive(number):
                raise ModelError(where, f"{f.name} = {shown(number)}", "give a positive number")
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
class Linearised(PenaltyFunction):
    """:class:`Quadratic` dynamics, of which blocks of spikes see no more than a slope: nothing in them is inverted for it.

    With a_k the present spikes of a layer that the coupling reads, its own among them, and g the gradient of
    ``f = weight/2 ||e + u||^2`` in them, the block of these spikes has ::

        <g, a - a_k> + tau/2 ||a - a_k||^2,    tau = prox L,    L >= the largest curvature of f in a,

    in place of f: with prox >= 1 that lies above f and touches it at a_k, so the block's step cannot raise the augmented
    Lagrangian. For all other blocks, duals, residuals and controllers the coupling is f. Spikes that meet no other
    dynamics have ``a = (sigma (H - w) + sum (tau a_k - g)) / (sigma + sum tau)`` at every step by itself, clipped where
    they are held in [0, 1]; so a layer may be read by any number of layers at any number of lags, and by itself.

    L is ``weight c^2``, c the sum over lags of the largest singular values of what the residual falls by with spikes of
    that lag: in difference form of ``gain W`` (less the reset, on the diagonal, at the layer's own lag 1), in trace form
    ``||W||_2 sum |kappa|``, and ``sum |eta|`` for the layer's own reset.

    Parameters
    ----------
    weight, control : as for :class:`Quadratic`.
    prox : how far above L the proximal term stands, positive. Below 1 steps are longer, and may raise the Lagrangian.

    Raises
    ------
    ModelError
        ``weight`` or ``prox`` is not a positive number, or ``control`` is no controller of dynamics.

    Source: linearised ADMM (Ouyang, Chen, Lan and Pasiliao, SIAM J. Imaging Sciences 8, 2015); the majoriser is that of the
    proximal gradient method (Beck and Teboulle, SIAM J. Imaging Sciences 2, 2009, section 2).
    """

    prox: float = 1.0

    coupling: ClassVar[str] = "dynamics"
    formula: ClassVar[str] = "<g, a - a_k> + tau/2 ||a - a_k||^2, g the gradient of rho/2 ||e + u||^2"


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


def _positive(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and float(value) > 0


def _check(step: DitheredStep | FlippedStep, share: str) -> None:
    for f in fields(step):
        value = getattr(step, f.name)
        if not _positive(value) or (f.name == share and value > 1):
            fix = "give a share in (0, 1]" if f.name == share else "give a positive number"
            raise ModelError(type(step).__name__, f"{f.name} = {shown(value)}", fix)
