"""The passes compiled by numba: one visit to every array entry, all steps of a sample at once, samples over threads.

Compiled for populations whose neurons share their parameters and have one state or two; others run by the reference. The
order of operations is numpy's, and numba neither reorders nor fuses them, so every entry has the same bits. Imported only
where the backend is asked for; compiled once a machine, and kept in numba's cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any, ClassVar

import numba
import numpy as np
from numpy.typing import NDArray

from snnopt.backends.kernels import Backward, Branches, Demand, Dithered, Forward, Kernels, Move, Separable
from snnopt.backends.numpy_kernels import NUMPY
from snnopt.program import StateSpace

Array = NDArray[Any]

PIECE, BLOCK = 2**17, 4096
"""Entries of [T, N, n] that a thread is worth waking for; neurons of all samples whose states are in the cache together."""

compiled: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")
# Arrays are [T, m], neurons of all samples in one row; a piece goes from entry ``first`` of the row to entry ``last``.


@compiled
def _spike(A, B, R, C, threshold, i, x, y, fired, v, s):  # type: ignore[no-untyped-def]
    """One step of ``x <- A x + B i + R s``, ``v = C x``, ``s = H(v - theta)``."""
    one, zero = x.dtype.type(1), x.dtype.type(0)
    if len(B) == 1:
        for j in range(len(i)):
            x[j] = (A[0] * x[j] + B[0] * i[j]) + R[0] * fired[j]
            v[j] = C[0] * x[j]
            fired[j] = one if v[j] > threshold else zero
            s[j] = fired[j]
    else:
        for j in range(len(i)):
            x0 = ((A[0] * x[j] + A[1] * y[j]) + B[0] * i[j]) + R[0] * fired[j]
            y[j] = ((A[2] * x[j] + A[3] * y[j]) + B[1] * i[j]) + R[1] * fired[j]
            x[j] = x0
            v[j] = C[0] * x0 + C[1] * y[j]
            fired[j] = one if v[j] > threshold else zero
            s[j] = fired[j]


@compiled
def _spikes(A, B, R, C, threshold, current, potentials, spikes, first, last):  # type: ignore[no-untyped-def]
    """All steps of it."""
    zero, dtype = potentials.dtype.type(0), potentials.dtype
    x, y, fired = np.empty(BLOCK, dtype), np.empty(BLOCK, dtype), np.empty(BLOCK, dtype)
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        x[:], y[:], fired[:] = zero, zero, zero
        for t in range(len(potentials)):
            i = current[t if len(current) > 1 else 0, start:end]
            _spike(A, B, R, C, threshold, i, x, y, fired, potentials[t, start:end], spikes[t, start:end])


@compiled
def _filtered(A, B, C, current, potentials, first, last):  # type: ignore[no-untyped-def]
    """``x <- A x + B i``, ``v = C x``."""
    zero = potentials.dtype.type(0)
    x, y = np.empty(BLOCK, potentials.dtype), np.empty(BLOCK, potentials.dtype)
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        x[:], y[:] = zero, zero
        for t in range(len(potentials)):
            i, v = current[t if len(current) > 1 else 0, start:end], potentials[t, start:end]
            if len(B) == 1:
                for j in range(end - start):
                    x[j] = A[0] * x[j] + B[0] * i[j]
                    v[j] = C[0] * x[j]
            else:
                for j in range(end - start):
                    x0 = (A[0] * x[j] + A[1] * y[j]) + B[0] * i[j]
                    y[j] = (A[2] * x[j] + A[3] * y[j]) + B[1] * i[j]
                    x[j] = x0
                    v[j] = C[0] * x0 + C[1] * y[j]


@compiled
def _ask(t, start, end, profile, value, dense, out):  # type: ignore[no-untyped-def]
    """The demand from outside on the spikes at one step."""
    if len(dense):
        asked = dense[t, start:end]
        for j in range(end - start):
            out[j] = asked[j]
    elif len(profile):
        height, asked = profile[t], value[start:end]
        for j in range(end - start):
            out[j] = height * asked[j]
    else:
        out[:] = 0


@compiled
def _dither(A, B, R, C, threshold, fall, height, beside, asked, x, y, v, move, out):  # type: ignore[no-untyped-def]
    """One step back with ``dv = da max(0, height + fall |v - theta|)``; ``beside`` is added to the demand, if it is there."""
    zero = x.dtype.type(0)
    if len(beside):
        for j in range(len(v)):
            asked[j] = ((asked[j] + R[0] * x[j]) + R[len(B) - 1] * (y[j] if len(B) == 2 else zero)) + beside[j]
    elif len(B) == 1:
        for j in range(len(v)):
            asked[j] = asked[j] + R[0] * x[j]
    else:
        for j in range(len(v)):
            asked[j] = (asked[j] + R[0] * x[j]) + R[1] * y[j]
    if len(B) == 1:
        for j in range(len(v)):
            d = asked[j] * max(abs(v[j] - threshold) * fall + height, zero)
            x[j] = A[0] * x[j] + C[0] * d
            move[j] = d
            out[j] = B[0] * x[j]
    else:
        for j in range(len(v)):
            d = asked[j] * max(abs(v[j] - threshold) * fall + height, zero)
            x0 = (A[0] * x[j] + A[2] * y[j]) + C[0] * d
            y[j] = (A[1] * x[j] + A[3] * y[j]) + C[1] * d
            x[j] = x0
            move[j] = d
            out[j] = B[0] * x0 + B[1] * y[j]


@compiled
def _dithered(A, B, R, C, threshold, width, profile, value, dense, potentials, dv, current, first, last):  # type: ignore[no-untyped-def]
    """All steps of it, ``dv = da max(0, 1/w - |v - theta| / w^2)``."""
    number = dv.dtype.type
    fall, height, zero = number(-1) / (width * width), number(1) / width, number(0)
    x, y, asked, nothing = np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype), dv[0, :0]
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        x[:], y[:] = zero, zero
        for t in range(len(dv) - 1, -1, -1):
            _ask(t, start, end, profile, value, dense, asked)
            rows = potentials[t, start:end], dv[t, start:end], current[t, start:end]
            _dither(A, B, R, C, threshold, fall, height, nothing, asked, x, y, *rows)


@compiled
def _dithered_at(t, A, B, R, C, threshold, width, profile, value, dense, beside, asked, x, y, potentials, dv, current):  # type: ignore[no-untyped-def]
    """One step of it, of whole rows."""
    number = dv.dtype.type
    fall, height = number(-1) / (width * width), number(1) / width
    _ask(t, 0, len(x), profile, value, dense, asked)
    _dither(A, B, R, C, threshold, fall, height, beside, asked, x, y, potentials[t], dv[t], current[t])


@compiled
def _branches(  # type: ignore[no-untyped-def]
    A, B, R, C, threshold, above, rho, sigma, profile, value, dense, potentials, spikes, dv, current, first, last
):
    """The adjoint pass with the exact step: to the other side where ``(1 - 2s) da - rho/2 (v - theta)^2 > sigma/2``."""
    number = dv.dtype.type
    half, bar, one, two, zero = rho / number(2), sigma / number(2), number(1), number(2), number(0)
    x, y, asked = np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype)
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        x[:], y[:] = zero, zero
        for t in range(len(dv) - 1, -1, -1):
            _ask(t, start, end, profile, value, dense, asked)
            v, s, move, out = potentials[t, start:end], spikes[t, start:end], dv[t, start:end], current[t, start:end]
            for j in range(end - start):
                da = asked[j] + R[0] * x[j]
                if len(B) == 2:
                    da += R[1] * y[j]
                far = v[j] - threshold
                pays = (one - two * s[j]) * da - half * (far * far) > bar
                side = threshold if s[j] > zero else above
                move[j] = rho * (side - v[j]) if pays else zero
            if len(B) == 1:
                for j in range(end - start):
                    x[j] = A[0] * x[j] + C[0] * move[j]
                    out[j] = B[0] * x[j]
            else:
                for j in range(end - start):
                    x0 = (A[0] * x[j] + A[2] * y[j]) + C[0] * move[j]
                    y[j] = (A[1] * x[j] + A[3] * y[j]) + C[1] * move[j]
                    x[j] = x0
                    out[j] = B[0] * x0 + B[1] * y[j]


class NumbaForward(Forward):
    """A population's states, and the arrays that it fills."""

    def __init__(self, numbers: tuple[Any, ...], potentials: Array, spikes: Array) -> None:
        self.numbers, self.v, self.s = numbers, _rows(potentials), _rows(spikes)
        self.x, self.y, self.fired = np.zeros((3, self.v.shape[1]), potentials.dtype)

    def step(self, t: int, current: Array) -> None:  # noqa: D102
        _spike(*self.numbers, current.reshape(-1), self.x, self.y, self.fired, self.v[t], self.s[t])


