"""The passes compiled by numba: one visit to every array entry, all steps of a neuron at once, neurons over threads.

Compiled for populations whose neurons share their parameters and have one state or two; others run by the reference. Imported
only where the backend is asked for; compiled once a machine, and kept in numba's cache.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any, ClassVar

import numba
import numpy as np
from numpy.typing import NDArray

from snnopt.backends import numba_passes as passes
from snnopt.backends.kernels import Backward, Forward, Kernels
from snnopt.backends.moves import Branches, Demand, Dithered, HeldDemand, Move, Separable
from snnopt.backends.numpy_kernels import NUMPY
from snnopt.program import StateSpace

Array = NDArray[Any]

PIECE = 2**20
"""Entries of [T, N, n] that a thread is worth waking for, where threads of matrix products may still wait on its core."""


def _threads_given() -> int:
    """What ``OMP_NUM_THREADS`` allows, by which Dask, joblib and batch systems share a machine's cores among processes."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, int(first)) if first.isdecimal() else numba.config.NUMBA_NUM_THREADS


THREADS = _threads_given()
"""The most threads of a pass in this process."""


class NumbaForward(Forward):
    """A population's states, and the arrays that it fills."""

    def __init__(self, numbers: tuple[Any, ...], potentials: Array, spikes: Array) -> None:
        self.numbers, self.v, self.s = numbers, _rows(potentials), _rows(spikes)
        self.x, self.y, self.fired = np.zeros((3, self.v.shape[1]), potentials.dtype)

    def step(self, t: int, current: Array) -> None:  # noqa: D102
        passes.spike(*self.numbers, current.reshape(-1), self.x, self.y, self.fired, self.v[t], self.s[t])


class NumbaBackward(Backward):
    """A population's costates under the dithered step, and the arrays that it fills."""

    def __init__(
        self, numbers: tuple[Any, ...], demand: Demand | None, move: Dithered, current: Array, potentials: Array
    ) -> None:
        dtype = potentials.dtype
        self.before = (*numbers, dtype.type(move.width), *_forms(demand, dtype))
        x, y, asked = np.zeros((3, potentials[0].size), dtype)
        self.after = (asked, x, y, _rows(move.potentials), _rows(potentials), _rows(current))
        self.nothing = np.empty(0, dtype)

    def step(self, t: int, asked: Array | None) -> None:  # noqa: D102
        beside = self.nothing if asked is None else asked.reshape(-1)
        passes.dithered_at(t, *self.before, beside, *self.after)


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
                passes.filtered(A, B, C, i, v, first, last)
            else:
                passes.spikes(A, B, R, C, threshold, i, v, s, first, last)

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
        self,
        space: StateSpace,
        demand: Demand | None,
        move: Move,
        steps: int,
        current: Array,
        potentials: Array | None = None,
        squares: Array | None = None,
    ) -> None:
        dtype = current.dtype
        numbers = _numbers(space, dtype)
        if numbers is None or not isinstance(move, Dithered | Branches):
            NUMPY.adjoint(space, demand, move, steps, current, potentials, squares)
            return
        A, B, R, C, threshold = numbers
        asked, v, j = _forms(demand, dtype), _rows(move.potentials), _rows(current)
        dv = np.empty((0, v.shape[1]), dtype) if potentials is None else _rows(potentials)
        total = np.empty(0, dtype) if squares is None else squares.reshape(-1)

        def run(first: int, last: int) -> None:
            if isinstance(move, Dithered):
                passes.dithered(A, B, R, C, threshold, dtype.type(move.width), *asked, v, dv, j, total, first, last)
            else:
                above, rho = np.nextafter(threshold, dtype.type(np.inf)), dtype.type(move.rho)
                sides = (threshold, above, rho, dtype.type(move.sigma))
                passes.branches(A, B, R, C, *sides, *asked, v, _rows(move.spikes), dv, j, total, first, last)

        _in_pieces(run, v.shape)

    def backward(  # noqa: D102
        self, space: StateSpace, demand: Demand | None, move: Move, current: Array, potentials: Array
    ) -> Backward:
        numbers = _numbers(space, potentials.dtype)
        if numbers is None or not isinstance(move, Dithered):
            return NUMPY.backward(space, demand, move, current, potentials)
        return NumbaBackward(numbers, demand, move, current, potentials)


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
    """Profile [T], value [m] and demand by steps [T, m] or windows [K, m], those that are not there empty."""
    profile, value, dense = np.empty(0, dtype), np.empty(0, dtype), np.empty((0, 0), dtype)
    if isinstance(demand, Separable) and demand.profile[0].size == 1:
        return (
            np.ascontiguousarray(demand.profile[:, 0, 0], dtype),
            demand.value.astype(dtype, copy=False).ravel(),
            dense,
        )
    if demand is None:
        return profile, value, dense
    if isinstance(demand, HeldDemand):
        return profile, value, _rows(demand.value).astype(dtype, copy=False)
    return profile, value, _rows(demand.dense() if isinstance(demand, Separable) else demand).astype(dtype, copy=False)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "snnopt")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has none of its parent's threads


def _in_pieces(run: Callable[[int, int], None], shape: tuple[int, ...]) -> None:
    """Run on whole rows, cut into one piece a thread where that pays; numba's own setting says how many there may be."""
    steps, entries = shape
    threads = min(THREADS, numba.get_num_threads(), max(1, steps * entries // PIECE))
    if threads <= 1:
        run(0, entries)
        return
    ends = [entries * k // threads for k in range(threads + 1)]
    waiting = [_pool(threads - 1).submit(run, a, b) for a, b in itertools.pairwise(ends[1:])]
    run(0, ends[1])
    for piece in waiting:
        piece.result()


KERNELS = NumbaKernels()
