"""Quantiles that add up: integer counts between edges that are the same for all samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LOW, HIGH, OCTAVE = -32, 16, 32
"""Powers of two between which numbers are told apart, and edges in each: neighbours differ by 2.2%."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of positive numbers between the edges ``2^(k/32)``, ``2^-32`` to ``2^16``, in a unit that all samples share.

    ``counts[0]`` are those below all edges, zero and less among them, ``counts[-1]`` those above.
    """

    counts: Array

    @staticmethod
    def of(values: Array, unit: float) -> Array:
        """The counts of some values, in units of ``unit``, as int64."""
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = values.astype(np.float64) / unit
        within = np.fmin(np.fmax(scaled, _edge(-1)), _edge(_BINS - 2))  # what is no number counts as small
        at = OCTAVE * (np.log2(within) - LOW) + 1
        return np.bincount(at.astype(np.int64), minlength=_BINS)

    def above(self, share: float) -> float:
        """The least edge that at most ``share`` of the values lie above, in units; 0 where so few are positive."""
        tail = np.cumsum(self.counts[::-1])[::-1]  # tail[k]: those in bin k or above
        k = int(np.argmax(np.append(tail[1:], 0) <= share * tail[0]))
        return 0.0 if k == 0 else _edge(k)

    def quantile(self, share: float) -> float:
        """The middle, on a logarithmic scale, of the bin that ``share`` of the values lie below or in; in units."""
        upto = np.cumsum(self.counts)
        k = int(np.searchsorted(upto, share * upto[-1], side="right"))
        return 0.0 if k == 0 else _edge(min(k, _BINS - 1) - 0.5)


_BINS = (HIGH - LOW) * OCTAVE + 2


def _edge(k: float) -> float:
    """The upper edge of bin k."""
    return float(2.0 ** (LOW + k / OCTAVE))
