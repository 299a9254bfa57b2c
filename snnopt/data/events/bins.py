"""The grid of time steps and channels that events are sorted into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from snnopt.data.dataset import Array, whole
from snnopt.errors import DataError, unknown_name

MODES = ("binary", "count")

Cells = tuple[Array, Array]
"""The occupied cells ``step * channels + channel`` of one recording, ascending, and the events in each."""


@dataclass(frozen=True)
class Bins:
    """T steps of ``width`` microseconds each, by channels; a cell holds its events' number, or 1 where it has any."""

    steps: int
    width: float
    channels: int
    counted: bool

    def step(self, time: Array) -> Array:
        """The step of times >= 0 in microseconds, ``floor(time / width)``, exact for whole ones; it may be past the last."""
        return np.floor(time / self.width)

    def cells(self, time: Array, channel: Array) -> Cells:
        """Sort one recording's events; what comes after the last step is left out."""
        step = self.step(time)
        inside = step < self.steps
        return np.unique(step[inside].astype(np.int64) * self.channels + channel[inside], return_counts=True)

    def dense(self, recordings: Sequence[Cells]) -> Array:
        """The recordings as one array [T, N, channels] of float32."""
        X = np.zeros((self.steps, len(recordings), self.channels), np.float32)
        for i, (cell, count) in enumerate(recordings):
            X[cell // self.channels, i, cell % self.channels] = count if self.counted else 1
        return X


def make_bins(where: str, steps: object, bin_seconds: object, channels: int, mode: str) -> Bins:
    """Return the grid. Its width is rounded to a picosecond, so that 3e-4 s are the 300 microseconds they mean.

    Raises
    ------
    DataError
        ``steps`` is no whole number of at least 1, or ``bin_seconds`` is not positive.
    UnknownNameError
        There is no such mode.
    """
    steps = whole(where, "steps", steps, 1)
    width = 0.0
    if isinstance(bin_seconds, int | float | np.floating) and not isinstance(bin_seconds, bool):
        width = round(float(bin_seconds) * 1e6, 6)
    if not 0 < width < math.inf:
        raise DataError(where, f"bin_seconds={bin_seconds!r}", "give the length of a step in seconds, e.g. 1e-3")
    if mode not in MODES:
        raise unknown_name(f"mode of {where}", mode, MODES)
    return Bins(steps, width, channels, mode == "count")
