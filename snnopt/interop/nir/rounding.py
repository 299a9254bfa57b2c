"""Numbers that come back to the last bit although a file holds them scaled.

NIR has time constants and scaled weights, we have decays and weights. Each is the other but for rounding, so a file also
holds how many units in the last place rounding took: small whole numbers, mostly 0. They correct rounding and nothing more:
whoever edits the plain numbers finds the edited ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ROUNDING = 16
"""Units of rounding that a correction may amount to."""


def steps_between(found: Array, exact: Array) -> Array | None:
    """Units in the last place from ``found`` to ``exact``, floats of one kind; None where there is nothing between."""
    steps = _place(exact) - _place(found)
    if not np.any(steps):
        return None
    small = np.iinfo(np.int8)
    return steps.astype(np.int8) if small.min <= steps.min() and steps.max() <= small.max else steps


def corrected(found: Array, steps: object, scale: float = 0.0) -> Array:
    """``found``, moved by ``steps`` units in the last place wherever that is a matter of rounding.

    ``scale`` is the least magnitude that rounding is judged at: 1 for ``1 - x`` with a small result.
    """
    if not isinstance(steps, np.ndarray) or steps.dtype.kind != "i" or steps.shape != found.shape:
        return found
    moved = np.copysign(_number(_place(found) + steps.astype(np.int64), found.dtype), found)  # -0 stays -0
    unit = np.finfo(found.dtype)
    near = ROUNDING * np.maximum(unit.eps * np.maximum(np.abs(found), scale), unit.smallest_subnormal)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.abs(moved - found) <= near, moved, found)


def _place(values: Array) -> Array:
    """The place of each number among all floats, in order; both zeros have place 0."""
    kind = np.dtype(f"i{values.dtype.itemsize}")
    bits = np.ascontiguousarray(values).view(kind).astype(np.int64)
    return np.where(bits < 0, np.iinfo(kind).min - bits, bits)


def _number(places: Array, dtype: np.dtype[Any]) -> Array:
    kind = np.dtype(f"i{dtype.itemsize}")
    bits = np.where(places < 0, np.iinfo(kind).min - places, places)
    return np.ascontiguousarray(bits.astype(kind)).view(dtype)
