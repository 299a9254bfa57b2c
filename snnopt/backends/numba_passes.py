"""The compiled loops of the numba backend, over rows of neurons of all samples.

Arrays are [T, m]; a piece goes from entry ``first`` of a row to entry ``last``. State spaces are tuples of numbers, of one state
or two: A by rows, B, R, C. The order of operations is numpy's, and numba neither reorders nor fuses them, so every entry has the
same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

BLOCK = 4096
"""Entries of a row whose states are in the cache together."""

compiled: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")


@compiled
def spike(A, B, R, C, threshold, i, x, y, fired, v, s):  # type: ignore[no-untyped-def]
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
def spikes(A, B, R, C, threshold, current, potentials, spikes, first, last):  # type: ignore[no-untyped-def]
    """All steps of it."""
    zero, dtype = potentials.dtype.type(0), potentials.dtype
    x, y, fired = np.empty(BLOCK, dtype), np.empty(BLOCK, dtype), np.empty(BLOCK, dtype)
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        x[:], y[:], fired[:] = zero, zero, zero
        for t in range(len(potentials)):
            i = current[t if len(current) > 1 else 0, start:end]
            spike(A, B, R, C, threshold, i, x, y, fired, potentials[t, start:end], spikes[t, start:end])


@compiled
def filtered(A, B, C, current, potentials, first, last):  # type: ignore[no-untyped-def]
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
def _ask(t, hold, start, end, profile, value, dense, out):  # type: ignore[no-untyped-def]
    """The demand from outside on the spikes at one step; each row of ``dense`` is that of ``hold`` steps."""
    if len(dense):
        asked = dense[t // hold, start:end]
        for j in range(end - start):
            out[j] = asked[j]
    elif len(profile):
        height, asked = profile[t], value[start:end]
        for j in range(end - start):
            out[j] = height * asked[j]
    else:
        out[:] = 0


@compiled
def _answer(R, beside, asked, x, y):  # type: ignore[no-untyped-def]
    """Add what the reset asks of the spikes, and what is asked ``beside``, if it is there."""
    if len(R) == 1:
        for j in range(len(x)):
            asked[j] += R[0] * x[j]
    else:
        for j in range(len(x)):
            asked[j] = (asked[j] + R[0] * x[j]) + R[1] * y[j]
    if len(beside):
        for j in range(len(x)):
            asked[j] += beside[j]


@compiled
def _back(A, B, C, dv, x, y, out):  # type: ignore[no-untyped-def]
    """One step of ``lambda <- C' dv + A' lambda`` and ``j = B' lambda``."""
    if len(B) == 1:
        for j in range(len(dv)):
            x[j] = A[0] * x[j] + C[0] * dv[j]
            out[j] = B[0] * x[j]
    else:
        for j in range(len(dv)):
            x0 = (A[0] * x[j] + A[2] * y[j]) + C[0] * dv[j]
            y[j] = (A[1] * x[j] + A[3] * y[j]) + C[1] * dv[j]
            x[j] = x0
            out[j] = B[0] * x0 + B[1] * y[j]


