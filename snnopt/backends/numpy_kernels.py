"""The reference: passes over [T, N, n] arrays step by step, in numpy.

Arrays are [N, n] per step; the order of operations is fixed, so a LIF step is ``(beta v + i) - threshold s`` bit for bit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.backends.kernels import Backward, Forward, Kernels
from snnopt.backends.moves import Demand, HeldDemand, Move, Separable
from snnopt.backends.windows import window_length
from snnopt.program import StateSpace

Array = NDArray[Any]


class Coefficients:
    """A state space's arrays cast to one dtype; entries that are all zero are None, and equal ones are one number.

    ``is_potential`` tells that its one state is the potential.
    """

    def __init__(self, space: StateSpace, dtype: np.dtype[Any]) -> None:
        d = space.order
        self.order = d
        self.A = [[_coefficient(space.A[i, j], dtype) for j in range(d)] for i in range(d)]
        self.B, self.R, self.C = ([_coefficient(m[i], dtype) for i in range(d)] for m in (space.B, space.R, space.C))
        self.is_potential = d == 1 and np.ndim(self.C[0]) == 0 and self.C[0] == 1
        self.threshold = None if space.threshold is None else one_or_each(space.threshold, dtype)


def one_or_each(values: Array, dtype: np.dtype[Any]) -> Any:
    """One number where all values [n] are the same, else all of them."""
    return dtype.type(values[0]) if np.all(values == values[0]) else values.astype(dtype)


def _coefficient(values: Array, dtype: np.dtype[Any]) -> Any:
    return one_or_each(values, dtype) if np.any(values) else None


def _add(total: Array | None, coefficient: Any, value: Array, room: Array | None = None) -> Array | None:
    """Return ``total + coefficient * value``, in place on ``total``; None stands for zero.

    ``room`` [N, n] is what may be written on: by the result where there is no total yet, by the product where there is one.
    """
    if coefficient is None:
        return total
    one = np.ndim(coefficient) == 0 and abs(coefficient) == 1
    if total is None:
        return np.multiply(coefficient, value, out=room)
    if one:
        return (np.add if coefficient == 1 else np.subtract)(total, value, out=total)
    total += np.multiply(coefficient, value, out=room)
    return total


@lru_cache(512)
def coefficients(space: StateSpace, dtype: np.dtype[Any]) -> Coefficients:
    """The coefficients of a state space, found once."""
    return Coefficients(space, dtype)


class Membrane:
    """The state of one population, stepped through time: ``x <- A x + B i + R s``, returning ``v = C x``."""

    def __init__(self, space: StateSpace, dtype: np.dtype[Any]) -> None:
        self.c = coefficients(space, dtype)
        self.x: list[Array | None] = [None] * self.c.order
        self.product: Array | None = None

    def step(self, current: Array, spikes: Array | None, v: Array) -> None:
        """Advance one step with the current i[t] [N, n] and the spikes s[t-1] (None for none), and write v[t]."""
        c, new = self.c, []
        if self.product is None:
            self.product = np.empty_like(v)
        for k in range(c.order):
            total: Array | None = None
            terms = [*zip(c.A[k], self.x, strict=True), (c.B[k], current), (c.R[k], spikes)]
            if c.is_potential:  # current first, as it may stand where v is written; sums of two do not care
                terms[:2] = terms[1::-1]
            for coefficient, value in terms:
                if value is not None:
                    room = self.product if total is not None else v if c.is_potential else None
                    total = _add(total, coefficient, value, room)
            new.append(total)
        self.x = new
        if c.is_potential and new[0] is not None:
            return
        seen: Array | None = None
        for coefficient, x in zip(c.C, new, strict=True):
            if x is not None:
                seen = _add(seen, coefficient, x, v if seen is None else self.product)
        if seen is None:
            v[:] = 0


def adjoint_step(c: Coefficients, costate: list[Array | None], move: Array) -> tuple[list[Array | None], Array]:
    """One step back: ``lambda[t] = C' dv[t] + A' lambda[t+1]``; also returns ``j[t] = B' lambda[t]``."""
    new: list[Array | None] = []
    for k in range(c.order):
        total: Array | None = None
        for i, later in enumerate(costate):
            if later is not None:
                total = _add(total, c.A[i][k], later)
        new.append(_add(total, c.C[k], move))
    j: Array | None = None
    for k, value in enumerate(new):
        if value is not None:
            j = _add(j, c.B[k], value)
    return new, (np.zeros_like(move) if j is None else j)


