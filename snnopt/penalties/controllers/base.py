"""What every controller of a penalty is: a rule from what an iteration shows of a coupling to the next penalty."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import ClassVar

from snnopt.errors import ModelError, shown


@dataclass(frozen=True)
class Secant:
    """How the multiplier moved with one side of a coupling, between two iterations: inner products of the differences.

    Attributes
    ----------
    moved : ``||dH||^2``, of the side's image dH in the coupling.
    both : ``<dH, dlambda>``, at least 0 where the side's own objective is convex.
    priced : ``||dlambda||^2``, of the multiplier, unscaled, with the sign in which it is a (sub)gradient of the side's own
        objective: ``lambda = -penalty (u + r)`` with r as it was when the side had just been solved for.
    """

    moved: float
    both: float
    priced: float


@dataclass(frozen=True)
class Seen:
    """What an iteration shows of one coupling ``r = 0`` of weight ``penalty/2 ||r + u||^2``; norms are root mean squares.

    Attributes
    ----------
    iteration : from 1.
    penalty : the present one.
    primal : norm of r.
    dual : norm of s, penalty times what the side that is updated last changed r by.
    primal_scale : the largest norm of the terms that r is the difference of.
    dual_scale : penalty times the norm of u; of a coupling without a dual, penalty times ``primal_scale``, so that the
        relative dual residual is a relative change.
    flips : share of spikes of the layer that changed since the iteration before; NaN where there are none.
    first, last : secants of the side that is updated first and of the one that is updated last, since the last time that
        the controller was asked; None where it has no two iterations yet, or the coupling no dual.
    """

    iteration: int
    penalty: float
    primal: float
    dual: float
    primal_scale: float = 1.0
    dual_scale: float = 1.0
    flips: float = math.nan
    first: Secant | None = None
    last: Secant | None = None

    @property
    def relative(self) -> tuple[float, float]:
        """Primal and dual residual, each as a share of its scale."""
        return _share(self.primal, self.primal_scale), _share(self.dual, self.dual_scale)


@dataclass(frozen=True, kw_only=True)
class Controller(ABC):
    """Chooses a coupling's penalty after each iteration, from numbers alone; the engine rescales duals, ``u old / new``.

    Parameters
    ----------
    every : iterations between two changes.
    until : the iteration after which the penalty rests; None for never. ADMM's convergence theory wants it to rest.
    least, most : what the penalty stays between.
    """

    every: int = 1
    until: int | None = None
    least: float = 1e-8
    most: float = 1e8

    name: ClassVar[str]
    steps_only: ClassVar[bool] = False
    """Whether it reads spikes, and so suits step couplings only."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value, where = getattr(self, f.name), type(self).__name__
            if f.name == "until" and value is None:
                continue
            number = (
                isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and float(value) > 0
            )
            if not number:
                raise ModelError(where, f"{f.name} = {shown(value)}", "give a positive number")
            if f.name in ("every", "until") and not isinstance(value, Integral):
                raise ModelError(where, f"{f.name} = {shown(value)}", "give a whole number of iterations")
        if self.least > self.most:
            raise ModelError(where, f"least = {self.least:g} is above most = {self.most:g}", "swap them")
        self.check()

    def check(self) -> None:  # noqa: B027 - most have nothing to add
        """Raise ModelError for settings that are each possible, and not together."""

    def after(self, seen: Seen) -> float:
        """Return the penalty of the next iteration: finite and positive, the present one unless it is time for a change."""
        if seen.iteration % self.every or (self.until is not None and seen.iteration > self.until):
            return seen.penalty
        wanted = self.wanted(seen)
        if not math.isfinite(wanted) or wanted <= 0:
            return seen.penalty
        low, high = min(self.least, seen.penalty), max(self.most, seen.penalty)
        return min(max(wanted, low), high)

    @abstractmethod
    def wanted(self, seen: Seen) -> float:
        """The rule itself; what is not finite and positive changes nothing."""


def _share(residual: float, scale: float) -> float:
    """``residual / scale``; of a zero residual 0, whatever the scale."""
    if residual == 0:
        return 0.0
    return residual / scale if scale > 0 else math.inf
