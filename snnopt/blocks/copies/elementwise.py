"""Proxes that act on each weight alone: shrink, and clip."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BOUNDS = {"low": max, "high": min}
"""How the bounds of two terms merge: into the intersection of their intervals."""


def shrunk(center: Array, threshold: float) -> Array:
    """``argmin_v  threshold |v| + (v - c)^2 / 2 = c - clip(c, -threshold, threshold)``: exactly zero up to the threshold."""
    return center - np.clip(center, -threshold, threshold)


def clipped(center: Array, low: float, high: float) -> Array:
    """``argmin (v - c)^2  subject to  low <= v <= high``, for low <= high.

    A bound that the dtype of ``center`` does not hold is replaced by the next number inside, so that the bounds hold to the
    last bit; where no number of that dtype lies between them, by the nearest.
    """
    inner, outer = _rounded(low, center.dtype, 1), _rounded(high, center.dtype, -1)
    if inner > outer:
        inner, outer = _rounded(low, center.dtype, 0), _rounded(high, center.dtype, 0)
    return np.clip(center, inner, outer)


def _rounded(bound: float, dtype: np.dtype[Any], direction: int) -> Any:
    """The bound as a number of ``dtype``: at or above it, at or below it (direction 1, -1), or the nearest (0)."""
    with np.errstate(over="ignore"):
        near = np.asarray(bound, np.float64).astype(dtype)[()]
    outside = float(near) < bound if direction > 0 else float(near) > bound
    if not direction or not outside:
        return near
    return np.nextafter(near, np.asarray(direction * np.inf, dtype), dtype=dtype)
