"""Windows that slide over an image or a sequence, as a fixed linear map."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from numpy.lib.stride_tricks import sliding_window_view

from snnopt.model.signal import Shape


def window_counts(spatial: Shape, kernel: Shape, stride: Shape, padding: Shape) -> Shape:
    """Number of windows along each spatial axis; below 1 where the kernel is larger than the padded source."""
    return tuple((n + 2 * p - k) // s + 1 for n, k, s, p in zip(spatial, kernel, stride, padding, strict=True))


def patches(shape: Shape, kernel: Shape, stride: Shape, padding: Shape) -> sp.csr_array:
    """The map from a source [channels, *spatial], flattened, to its windows [windows, channels * kernel], flattened."""
    index = np.arange(math.prod(shape)).reshape(shape)
    index = np.pad(index, [(0, 0), *((p, p) for p in padding)], constant_values=-1)
    axes = tuple(range(1, len(shape)))
    windows = sliding_window_view(index, kernel, axes)
    windows = windows[(slice(None), *(slice(None, None, s) for s in stride))]
    order = (*axes, 0, *range(len(shape), 2 * len(shape) - 1))
    flat = windows.transpose(order).ravel()
    (rows,) = np.nonzero(flat >= 0)
    return sp.csr_array((np.ones(len(rows)), (rows, flat[rows])), shape=(len(flat), math.prod(shape)))
