"""Norms of arrays in time, [T, ...]."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def inner(x: Array, y: Array) -> float:
    """``<x, y>`` of arrays in time: a product for each step, and their sum in double precision."""
    return math.fsum(float(np.vdot(a, b)) for a, b in zip(x, y, strict=True))


def rms(x: Array) -> float:
    """Root mean square of an array in time."""
    return math.sqrt(inner(x, x) / x.size)
