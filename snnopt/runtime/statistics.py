"""Sufficient statistics of weight blocks: one place makes those of a shard, one adds them, one solves with them.

Features are the trace form's ``phi = kappa * F(s)`` with the bias column ``kappa_bar``; sums over time and positions,
means over samples. Nothing here grows with the number of samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import leaky
from snnopt.program import StateSpace
from snnopt.runtime.wires import Wire, lagged
from snnopt.split import WeightUse, kernel_sum

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Gram:
    """``sum phi phi'`` over ``count`` samples, [patterns, k, k]: one per distinct filter kernel among the targets."""

    total: Array
    count: float

    def __add__(self, other: Gram) -> Gram:
        return Gram(self.total + other.total, self.count + other.count)

    def scaled(self, factor: float) -> Gram:
        """The same sums with the weight of their samples scaled (a forgetting factor)."""
        return Gram(self.total * self.total.dtype.type(factor), self.count * factor)

    @property
    def mean(self) -> Array:
        """Mean over samples."""
        return self.total / self.total.dtype.type(self.count)


class UseFeatures:
    """The regression features of one use of a weight group, and its cross products with demands."""

    def __init__(self, use: WeightUse, wires: list[Wire], steps: int, dtype: np.dtype[Any]) -> None:
        self.use, self.wires, self.steps, self.dtype = use, wires, steps, dtype
        self.positions = use.maps[0].positions
        self.spaces, self.patterns, self.channel_pattern = kernel_patterns(use)
        self.bars = [kernel_sum(space, steps)[:, 0].astype(dtype) for space in self.spaces]

    @property
    def width(self) -> int:
        """Number of features: all fan-ins and a column for each bias."""
        return sum(m.fan_in + (m.bias is not None) for m in self.use.maps)

    def gram(self, signals: Mapping[str, Array]) -> Gram:
        """The Gram matrices of the samples in ``signals``, by name [T, N, n] or [1, N, n]."""
        sources = [lagged(signals[w.map.source], w.map.lag, self.steps) for w in self.wires]
        samples = sources[0].shape[1]
        if all(len(x) == 1 for x in sources):
            base = self._rows(self._constant(sources))
            per_space = [self.dtype.type(bar @ bar) * base for bar in self.bars]
        else:
            full = [np.broadcast_to(x, (self.steps, *x.shape[1:])) for x in sources]
            per_space = [self._filtered(full, space, bar) for space, bar in zip(self.spaces, self.bars, strict=True)]
        if len(self.spaces) == 1:
            total = per_space[0].sum(0)[None]
        else:
            total = np.stack([sum(per_space[g][p] for p, g in enumerate(row)) for row in self.patterns])
        return Gram(total.astype(self.dtype), float(samples))

    def cross(self, signals: Mapping[str, Array], demand: Array) -> Array:
        """``sum phi (rho dv)'`` as ``sum_t F(s[t])' j[t]`` [k, channels], j the filtered demand [T, N, n]."""
        out, total = [], demand.sum(0)
        for wire in self.wires:
            x = lagged(signals[wire.map.source], wire.map.lag, self.steps)
            j = total if len(x) == 1 else demand
            rows = wire.spread(j).reshape(-1, wire.map.channels)
            out.append(wire.patches(x[0] if len(x) == 1 else x).reshape(-1, wire.map.fan_in).T @ rows)
            if wire.map.bias is not None:
                out.append(wire.spread(total).reshape(-1, wire.map.channels).sum(0, keepdims=True))
        return np.concatenate(out)

    def _constant(self, sources: list[Array]) -> Array:
        parts = []
        for wire, x in zip(self.wires, sources, strict=True):
            p = wire.patches(x[0])
            parts.append(p[:, None] if wire.map.positions == 1 else p)
            if wire.map.bias is not None:
                parts.append(np.ones((*parts[-1].shape[:2], 1), self.dtype))
        return np.concatenate(parts, -1)

    def _filtered(self, sources: list[Array], space: StateSpace, bar: Array) -> Array:
        parts = []
        for wire, x in zip(self.wires, sources, strict=True):
            p = leaky(wire.patches(x), space, self.steps)
            parts.append(p[:, :, None] if wire.map.positions == 1 else p)
            if wire.map.bias is not None:
                parts.append(np.broadcast_to(bar[:, None, None, None], (*parts[-1].shape[:3], 1)))
        return self._rows(np.concatenate(parts, -1))

    def _rows(self, phi: Array) -> Array:
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
    space, first = use.target.dynamics, use.maps[0]
    if space.uniform:
        one = StateSpace(space.A[..., :1], space.B[..., :1], space.R[..., :1] * 0, space.C[..., :1], None, space.states)
        return [one], np.zeros((1, first.positions), int), np.zeros(first.channels, int)
    n = use.target.size
    columns = [np.broadcast_to(a, (*a.shape[:-1], n)).reshape(-1, n) for a in (space.A, space.B, space.C)]
    _, at, which = np.unique(np.concatenate(columns), axis=1, return_index=True, return_inverse=True)
    full = [np.broadcast_to(a, (*a.shape[:-1], n)) for a in (space.A, space.B, space.R, space.C)]
    spaces = []
    for k in at:
        a, b, r, c = (x[..., k : k + 1] for x in full)
        spaces.append(StateSpace(a, b, r * 0, c, None, space.states))
    patterns, channel = np.unique(which.reshape(first.channels, first.positions), axis=0, return_inverse=True)
    return spaces, patterns, channel.ravel()