def demand_at(demand: Demand | None, t: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The demand at one step as an array of its own, [N, n]."""
    if demand is None:
        return np.zeros(shape[1:], dtype)
    if isinstance(demand, Separable):
        return np.asarray(demand.profile[t] * demand.value)
    if isinstance(demand, HeldDemand):
        return demand.value[t // demand.length].copy()
    return demand[t].copy()


class NumpyForward(Forward):
    """A membrane, and the arrays that it fills."""

    def __init__(self, space: StateSpace, potentials: Array, spikes: Array | None) -> None:
        self.membrane, self.potentials, self.spikes = Membrane(space, potentials.dtype), potentials, spikes

    def step(self, t: int, current: Array) -> None:  # noqa: D102
        v, s = self.potentials, self.spikes
        self.membrane.step(current, None if s is None or not t else s[t - 1], v[t])
        if s is not None:
            s[t] = v[t] > self.membrane.c.threshold


class NumpyBackward(Backward):
    """A costate, and the arrays that it fills: dv unless it is None, j, and the sums of dv's squares if they are there."""

    def __init__(
        self,
        space: StateSpace,
        demand: Demand | None,
        move: Move,
        steps: int,
        current: Array,
        potentials: Array | None,
        squares: Array | None = None,
    ) -> None:
        self.c, self.demand, self.move = coefficients(space, current.dtype), demand, move
        self.potentials, self.current, self.squares = potentials, current, squares
        self.length = window_length(steps, len(current))
        if self.length > 1:
            current[:] = 0
        if squares is not None:
            squares[:] = 0
        self.costate: list[Array | None] = [None] * self.c.order

    def step(self, t: int, asked: Array | None) -> None:  # noqa: D102
        total = demand_at(self.demand, t, self.current.shape, self.current.dtype)
        for reset, later in zip(self.c.R, self.costate, strict=True):
            if reset is not None and later is not None:
                total += reset * later
        if asked is not None:
            total += asked
        dv = self.move(t, total)
        if self.potentials is not None:
            self.potentials[t] = dv
        if self.squares is not None:
            self.squares += dv * dv
        self.costate, j = adjoint_step(self.c, self.costate, dv)
        if self.length > 1:
            self.current[t // self.length] += j
        else:
            self.current[t] = j


class NumpyKernels(Kernels):
    """Loops over the steps of time in Python, each step in numpy."""

    name: ClassVar[str] = "numpy"

    def rollout(self, space: StateSpace, current: Array, potentials: Array, spikes: Array | None) -> None:  # noqa: D102
        run = self.forward(space, potentials, spikes)
        for t in range(len(potentials)):
            run.step(t, current[t if len(current) > 1 else 0])

    def forward(self, space: StateSpace, potentials: Array, spikes: Array | None) -> Forward:  # noqa: D102
        return NumpyForward(space, potentials, spikes)

    def filtered(self, space: StateSpace, x: Array) -> Array:  # noqa: D102
        out, membrane = np.empty(x.shape, x.dtype), Membrane(space, x.dtype)
        for v, current in zip(out, x, strict=True):
            membrane.step(current, None, v)
        return out

    def adjoint(  # noqa: D102
        self,
        space: StateSpace,
        demand: Demand | None,
        move: Move,
        steps: int,
        current: Array,
        potentials: Array | None = None,
        squares: Array | None = None,
    ) -> None:
        run = NumpyBackward(space, demand, move, steps, current, potentials, squares)
        for t in range(steps - 1, -1, -1):
            run.step(t, None)

    def backward(  # noqa: D102
        self, space: StateSpace, demand: Demand | None, move: Move, current: Array, potentials: Array
    ) -> Backward:
        return NumpyBackward(space, demand, move, len(potentials), current, potentials)


NUMPY = NumpyKernels()
