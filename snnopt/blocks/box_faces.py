"""A quadratic over the unit box, minimised face by face: exact solves over the coordinates that are not at a bound."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.box_quadratic import BoxQuadratic

Array = NDArray[Any]

ROUNDS = 1000
"""A bound on the work. Some tens suffice for 50 neurons, and some hundreds for 128, where the condition is 1e12."""
ENTRIES = 1 << 18
"""Entries of the systems that are solved at once (2 MiB in double precision)."""


def finish_on_faces(quadratic: BoxQuadratic, a: Array, b: Array) -> Array:
    """Return the minimisers [n, columns] for right-hand sides b, beginning at a.

    A step goes towards the minimiser over the coordinates strictly inside the box, either up to the first bound, or all
    the way with what leaves the box clipped, whichever is lower. Coordinates are freed from their bounds, by a coordinate
    sweep, only when the minimiser of a face has been reached, so that the objective falls and no face is left twice.
    """
    out, left, reached = a.copy(), np.arange(a.shape[1]), np.ones(a.shape[1], bool)
    for _ in range(ROUNDS):
        on = quadratic.residual(a, b) > quadratic.tolerance
        out[:, left] = a
        if not on.any():
            break
        left, a, b, reached = left[on], a[:, on], b[:, on], reached[on]
        if reached.any():
            freed = a[:, reached]
            quadratic.sweep(freed, b[:, reached])
            a[:, reached] = freed
        a, reached = _step(quadratic, a, quadratic.gradient(a, b))
    return out


def _step(quadratic: BoxQuadratic, a: Array, gradient: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return the next iterate, and where it is the minimiser of its face (or nothing lower was found)."""
    move = _to_minimiser(quadratic.normal, gradient, (a > 0) & (a < 1))
    room = np.where(move > 0, 1 - a, a)
    reach = np.divide(room, np.abs(move), out=np.full_like(a, np.inf), where=move != 0)
    share = np.minimum(1, reach.min(0))
    short = np.where(reach <= share, move > 0, np.clip(a + share * move, 0, 1)).astype(a.dtype)
    long = np.clip(a + move, 0, 1)
    short_gain, long_gain = (_gain(quadratic.normal, gradient, x - a) for x in (short, long))
    new = np.where(long_gain > short_gain, long, short)
    stuck = np.maximum(short_gain, long_gain) <= 0
    return np.where(stuck, a, new), stuck | (share >= 1)


def _gain(normal: Array, gradient: Array, move: Array) -> Array:
    """By how much the move lowers the objective of each column."""
    return -((gradient + normal @ move / 2) * move).sum(0)


def _to_minimiser(normal: Array, gradient: Array, free: NDArray[np.bool_]) -> Array:
    """The move [n, columns] to the minimiser over the free coordinates, ``-N_FF^{-1} grad_F``; 0 elsewhere.

    Columns are solved in batches of about as many free coordinates, padded by rows of the identity. The diagonal is raised
    by rounding's share, so that no system is singular.
    """
    count, move = free.sum(0), np.zeros_like(gradient)
    first, order = np.argsort(~free, axis=0, kind="stable"), np.argsort(count)[::-1]
    order = order[: np.count_nonzero(count)]
    while len(order):
        size = int(count[order[0]])
        batch, order = np.split(order, [max(1, ENTRIES // size**2)])
        at = first[:size, batch]
        live = np.arange(size)[:, None] < count[batch]
        both = (live[:, None] & live[None]).transpose(2, 0, 1)
        system = normal[at.T[:, :, None], at.T[:, None, :]] * both
        diagonal = np.arange(size)
        system[:, diagonal, diagonal] *= 1 + len(normal) * np.finfo(normal.dtype).eps
        system[:, diagonal, diagonal] += ~live.T
        right = np.where(live, -np.take_along_axis(gradient[:, batch], at, 0), 0)
        part = np.zeros((len(normal), len(batch)), gradient.dtype)
        np.put_along_axis(part, at, np.linalg.solve(system, right.T[..., None])[..., 0].T, 0)
        move[:, batch] = part
    return move
