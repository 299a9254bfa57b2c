"""Arrays that one sweep fills and the next one fills again, so that large ones are not mapped and cleared every time."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Workspace:
    """Uninitialised arrays by name. An array is good until its name is asked for again."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, NDArray[np.uint8]] = {}

    def array(self, name: Hashable, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """An array of this shape, its entries left from whatever was there."""
        size = math.prod(shape) * dtype.itemsize
        kept = self._kept.get(name)
        if kept is None or kept.nbytes < size:
            kept = self._kept[name] = np.empty(size, np.uint8)
        return kept[:size].view(dtype).reshape(shape)


class Fresh(Workspace):
    """A workspace that keeps nothing: every array is new, for results that outlive the sweep."""

    def array(self, name: Hashable, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:  # noqa: D102
        return np.empty(shape, dtype)


FRESH = Fresh()
