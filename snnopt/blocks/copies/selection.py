"""Which synapses to keep, where their number is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask

Array = NDArray[Any]


def largest(gain: Array, k: int, mask: Mask = None) -> NDArray[np.bool_]:
    """Return the k largest entries of each row of ``gain`` >= 0 [rows, n], as [rows, n] of bool.

    Among equals the first in position stay. Entries outside ``mask`` are never kept; with fewer than k, all are.
    """
    size = gain if mask is None else np.where(mask, gain, -1.0)
    last = size.shape[1] - min(k, size.shape[1])
    least = np.partition(size, last, axis=1)[:, last, None]
    above, equal = size > least, size == least
    room = min(k, size.shape[1]) - above.sum(1, keepdims=True)
    keep = above | (equal & (np.cumsum(equal, axis=1) <= room))
    return keep if mask is None else keep & mask
