"""Weight blocks: their running sums, their penalties, and the bound closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import WeightStep
from snnopt.blocks import Binding
from snnopt.runtime.batch import Batch
from snnopt.runtime.copies import SplitWeights
from snnopt.runtime.forward import Wiring
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stacking import l2_of_columns, mask_of, stack, unstack
from snnopt.runtime.statistics import Gram, UseFeatures
from snnopt.split import Columns

Array = NDArray[Any]


class WeightSolver:
    """One weight block of a sweep.

    ``share`` is 1 over the number of weight blocks into its layer: blocks that see the same residual each take their part
    of it (damped Jacobi), so that together they do not take it twice. ``split`` are its weights under constraints.
    """

    def __init__(
        self,
        binding: Binding,
        wiring: Wiring,
        steps: int,
        settings: WeightStep,
        share: float,
        split: SplitWeights | None = None,
    ) -> None:
        self.split = split
        self.share = share
        self.block, self.settings = binding.block, settings
        self.rule: Any = binding.rule
        self.columns = self.block.columns
        self.features = [UseFeatures(use, self.columns, wiring, steps) for use in self.block.uses]
        self.groups = channel_groups([f.channel_pattern for f in self.features])
        inputs = {v.name for v in wiring.program.inputs}
        maps = [m for u in self.block.uses for part in u.parts for m in part]
        self.static = settings.memory == 0 and all(m.source in inputs for m in maps)
        self.grams: list[Gram] | None = None
        self.lam = l2_of_columns(self.block)
        self.mask = mask_of(self.block)

    def update(
        self, weights: Mapping[str, Array], batch: Batch, ridge: float, relaxation: float
    ) -> tuple[dict[str, Array], float]:
        """Solve the block on a batch.

        Returns the changed variables, and the decrease of the objective that its linear model promises.
        """
        uses = [(f, batch.rho[f.use.target.name]) for f in self.features]
        if not any(rho for _, rho in uses):
            return {}, 0.0
        self._collect(batch)
        assert self.grams is not None
        w0 = stack(self.columns, weights)
        cross = np.zeros((w0.shape[1], w0.shape[0]), w0.dtype)
        for f, rho in uses:
            if rho:
                cross += f.cross(batch.signals, batch.wanted[f.use.target.name].current)
        cross /= batch.count
        grams = [w0.dtype.type(rho) * g.mean for (_, rho), g in zip(uses, self.grams, strict=True)]
        target = cross
        if self.split is not None:
            grams, cross = self.split.hold(grams, cross, w0)
        shared = (self.rule, self.columns, self.groups, grams, cross, w0, self.lam)
        solved = solve_by_group(*shared, self.settings.ridge * ridge, self.mask)
        change = w0.dtype.type(relaxation * self.share) * solved
        w = w0 + change if self.split is None else self.split.step(w0, change)
        predicted = float(np.sum((target.T - self.lam.astype(w0.dtype) * w0) * (w - w0)))
        return unstack(self.columns, w), predicted

    def snapshot(self) -> Tree:
        """The running sums."""
        return None if self.grams is None else [[g.total, g.count] for g in self.grams]

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        self.grams = None if tree is None else [Gram(total, count) for total, count in tree]

    def _collect(self, batch: Batch) -> None:
        memory = self.settings.memory
        if self.static and self.grams is not None:
            return
        signals, mask = batch.subset(self.settings.gram_share)
        fresh = [f.gram(signals, mask) for f in self.features]
        old = self.grams
        self.grams = (
            fresh if not memory or old is None else [o.scaled(memory) + g for o, g in zip(old, fresh, strict=True)]
        )


def solve_by_group(
    rule: Any,
    columns: tuple[Columns, ...],
    groups: list[tuple[Array, Array]],
    grams: list[Array],
    cross: Array,
    w0: Array,
    lam: Array,
    ridge: float,
    mask: Array | None,
) -> Array:
    """The change of a block's matrix [channels, k], one solve for each group of channels with a common Gram matrix.

    ``grams`` are the uses' Gram matrices [patterns, k, k], each times its rho; ``ridge`` is relative to :func:`scales`.
    """
    out = np.empty_like(w0)
    for rows, patterns in groups:
        parts = [gram[p] for gram, p in zip(grams, patterns, strict=True)]
        g = parts[0] if len(parts) == 1 else np.sum(parts, 0)
        present = () if mask is None else (mask[rows],)
        # what keeps the system regular where two features are the same, or none is ever active
        least = max(4 * float(np.finfo(g.dtype).eps * np.diagonal(g).max()), float(np.finfo(g.dtype).tiny) * 1e6)
        damping = np.maximum(ridge * scales(g, columns), least)
        out[rows] = rule.solve(g, cross[:, rows], w0[rows], lam, damping, *present)
    return out


def scales(gram: Array, columns: tuple[Columns, ...]) -> Array:
    """The mean square of each weight's features, on all its columns and its bias's, [k].

    Per weight, so that the ridge means the same for spikes, for pixels in 0 to 255 and for currents in millivolts; a weight
    whose features are all zero gets a trace of the others' instead of nothing.
    """
    diagonal, out, at = np.diagonal(gram), np.empty(len(gram)), 0
    for c in columns:
        out[at : at + c.width], at = float(diagonal[at : at + c.fan_in].mean()), at + c.width
    return np.maximum(out, 1e-6 * float(diagonal.mean()))


def channel_groups(patterns: list[Array]) -> list[tuple[Array, Array]]:
    """Channels that share one Gram matrix in every use: their rows, and the pattern in each use."""
    kinds, which = np.unique(np.stack(patterns), axis=1, return_inverse=True)
    return [(np.nonzero(which.ravel() == k)[0], kinds[:, k]) for k in range(kinds.shape[1])]
