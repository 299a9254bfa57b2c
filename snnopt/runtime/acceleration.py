"""Acceleration of an iteration x <- T(x) on a kept state: over-relaxation, and Anderson's with a safeguard."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError, shown
from snnopt.runtime.snapshots import Tree

Array = NDArray[Any]


class Accelerator(ABC):
    """One run's acceleration: where the next sweep starts, from where the last one did and where it ended."""

    @abstractmethod
    def after(self, old: Array, new: Array) -> Array:
        """Return the start of the next sweep, after one from ``old`` to ``new``, flat."""

    @abstractmethod
    def forget(self) -> None:
        """The map has changed (a penalty has): what is known of it is of another one."""

    @abstractmethod
    def snapshot(self) -> Tree:
        """What the next call depends on."""

    @abstractmethod
    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""


class Acceleration(ABC):
    """A choice of acceleration, for ``plan.solve(accelerate=...)``; off by default, as outside convex programmes none is safe."""

    @abstractmethod
    def accelerator(self) -> Accelerator:
        """Return a fresh one."""


@final
@dataclass(frozen=True)
class OverRelaxation(Acceleration):
    """``x <- x + factor (T(x) - x)`` of potentials, spikes, scaled duals and weights after each sweep T.

    Parameters
    ----------
    factor : in (0, 2); 1 changes nothing, 1.5 to 1.8 is usual. Source: Boyd et al. 2011, section 3.4.3, and Eckstein and
        Bertsekas 1992, where T is firmly nonexpansive; here it is the whole sweep that is relaxed, whatever its order.
    """

    factor: float = 1.6

    def __post_init__(self) -> None:
        number = isinstance(self.factor, Real) and not isinstance(self.factor, bool)
        if not number or not 0 < float(self.factor) < 2:
            raise ModelError(
                "OverRelaxation", f"factor = {shown(self.factor)}", "give a number between 0 and 2, e.g. 1.6"
            )

    def accelerator(self) -> Accelerator:  # noqa: D102
        return _Relaxed(self.factor)


@final
@dataclass(frozen=True)
class Anderson(Acceleration):
    """Anderson's acceleration, type II: with f = T(x) - x and the last differences dF of f and dG of T(x),

        gamma = argmin ||f - dF gamma||^2 + regularisation ||dF||_F^2 ||gamma||^2,   x <- T(x) - dG gamma.

    Safeguard: where the next sweep moves by more than ``allowed`` times what the last plain one did, the step is taken back to
    T(x), and the differences are forgotten. Source: Walker and Ni 2011; regularised and safeguarded as in Fu, Zhang, Boyd 2020
    (arXiv 1908.11482), with a simpler test.

    Parameters
    ----------
    memory : differences kept, each as large as all variables together, twice.
    regularisation : relative weight on gamma.
    allowed : growth of the move that is still accepted.
    """

    memory: int = 5
    regularisation: float = 1e-8
    allowed: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.memory, Integral) or isinstance(self.memory, bool) or self.memory < 1:
            raise ModelError("Anderson", f"memory = {shown(self.memory)}", "give a whole number of at least 1")
        for name in ("regularisation", "allowed"):
            value = getattr(self, name)
            number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
            if not number or value <= 0:
                raise ModelError("Anderson", f"{name} = {shown(value)}", "give a positive number")

    def accelerator(self) -> Accelerator:  # noqa: D102
        return _Anderson(self)


@final
class _Relaxed(Accelerator):
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def after(self, old: Array, new: Array) -> Array:
        return old + new.dtype.type(self.factor) * (new - old)

    def forget(self) -> None:
        return

    def snapshot(self) -> Tree:
        return None

    def restore(self, tree: Tree) -> None:
        assert tree is None


@final
class _Anderson(Accelerator):
    def __init__(self, settings: Anderson) -> None:
        self.settings = settings
        self.moves: list[Array] = []
        """f of the last sweeps, oldest first."""
        self.ends: list[Array] = []
        """T(x) of the last sweeps, oldest first."""
        self.plain: Array | None = None
        """T(x) of the last sweep, where the present one started elsewhere."""

    def after(self, old: Array, new: Array) -> Array:
        move = new - old
        if self.plain is not None and not _size(move) <= self.settings.allowed * _size(self.moves[-1]):
            back = self.plain
            self.forget()
            return back
        self.moves, self.ends = [*self.moves, move], [*self.ends, new]
        self.moves, self.ends = self.moves[-self.settings.memory - 1 :], self.ends[-self.settings.memory - 1 :]
        if len(self.moves) < 2:
            self.plain = None
            return new
        dF = np.stack([b - a for a, b in zip(self.moves, self.moves[1:], strict=False)])
        normal = (dF @ dF.T).astype(np.float64)
        normal += self.settings.regularisation * np.trace(normal) * np.eye(len(dF))
        if not np.trace(normal) > 0:
            self.plain = None
            return new
        gamma = np.linalg.solve(normal, (dF @ move).astype(np.float64)).astype(new.dtype)
        self.plain = new
        ends = zip(gamma, self.ends, self.ends[1:], strict=False)
        return new - sum(g * (b - a) for g, a, b in ends)

    def forget(self) -> None:
        self.moves, self.ends, self.plain = [], [], None

    def snapshot(self) -> Tree:
        return [self.moves, self.ends, self.plain]

    def restore(self, tree: Tree) -> None:
        self.moves, self.ends, self.plain = tree


def _size(x: Array) -> float:
    return math.sqrt(float(np.vdot(x, x)))