class NumbaBackward(Backward):
    """A population's costates under the dithered step, and the arrays that it fills."""

    def __init__(
        self, numbers: tuple[Any, ...], demand: Demand | None, move: Dithered, potentials: Array, current: Array
    ) -> None:
        dtype = potentials.dtype
        self.before = (*numbers, dtype.type(move.width), *_forms(demand, dtype))
        x, y, asked = np.zeros((3, potentials[0].size), dtype)
        self.after = (asked, x, y, _rows(move.potentials), _rows(potentials), _rows(current))
        self.nothing = np.empty(0, dtype)

    def step(self, t: int, asked: Array | None) -> None:  # noqa: D102
        beside = self.nothing if asked is None else asked.reshape(-1)
        _dithered_at(t, *self.before, beside, *self.after)


class NumbaKernels(Kernels):
    """Compiled loops over samples, steps and neurons."""

    name: ClassVar[str] = "numba"

    def rollout(self, space: StateSpace, current: Array, potentials: Array, spikes: Array | None) -> None:  # noqa: D102
        dtype = potentials.dtype
        numbers = _numbers(space, dtype)
        if numbers is None:
            NUMPY.rollout(space, current, potentials, spikes)
            return
        A, B, R, C, threshold = numbers
        i, v, s = _rows(current), _rows(potentials), None if spikes is None else _rows(spikes)

        def run(first: int, last: int) -> None:
            if s is None:
                _filtered(A, B, C, i, v, first, last)
            else:
                _spikes(A, B, R, C, threshold, i, v, s, first, last)

        _in_pieces(run, v.shape)

    def forward(self, space: StateSpace, potentials: Array, spikes: Array | None) -> Forward:  # noqa: D102
        numbers = _numbers(space, potentials.dtype)
        if numbers is None or spikes is None:
            return NUMPY.forward(space, potentials, spikes)
        return NumbaForward(numbers, potentials, spikes)

    def filtered(self, space: StateSpace, x: Array) -> Array:  # noqa: D102
        out = np.empty(x.shape, x.dtype)
        self.rollout(space, x, out, None)
        return out

    def adjoint(  # noqa: D102
        self, space: StateSpace, demand: Demand | None, move: Move, potentials: Array, current: Array
    ) -> None:
        dtype = potentials.dtype
        numbers = _numbers(space, dtype)
        if numbers is None or not isinstance(move, Dithered | Branches):
            NUMPY.adjoint(space, demand, move, potentials, current)
            return
        A, B, R, C, threshold = numbers
        asked, v, dv, j = _forms(demand, dtype), _rows(move.potentials), _rows(potentials), _rows(current)

        def run(first: int, last: int) -> None:
            if isinstance(move, Dithered):
                _dithered(A, B, R, C, threshold, dtype.type(move.width), *asked, v, dv, j, first, last)
            else:
                above, rho = np.nextafter(threshold, dtype.type(np.inf)), dtype.type(move.rho)
                sides = (threshold, above, rho, dtype.type(move.sigma))
                _branches(A, B, R, C, *sides, *asked, v, _rows(move.spikes), dv, j, first, last)

        _in_pieces(run, v.shape)

    def backward(  # noqa: D102
        self, space: StateSpace, demand: Demand | None, move: Move, potentials: Array, current: Array
    ) -> Backward:
        numbers = _numbers(space, potentials.dtype)
        if numbers is None or not isinstance(move, Dithered):
            return NUMPY.backward(space, demand, move, potentials, current)
        return NumbaBackward(numbers, demand, move, potentials, current)


