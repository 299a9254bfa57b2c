"""Time-step kernels of a linear state space, and symmetric solves, in numpy.

Arrays are [N, n] per step; the order of operations is fixed, so a LIF step is ``(beta v + i) - threshold s`` bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import StateSpace

Array = NDArray[Any]


class Coefficients:
    """A state space's arrays cast to one dtype; entries that are all zero are None, all one are 1."""

    def __init__(self, space: StateSpace, dtype: np.dtype[Any]) -> None:
        d = space.order
        self.order = d
        self.A = [[_coefficient(space.A[i, j], dtype) for j in range(d)] for i in range(d)]
        self.B, self.R, self.C = ([_coefficient(m[i], dtype) for i in range(d)] for m in (space.B, space.R, space.C))
        self.threshold = None if space.threshold is None else one_or_each(space.threshold, dtype)


def one_or_each(values: Array, dtype: np.dtype[Any]) -> Any:
    """One number where all values [n] are the same, else all of them."""
    return dtype.type(values[0]) if np.all(values == values[0]) else values.astype(dtype)


def _coefficient(values: Array, dtype: np.dtype[Any]) -> Any:
    return one_or_each(values, dtype) if np.any(values) else None


def _add(total: Array | None, coefficient: Any, value: Array, own: bool = False) -> Array | None:
    """Return ``total + coefficient * value``, in place on ``total``; None stands for zero."""
    if coefficient is None:
        return total
    one = np.ndim(coefficient) == 0 and abs(coefficient) == 1
    if total is None:
        return (value.copy() if not own else value) if one and coefficient == 1 else coefficient * value
    if one:
        (np.add if coefficient == 1 else np.subtract)(total, value, out=total)
    else:
        total += coefficient * value
    return total


class Membrane:
    """The state of one population, stepped through time: ``x <- A x + B i + R s``, returning ``v = C x``."""

    def __init__(self, space: StateSpace, dtype: np.dtype[Any]) -> None:
        self.c = Coefficients(space, dtype)
        self.x: list[Array | None] = [None] * self.c.order

    def step(self, current: Array, spikes: Array | None) -> Array:
        """Advance one step with the current i[t] [N, n] and the spikes s[t-1] (None for none)."""
        c, new = self.c, []
        for k in range(c.order):
            total: Array | None = None
            for j, x in enumerate(self.x):
                if x is not None:
                    total = _add(total, c.A[k][j], x)
            total = _add(total, c.B[k], current)
            if spikes is not None:
                total = _add(total, c.R[k], spikes)
            new.append(total)
        self.x = new
        v: Array | None = None
        for k, x in enumerate(new):
            if x is not None:
                v = _add(v, c.C[k], x)
        return np.zeros_like(current) if v is None else v


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


def leaky(x: Array, space: StateSpace, steps: int) -> Array:
    """``kappa * x``: filter [T, ...] through ``C (z - A)^{-1} B`` without spikes. The dynamics must be uniform."""
    filtered, membrane = np.empty(x.shape, x.dtype), Membrane(space, x.dtype)
    for t in range(steps):
        filtered[t] = membrane.step(x[t], None)
    return filtered


SMALL = 192
"""Order up to which one general solve beats factor and substitution."""
BLOCK = 128


def solve_spd(matrix: Array, right: Array) -> Array:
    """Solve ``matrix @ z = right`` for a symmetric positive definite matrix, in the matrix's dtype.

    Small systems by one general solve; larger ones by Cholesky and blocked substitution, in double precision where
    single precision finds the matrix indefinite. All of it in numpy's own BLAS: numpy and scipy wheels carry one thread
    pool each, and alternating between the two costs milliseconds a call on few cores.
    """
    if len(matrix) <= SMALL:
        return np.linalg.solve(matrix, right)
    try:
        lower = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        lower = np.linalg.cholesky(matrix.astype(np.float64))
    return _substitute(lower, right.astype(lower.dtype)).astype(matrix.dtype)


def _substitute(lower: Array, right: Array) -> Array:
    """Solve ``L L' z = right`` block by block."""
    z, starts = right.copy(), range(0, len(lower), BLOCK)
    for k in starts:
        own = slice(k, k + BLOCK)
        z[own] = np.linalg.solve(lower[own, own], z[own] - lower[own, :k] @ z[:k])
    for k in reversed(starts):
        own = slice(k, k + BLOCK)
        z[own] = np.linalg.solve(lower[own, own].T, z[own] - lower[k + BLOCK :, own].T @ z[k + BLOCK :])
    return z