@compiled
def _length(steps, rows):  # type: ignore[no-untyped-def]
    """Steps of a window, where rows stand for so many steps; 1 for no rows at all."""
    return -(-steps // rows) if rows else 1


@compiled
def _places(current, t, length, start, end, room):  # type: ignore[no-untyped-def]
    """Where j[t] goes, and the sum over a window that it is added to: its own row and none, or a room and the window's row."""
    if length > 1:
        return room[: end - start], current[t // length, start:end]
    return current[t, start:end], room[:0]


@compiled
def _gather(total, j):  # type: ignore[no-untyped-def]
    """Add j[t] to the sum over its window, if that is there."""
    for k in range(len(total)):
        total[k] += j[k]


@compiled
def _square(dv, total):  # type: ignore[no-untyped-def]
    """Add the squares of dv[t] to their sums over time, if those are there."""
    for k in range(len(total)):
        total[k] += dv[k] * dv[k]


@compiled
def _dither(A, B, R, C, threshold, fall, height, beside, asked, x, y, v, dv, out, total):  # type: ignore[no-untyped-def]
    """One step back with ``dv = da max(0, height + fall |v - theta|)``; :func:`_back` in the same visit, as it is the hottest.

    j[t] goes to ``out``, or is added to ``total`` if that is there.
    """
    zero = x.dtype.type(0)
    _answer(R, beside, asked, x, y)
    if len(B) == 1 and len(total):
        for j in range(len(v)):
            d = asked[j] * max(abs(v[j] - threshold) * fall + height, zero)
            x[j] = A[0] * x[j] + C[0] * d
            dv[j] = d
            total[j] += B[0] * x[j]
    elif len(B) == 1:
        for j in range(len(v)):
            d = asked[j] * max(abs(v[j] - threshold) * fall + height, zero)
            x[j] = A[0] * x[j] + C[0] * d
            dv[j] = d
            out[j] = B[0] * x[j]
    else:
        for j in range(len(v)):
            dv[j] = asked[j] * max(abs(v[j] - threshold) * fall + height, zero)
        _back(A, B, C, dv, x, y, out)
        _gather(total, out)


@compiled
def dithered(  # type: ignore[no-untyped-def]
    A, B, R, C, threshold, width, profile, value, dense, potentials, dv, current, squares, first, last
):
    """All steps of it, ``dv = da max(0, 1/w - |v - theta| / w^2)``; dv, and its squares over time, where they have entries."""
    number, steps = dv.dtype.type, len(potentials)
    fall, height, zero = number(-1) / (width * width), number(1) / width, number(0)
    x, y, asked, nothing = np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype), squares[:0]
    room, length, hold = np.empty(BLOCK, dv.dtype), _length(steps, len(current)), _length(steps, len(dense))
    moved = np.empty(BLOCK, dv.dtype)
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        x[:], y[:] = zero, zero
        total = squares[start:end]
        total[:] = zero
        if length > 1:
            current[:, start:end] = zero
        for t in range(steps - 1, -1, -1):
            _ask(t, hold, start, end, profile, value, dense, asked)
            move = dv[t, start:end] if len(dv) else moved[: end - start]
            own = asked[: end - start], x[: end - start], y[: end - start]
            places = _places(current, t, length, start, end, room)
            _dither(A, B, R, C, threshold, fall, height, nothing, *own, potentials[t, start:end], move, *places)
            _square(move, total)


@compiled
def dithered_at(t, A, B, R, C, threshold, width, profile, value, dense, beside, asked, x, y, potentials, dv, current):  # type: ignore[no-untyped-def]
    """One step of it, of whole rows."""
    number = dv.dtype.type
    fall, height = number(-1) / (width * width), number(1) / width
    _ask(t, _length(len(dv), len(dense)), 0, len(x), profile, value, dense, asked)
    _dither(A, B, R, C, threshold, fall, height, beside, asked, x, y, potentials[t], dv[t], current[t], asked[:0])


@compiled
def branches(  # type: ignore[no-untyped-def]
    A,
    B,
    R,
    C,
    threshold,
    above,
    rho,
    sigma,
    profile,
    value,
    dense,
    potentials,
    spikes,
    dv,
    current,
    squares,
    first,
    last,
):
    """The adjoint pass with the exact step: to the other side where ``(1 - 2s) da - rho/2 (v - theta)^2 > sigma/2``."""
    number, steps = dv.dtype.type, len(potentials)
    half, bar, one, two, zero = rho / number(2), sigma / number(2), number(1), number(2), number(0)
    x, y, asked = np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype), np.empty(BLOCK, dv.dtype)
    room, length, hold = np.empty(BLOCK, dv.dtype), _length(steps, len(current)), _length(steps, len(dense))
    moved = np.empty(BLOCK, dv.dtype)
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        x[:], y[:] = zero, zero
        squared = squares[start:end]
        squared[:] = zero
        if length > 1:
            current[:, start:end] = zero
        for t in range(steps - 1, -1, -1):
            _ask(t, hold, start, end, profile, value, dense, asked)
            v, s = potentials[t, start:end], spikes[t, start:end]
            move = dv[t, start:end] if len(dv) else moved[: end - start]
            out, total = _places(current, t, length, start, end, room)
            da, x0, y0 = asked[: end - start], x[: end - start], y[: end - start]
            _answer(R, v[:0], da, x0, y0)
            for j in range(end - start):
                far = v[j] - threshold
                pays = (one - two * s[j]) * da[j] - half * (far * far) > bar
                side = threshold if s[j] > zero else above
                move[j] = rho * (side - v[j]) if pays else zero
            _back(A, B, C, move, x0, y0, out)
            _gather(total, out)
            _square(move, squared)
