"""The levels of fixed-point weights: whole multiples of a step, exact in floating point."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask

Array = NDArray[Any]


def most(bits: int) -> int:
    """K, the largest whole number of a grid: ``2^(bits-1) - 1``."""
    return int(2 ** (bits - 1) - 1)


def grid_step(center: Array, bits: int, mask: Mask) -> float:
    """Return the step of one weight variable: ``2.5 mean|C| / K``, ``1.3 mean|C|`` for ternary weights.

    The mean is over synapses that exist; without any, or where all are zero, the step is 0. The step is rounded to as many
    binary digits as leave ``step q`` exact for every whole ``|q| <= K`` in the dtype of ``center``, so that weights divided
    by it are whole to the last bit (with all its digits, ``(step * 3) / step`` can be 3.0000000000000004). In float64 that
    moves the step by less than 1e-11, in float32 by less than 1e-6 for up to 5 bits, and by 1e-3 for 16.
    """
    held = np.abs(center if mask is None else center[mask])
    mean = float(held.mean(dtype=np.float64)) if held.size else 0.0
    fraction, exponent = math.frexp(1.3 * mean if bits == 2 else 2.5 * mean / most(bits))
    digits = np.finfo(center.dtype).nmant + 1 - (bits - 1)
    return float(center.dtype.type(math.ldexp(round(math.ldexp(fraction, digits)), exponent - digits)))


def nearest_level(values: Array, step: float, bits: int, low: float = -np.inf, high: float = np.inf) -> Array:
    """Return the nearest ``step q`` with whole ``|q| <= K`` and ``low <= step q <= high``, for ``low <= 0 <= high``.

    The permitted q are neighbours, zero among them, so the nearest is the rounded quotient, clipped to their range.
    """
    if step == 0:
        return np.zeros_like(values)
    top, bottom = min(most(bits), float(np.floor(high / step))), max(-most(bits), float(np.ceil(low / step)))
    top -= step * top > high  # where the quotient was rounded up to a whole number
    bottom += step * bottom < low
    return step * np.clip(np.rint(values / step), bottom, top) + 0.0  # no negative zeros
