"""Oracle of copies of bounded number or on a grid: every set of synapses, and every level, tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.oracles.copies import CopyCase
from snnopt.oracles.copy_draws import COPY_EXTREMES, draw_copy
from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]

COUNTS = ("cardinality", "fan_in")
KNOWN = (*COUNTS, "grid", "box", "sign", "l1")


@final
@dataclass(frozen=True, eq=False)
class DiscreteCopyCase(CopyCase):
    """A copy under counts and grids, on top of terms that act on each weight alone."""

    def values(self, i: int, j: int) -> Array:
        """Every value that weight (i, j) can have in a minimiser: all levels, or each kink, bound and stationary point."""
        low, high = self.interval
        bits = self.number("grid")
        if bits is None:
            c, t = float(self.center[i, j]), self.factor("l1")
            tried = np.array([0.0, c, c - t, c + t, low, high])
        else:
            owner = int(np.searchsorted(np.unique(self.variable), self.variable[j]))
            step = float(self.steps()[owner])
            tried = step * np.arange(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1))
        inside = np.isfinite(tried) & (tried >= low) & (tried <= high)
        return tried[inside]

    def solution(self) -> Array:
        """The best of all sets of synapses, each synapse at the best of its values."""
        best, gain = np.zeros_like(self.center), np.zeros_like(self.center)
        for i, j in zip(*np.nonzero(self.exists), strict=True):
            c, values = float(self.center[i, j]), self.values(i, j)
            costs = self.factor("l1") * np.abs(values) + (values - c) ** 2 / 2
            best[i, j], gain[i, j] = values[costs.argmin()], c**2 / 2 - costs.min()
        if any(kind in COUNTS for kind, *_ in self.terms):
            best *= self._best_set(gain)
        return best

    def _best_set(self, gain: Array) -> Array:
        """Which synapses to keep: all sets tried, row by row where only the fan-in is bounded."""
        whole, row = self.number("cardinality"), self.number("fan_in")
        if whole is None:
            return np.stack([_best_subset(g[None], None, row)[0] for g in gain])
        return _best_subset(gain, whole, row)

    def distance(self, x: Array, best: Array) -> float | None:
        """How far any weight is from all values it can have in a minimiser, over the largest of C."""
        entries = zip(*np.nonzero(self.exists), strict=True)
        return max((float(np.abs(self.values(i, j) - x[i, j]).min()) for i, j in entries), default=0.0) / self.unit


def _best_subset(gain: Array, whole: int | None, row: int | None) -> Array:
    """The subset of entries with the largest total gain, at most ``whole`` in all and ``row`` in each row."""
    sets = (np.arange(2**gain.size)[:, None] >> np.arange(gain.size) & 1).reshape(-1, *gain.shape)
    allowed = np.ones(len(sets), bool)
    if whole is not None:
        allowed &= sets.sum((1, 2)) <= whole
    if row is not None:
        allowed &= sets.sum(2).max(1) <= row
    total = np.where(allowed, (sets * gain).sum((1, 2)), -np.inf)
    return sets[total.argmax()]


@final
class DiscreteCopyOracle(Oracle):
    """Copies under cardinality, fan-in or a grid, with boxes, signs and L1 besides."""

    extremes = COPY_EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "copy" or not any(t.kind in (*COUNTS, "grid") for t in block.terms):
            return "it knows copies under counts and grids"
        if sum(t.kind == "grid" for t in block.terms) > 1:
            return "it cannot express two grids on one weight"
        return unknown_terms(block, KNOWN)

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> DiscreteCopyCase:  # noqa: D102
        return draw_copy(DiscreteCopyCase, block, rng, extreme)
