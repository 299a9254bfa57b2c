"""Sufficient statistics of weight blocks: one place makes those of a shard, one adds them, one solves with them.

Features are the trace form's ``phi = kappa * F(s)`` with the bias column ``kappa_bar``; sums over time and positions,
means over samples. Nothing here grows with the number of samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import window_means
from snnopt.program import StateSpace
from snnopt.runtime.forward import Wiring
from snnopt.runtime.wires import Wire, lagged
from snnopt.split import Columns, WeightUse, distinct_kernels, kernel_sum

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Gram:
    """``sum phi phi'`` over ``count`` samples, [patterns, k, k]: one per distinct filter kernel among the targets."""

    total: Array
    count: float

    def after(self, old: Gram, memory: float) -> Gram:
        """These sums added to older ones, whose samples weigh ``memory`` by now (a forgetting factor)."""
        total = old.total * old.total.dtype.type(memory)
        total += self.total
        return Gram(total, old.count * memory + self.count)

    @property
    def mean(self) -> Array:
        """Mean over samples."""
        return self.total * self.total.dtype.type(1 / self.count)

    @property
    def active(self) -> bool:
        """Whether any feature was."""
        return bool(np.diagonal(self.total, axis1=1, axis2=2).any())

    def weighted(self, rho: float) -> Array:
        """``rho`` times the mean, [patterns, k, k]."""
        return self.mean * self.total.dtype.type(rho)


class UseFeatures:
    """The regression features of one use of a weight group, and its cross products with demands.

    Maps that apply the same weights have their features added; a bias column counts the maps that have the bias.
    """

    def __init__(self, use: WeightUse, columns: tuple[Columns, ...], wiring: Wiring, steps: int) -> None:
        self.use, self.columns, self.steps, self.dtype = use, columns, steps, wiring.dtype
        self.kernels = wiring.kernels
        self.parts = [[wiring.wire(m) for m in part] for part in use.parts]
        self.biased = [sum(m.bias is not None for m in part) for part in use.parts]
        self.spaces, self.patterns, self.channel_pattern = kernel_patterns(use)
        self.bars = [kernel_sum(space, steps)[:, 0].astype(self.dtype) for space in self.spaces]

    @property
    def width(self) -> int:
        """Number of features: all fan-ins and a column for each bias."""
        return sum(c.width for c in self.columns)

    def gram(self, signals: Mapping[str, Array], mask: Array | None = None) -> Gram:
        """The Gram matrices of the samples in ``signals``, by name [T, N, n] or [1, N, n].

        ``mask`` [T, N] is 1 for the steps that count.
        """
        features = self._features(signals, mask)
        samples, per_space = features[0].shape[-3], [self._products(phi) for phi in features]
        if len(self.spaces) == 1:
            total = per_space[0]
        else:
            total = np.stack([sum(per_space[g][p] for p, g in enumerate(row)) for row in self.patterns])
        return Gram(total.astype(self.dtype, copy=False), float(samples))

    def cross(self, signals: Mapping[str, Array], demand: Array) -> Array:
        """``sum phi (rho dv)'`` as ``sum_t F(s[t])' j[t]`` [k, channels], j the filtered demand [T, N, n], or its sums over
        windows [K, N, n], which meet each window's mean of the signals.

        Steps that do not count need no mask: the demand is zero there.
        """
        out, total = [], demand[0] if len(demand) == 1 else demand.sum(0)
        for part, column, biased in zip(self.parts, self.columns, self.biased, strict=True):
            rows = sum(self._cross_one(wire, signals, demand, total) for wire in part)
            out.append(rows)
            if column.bias is not None:
                spread = part[0].spread(total).reshape(-1, column.channels)
                out.append(self.dtype.type(biased) * spread.sum(0, keepdims=True))
        return np.concatenate(out)

    def _cross_one(self, wire: Wire, signals: Mapping[str, Array], demand: Array, total: Array) -> Array:
        x = lagged(signals[wire.map.source], wire.map.lag, self.steps)
        constant = len(x) == 1
        rows = wire.spread(total if constant else demand).reshape(-1, wire.map.channels)
        if not constant and len(demand) < len(x):
            x = window_means(x, len(demand))
        return wire.patches(x[0] if constant else x).reshape(-1, wire.map.fan_in).T @ rows

    def _features(self, signals: Mapping[str, Array], mask: Array | None) -> list[Array]:
        """phi [T, N, positions, k] for each kernel; where nothing changes in time [N, positions, k], of the length over time."""
        sources = [[lagged(signals[w.map.source], w.map.lag, self.steps) for w in part] for part in self.parts]
        if all(len(x) == 1 for part in sources for x in part):
            return [self._constant(sources, bar, mask) for bar in self.bars]
        return [self._filtered(sources, space, bar, mask) for space, bar in zip(self.spaces, self.bars, strict=True)]

    def _constant(self, sources: list[list[Array]], bar: Array, mask: Array | None) -> Array:
        parts = []
        for part, xs, column, biased in zip(self.parts, sources, self.columns, self.biased, strict=True):
            p = reduce(add, (wire.patches(x[0]) for wire, x in zip(part, xs, strict=True)))
            parts.append(p[:, None] if self.use.positions == 1 else p)
            if column.bias is not None:
                parts.append(np.full((*parts[-1].shape[:2], 1), biased, self.dtype))
        phi = np.concatenate(parts, -1)
        if mask is None:
            return self.dtype.type(np.sqrt(bar @ bar)) * phi
        return np.asarray(phi * np.sqrt(bar**2 @ mask)[:, None, None])

    def _filtered(self, sources: list[list[Array]], space: StateSpace, bar: Array, mask: Array | None) -> Array:
        parts = []
        for part, xs, column, biased in zip(self.parts, sources, self.columns, self.biased, strict=True):
            x = reduce(add, (wire.patches(x) for wire, x in zip(part, xs, strict=True)))
            p = self.kernels.filtered(space, np.broadcast_to(x, (self.steps, *x.shape[1:])))
            parts.append(p[:, :, None] if self.use.positions == 1 else p)
            if column.bias is not None:
                parts.append(np.broadcast_to(biased * bar[:, None, None, None], (*parts[-1].shape[:3], 1)))
        phi = np.concatenate(parts, -1)
        return phi if mask is None else phi * mask[:, :, None, None]

    def _products(self, phi: Array) -> Array:
        """``phi' phi`` for features [..., positions, k]: summed over positions where all share one kernel."""
        if len(self.spaces) == 1:
            flat = phi.reshape(-1, phi.shape[-1])
            return (flat.T @ flat)[None]
        rows = np.moveaxis(phi, -2, 0).reshape(phi.shape[-2], -1, phi.shape[-1])
        return rows.transpose(0, 2, 1) @ rows


def kernel_patterns(use: WeightUse) -> tuple[list[StateSpace], Array, Array]:
    """Group the target's neurons by filter kernel.

    Returns the distinct kernels, the distinct rows of kernel indices over positions [patterns, positions], and each
    channel's pattern [channels]. One Gram matrix, and one solve, per pattern.
    """
    spaces, which = distinct_kernels(use.target.dynamics, use.target.size)
    patterns, channel = np.unique(which.reshape(use.channels, use.positions), axis=0, return_inverse=True)
    return spaces, patterns, channel.ravel()
