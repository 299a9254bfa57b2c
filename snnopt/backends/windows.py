"""Windows of steps: T steps cut into K runs of equal length, the last one perhaps shorter.

An array of K rows stands for one of T: a demand that is held over each window, or sums over them. K = T are the steps
themselves, K = 1 is one window over all of time. T and K say how long windows are, ``ceil(T / K)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def window_count(steps: int, length: int) -> int:
    """How many windows of at most ``length`` steps there are, as even ones as they come."""
    even = window_length(steps, -(-steps // length))
    return -(-steps // even)


def window_length(steps: int, windows: int) -> int:
    """Steps of a window."""
    return -(-steps // windows)


def window_means(x: Array, windows: int) -> Array:
    """The means over windows of x [T, ...], [K, ...]."""
    length = window_length(len(x), windows)
    sums = np.empty((windows, *x.shape[1:]), x.dtype)
    for k in range(windows):
        np.add.reduce(x[k * length : (k + 1) * length], axis=0, out=sums[k, ...])
    return means_of(sums, len(x))


def means_of(sums: Array, steps: int) -> Array:
    """The means over windows of ``steps`` steps, by the sums over them, [K, ...]."""
    length = window_length(steps, len(sums))
    assert (len(sums) - 1) * length < steps, "no window is empty"
    each = np.minimum(length, steps - length * np.arange(len(sums)))
    return np.asarray(sums * (1 / each).astype(sums.dtype).reshape(-1, *[1] * (sums.ndim - 1)))
