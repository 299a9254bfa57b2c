"""Features brought to one scale by what the training rows say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scaling:
    """``(x - offset) / scale`` along the last axis; offset and scale [n]."""

    offset: Array
    scale: Array

    def __call__(self, x: Array) -> Array:
        """Return ``x`` [..., n], scaled."""
        return (x - self.offset) / self.scale

    def undo(self, x: Array) -> Array:
        """Return what was scaled to ``x``."""
        return x * self.scale + self.offset


def standard_scaling(rows: Array) -> Scaling:
    """Mean and standard deviation of ``rows`` [M, n]; the deviation is 1 where a feature is constant in them."""
    mean, spread = rows.mean(axis=0), np.ptp(rows, axis=0)
    # The range, not std, tells a constant feature: its std may be a rounding error instead of 0.
    spread = np.where(spread > 0, spread, 1.0)
    with np.errstate(over="ignore", under="ignore"):
        std = rows.std(axis=0)
        lost = (std == 0) | ~np.isfinite(std)  # squares of 1e200 or 1e-200
        std = np.where(lost, spread * ((rows - mean) / spread).std(axis=0), std)
    return Scaling(mean, np.where(np.ptp(rows, axis=0) > 0, std, 1.0))


def unit_scaling(rows: Array) -> Scaling:
    """Least value and range of ``rows`` [M, n], which bring them to [0, 1]; the range is 1 where a feature is constant."""
    spread = np.ptp(rows, axis=0)
    return Scaling(rows.min(axis=0), np.where(spread > 0, spread, 1.0))


def are_spikes(x: Array) -> bool:
    """Whether all values are 0 or 1, which no scaling improves."""
    return bool(((x == 0) | (x == 1)).all())