def _rows(x: Array) -> Array:
    """An array [T, ...] as [T, m]; one that is not contiguous is copied."""
    return np.ascontiguousarray(x).reshape(len(x), -1)


@lru_cache(512)
def _numbers(space: StateSpace, dtype: np.dtype[Any]) -> tuple[Any, ...] | None:
    """A, B, R, C as tuples of numbers and the threshold (0 for none); None where neurons differ or have three states."""
    threshold = np.zeros(1) if space.threshold is None else space.threshold
    each = (space.A, space.B, space.R, space.C, threshold)
    if space.order > 2 or any(np.any(a != a[..., :1]) for a in each):
        return None
    tuples = (tuple(dtype.type(x) for x in a[..., 0].ravel()) for a in each[:-1])
    return (*tuples, dtype.type(threshold[0]))


def _forms(demand: Demand | None, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """Profile [T], value [m] and dense demand [T, m], those that are not there empty."""
    profile, value, dense = np.empty(0, dtype), np.empty(0, dtype), np.empty((0, 0), dtype)
    if isinstance(demand, Separable) and demand.profile[0].size == 1:
        return (
            np.ascontiguousarray(demand.profile[:, 0, 0], dtype),
            demand.value.astype(dtype, copy=False).ravel(),
            dense,
        )
    if demand is None:
        return profile, value, dense
    return profile, value, _rows(demand.dense() if isinstance(demand, Separable) else demand).astype(dtype, copy=False)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "snnopt")


def _in_pieces(run: Callable[[int, int], None], shape: tuple[int, ...]) -> None:
    """Run on whole rows, cut into one piece a thread where that pays; numba's own setting says how many there are."""
    steps, entries = shape
    threads = min(numba.get_num_threads(), max(1, steps * entries // PIECE))
    if threads <= 1:
        run(0, entries)
        return
    ends = [entries * k // threads for k in range(threads + 1)]
    waiting = [_pool(threads - 1).submit(run, a, b) for a, b in itertools.pairwise(ends[1:])]
    run(0, ends[1])
    for piece in waiting:
        piece.result()


KERNELS = NumbaKernels()
