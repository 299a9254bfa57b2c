"""Read-out blocks: running Gram sums of what their losses see, and the bound closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import ReadoutStep
from snnopt.blocks import Binding
from snnopt.runtime.copies import SplitWeights
from snnopt.runtime.readout import ReadoutUses
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stacking import l2_of_columns, mask_of, stack, unstack
from snnopt.runtime.statistics import Gram
from snnopt.runtime.sums.found import Found
from snnopt.runtime.sums.passes import gram_of
from snnopt.runtime.weights import channel_groups

Array = NDArray[Any]


class ReadoutSolver:
    """One read-out block: its losses' sums of squares and slopes add up, whatever their number."""

    def __init__(
        self, binding: Binding, uses: ReadoutUses, settings: ReadoutStep, split: SplitWeights | None = None
    ) -> None:
        self.split = split
        self.block, self.rule, self.settings, self.uses = binding.block, binding.rule, settings, uses
        self.curvatures = [s.view.term.scale * s.view.function.curvature for s in self.uses.seen]
        self.curvature = max(self.curvatures, default=0.0) or 1.0
        self.lam, self.mask = l2_of_columns(self.block), mask_of(self.block)
        self.groups = channel_groups([s.channel_pattern for s in self.uses.seen]) if self.uses.seen else []
        self.grams: list[Gram] | None = None

    def update(
        self, weights: Mapping[str, Array], batch: Found, totals: Mapping[str, Any], fade: float, damping: float = 1.0
    ) -> dict[str, Array]:
        """Take a majorised Newton step, ``damping`` of it, by the sums ``totals`` of a batch.

        Returns the changed variables; the batch is told of the decrease of the objective that the majoriser promises.
        """
        columns, count = self.uses.columns, batch.count
        w = stack(columns, weights)
        self._collect(totals)
        assert self.grams is not None
        gradient = totals[f"{self.block.name}/cross"] / w.dtype.type(count)
        eta = self.settings.eta * (fade if self.settings.fades else 1.0)
        change, slope = np.empty_like(w), gradient.T + self.lam.astype(w.dtype) * w
        curvature, each = self.curvature, [self._gram(patterns) for _, patterns in self.groups]
        grams = each[0][None] if len(each) == 1 else np.stack(each)
        if self.split is not None:
            (held,), pulled = self.split.hold([w.dtype.type(curvature) * grams], -gradient, w)
            grams, gradient = held / w.dtype.type(curvature), -pulled
        for (rows, _), gram in zip(self.groups, grams, strict=True):
            least = float(np.finfo(gram.dtype).tiny) * 1e6  # where no feature is ever active
            proximal = self.settings.ridge * max(float(np.trace(gram)) / len(gram), least)
            mask = () if self.mask is None else (self.mask[rows],)
            rule: Any = self.rule
            change[rows] = rule.solve(gram, gradient[:, rows], w[rows], self.lam, curvature, proximal, eta, *mask)
        if damping < 1:
            change, eta = w.dtype.type(damping) * change, damping * eta
        if self.split is not None:
            change = self.split.step(w, change) - w
        batch.promises.append(lambda: -float(np.sum(slope * change)) * (1 - eta / 2))
        return unstack(columns, w + change)

    def snapshot(self) -> Tree:
        """The running sums."""
        return None if self.grams is None else [[g.total, g.count] for g in self.grams]

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        self.grams = None if tree is None else [Gram(total, count) for total, count in tree]

    def _collect(self, totals: Mapping[str, Any]) -> None:
        memory, old = self.settings.memory, self.grams
        fresh = [gram_of(totals, f"{self.block.name}/{k}") for k in range(len(self.uses.seen))]
        keep = memory and old is not None
        self.grams = [g.after(o, memory) for o, g in zip(old or (), fresh, strict=True)] if keep else fresh

    def _gram(self, patterns: Array) -> Array:
        """Sum over the losses of their means ``x x'``, each in units of the largest curvature."""
        assert self.grams is not None
        if len(self.grams) == 1:
            return self.grams[0].mean[patterns[0]]
        parts = zip(self.grams, self.curvatures, patterns, strict=True)
        return np.sum([g.weighted(c / self.curvature)[p] for g, c, p in parts], 0)
