"""Norms of arrays in time, [T, ...]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def inner(x: Array, y: Array) -> float:
    """``<x, y>`` of arrays in time: a product for each step, and their sum in double precision."""
    return math.fsum(float(np.vdot(a, b)) for a, b in zip(x, y, strict=True))


def apart(x: Array, y: Array) -> float:
    """``||x - y||^2``, a step at a time, so that the difference is never written down."""
    gap = np.empty_like(x[0])
    changes = (np.subtract(a, b, out=gap) for a, b in zip(x, y, strict=True))
    return math.fsum(float(np.vdot(d, d)) for d in changes)


@dataclass(frozen=True, eq=False)
class Products:
    """``||r||^2`` and ``<r, u>`` of a residual and its scaled dual (0 where that has never moved)."""

    square: float
    cross: float


def products(residual: Array, dual: Array | None) -> Products:
    """Of arrays as they are."""
    return Products(inner(residual, residual), 0.0 if dual is None else inner(residual, dual))


def moved(dual: Array | None, residual: Array, step: float) -> tuple[Array, Products]:
    """``u + step r``, and the products of r with that, found while both are at hand."""
    out, squares, crosses = np.empty_like(residual), list[float](), list[float]()
    for k, r in enumerate(residual):
        u = np.multiply(r, residual.dtype.type(step), out=out[k])
        if dual is not None:
            u += dual[k]
        squares.append(float(np.vdot(r, r)))
        crosses.append(float(np.vdot(r, u)))
    return out, Products(math.fsum(squares), math.fsum(crosses))


def rms(x: Array) -> float:
    """Root mean square of an array in time."""
    return math.sqrt(inner(x, x) / x.size)
