"""Which entries of [T, N, n] arrays quantiles look at: the same ones however samples are cut into shards or ordered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Demand, HeldDemand, Separable

Array = NDArray[Any]

STRIDES = (1, 13, 29, 61, 127, 251, 509, 1021, 2039, 4093)
"""Quantiles look at all entries, or at every 13th, or fewer: primes, so that usual layer widths leave no neuron out for good."""
MANY, FEW = 2**13, 2**11
"""Entries that are enough: for a quantile far out, and for one in the middle (whose rank is then right to about a per cent)."""

CHANNELS = 64
"""A mark is made of at most so many channels: samples that are equal there share their entries, which harms no quantile."""


@dataclass(frozen=True, eq=False)
class Entries:
    """Some entries of arrays [T, N, n], by their places ``at`` in the flat array; those after a series' end are left out."""

    shape: tuple[int, int, int]
    at: Array

    @staticmethod
    def of(shape: tuple[int, int, int], marks: Array, total: float, enough: int, mask: Array | None) -> Entries:
        """Every ``stride``-th entry of each sample, from one that its mark sets.

        Parameters
        ----------
        shape : [T, N, n] of the arrays that are looked into.
        marks : a whole number for each sample [N], a function of the sample alone: :func:`marks_of`.
        total : number of steps of samples that count, in all shards, which sets the stride.
        enough : the stride is the least that leaves about so many entries in all.
        mask : 1 for the steps that count [T, N], None for all.
        """
        steps, samples, width = shape
        entries = steps * width
        stride = next((k for k in STRIDES if total * width <= k * enough), STRIDES[-1])
        stride = max(k for k in STRIDES if k <= min(stride, entries))
        own = (marks % stride).astype(np.int64) + stride * np.arange(-(-entries // stride))[
            :, None
        ]  # in a sample's [T, n]
        step = own // width
        at = own + width * ((samples - 1) * step + np.arange(samples))
        if mask is None:
            return Entries(shape, at[own < entries])
        counts = mask[np.minimum(step, steps - 1), np.arange(samples)] > 0
        return Entries(shape, at[(own < entries) & counts])

    def __len__(self) -> int:
        return len(self.at)

    def look(self, x: Demand | None) -> Array:
        """These entries of an array [T, N, n], of a separable demand, or of none, which is zero."""
        if x is None:
            return np.zeros(len(self))
        if isinstance(x, Separable):
            steps, samples, neurons = np.unravel_index(self.at, self.shape)
            p, value = x.profile, x.value
            time = p[steps, samples if p.shape[1] > 1 else 0, neurons if p.shape[2] > 1 else 0]
            return np.asarray(time * value[samples, neurons])
        return np.asarray((x.dense() if isinstance(x, HeldDemand) else x).reshape(-1)[self.at])

    def thresholds(self, threshold: Any) -> Any:
        """The threshold of each, of one or one for each neuron."""
        return threshold if np.ndim(threshold) == 0 else threshold[self.at % self.shape[2]]


def marks_of(data: dict[str, Array]) -> Array:
    """A whole number for each sample [N] that depends on its inputs [T or 1, N, n] alone.

    The sum of the bits of some channels of a step, at the step where that is largest, so that it is the same for data that are
    held constant and for the same data repeated over time.
    """
    total: Any = 0
    for x in data.values():
        some = np.ascontiguousarray(x if x.shape[2] <= CHANNELS else x[:, :, _channels(x.shape[2])])
        bits = some.view(np.uint32 if x.dtype.itemsize == 4 else np.uint64)
        total = total + bits.sum(2, dtype=np.uint64)
    return np.asarray(total.max(0) % np.uint64(2**31 - 1))


@cache
def _channels(count: int) -> Array:
    """Some of so many channels, the same ones every time, in no pattern that an image's columns could share."""
    return np.sort(np.random.default_rng(0).choice(count, CHANNELS, replace=False))
