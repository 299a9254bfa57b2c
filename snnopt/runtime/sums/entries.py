"""Which entries of [T, N, n] arrays quantiles look at: the same ones however samples are cut into shards or ordered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Demand, Separable

Array = NDArray[Any]

STRIDES, SAMPLED = (1, 13, 29, 61, 127, 251, 509, 1021, 2039, 4093), 2**13
"""Quantiles look at all entries, or at every 13th, or fewer, while more than that many are left: primes, so that usual layer
widths leave no neuron out for good."""


@dataclass(frozen=True, eq=False)
class Entries:
    """Steps, samples and neurons of the entries looked at, flat; those after a series' end are left out."""

    steps: Array
    samples: Array
    neurons: Array

    @staticmethod
    def of(shape: tuple[int, int, int], marks: Array, total: float, mask: Array | None) -> Entries:
        """Every ``stride``-th entry of each sample, from one that its mark sets.

        Parameters
        ----------
        shape : [T, N, n] of the arrays that are looked into.
        marks : a whole number for each sample [N], a function of the sample alone: :func:`marks_of`.
        total : number of steps of samples that count, in all shards, which sets the stride.
        mask : 1 for the steps that count [T, N], None for all.
        """
        steps, samples, width = shape
        entries = steps * width
        stride = next((k for k in STRIDES if total * width <= k * SAMPLED), STRIDES[-1])
        stride = max(k for k in STRIDES if k <= min(stride, entries))
        start = (marks % stride).astype(np.int64)
        flat = start + stride * np.arange(math.ceil(entries / stride))[:, None]
        at = np.broadcast_to(np.arange(samples), flat.shape)
        inside = flat < entries
        t, k = np.divmod(flat, width)
        if mask is not None:
            inside &= mask[np.minimum(t, steps - 1), at] > 0
        return Entries(t[inside], at[inside], k[inside])

    def __len__(self) -> int:
        return len(self.steps)

    def look(self, x: Demand | None) -> Array:
        """These entries of an array [T, N, n], of a separable demand, or of none, which is zero."""
        if x is None:
            return np.zeros(len(self))
        if isinstance(x, Separable):
            p, value = x.profile, x.value
            time = p[self.steps, self.samples if p.shape[1] > 1 else 0, self.neurons if p.shape[2] > 1 else 0]
            return np.asarray(time * value[self.samples, self.neurons])
        return np.asarray(x[self.steps, self.samples, self.neurons])

    def thresholds(self, threshold: Any) -> Any:
        """The threshold of each, of one or one for each neuron."""
        return threshold if np.ndim(threshold) == 0 else threshold[self.neurons]


def marks_of(data: dict[str, Array]) -> Array:
    """A whole number for each sample [N] that depends on its inputs [T or 1, N, n] alone.

    The sum of the bits of a step, at the step where that is largest, so that it is the same for data that are held constant and
    for the same data repeated over time.
    """
    total: Any = 0
    for x in data.values():
        bits = np.ascontiguousarray(x).view(np.uint32 if x.dtype.itemsize == 4 else np.uint64)
        total = total + bits.sum(2, dtype=np.uint64)
    return np.asarray(total.max(0) % np.uint64(2**31 - 1))
