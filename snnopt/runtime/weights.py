"""Weight blocks: their running sums, their penalties, and the bound closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import WeightStep
from snnopt.backends import Outer
from snnopt.blocks import Binding, NormalEquations
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.runtime.copies import SplitWeights
from snnopt.runtime.renewal import Renewal
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stacking import l2_of_columns, mask_of, stack, unstack
from snnopt.runtime.statistics import Gram, UseFeatures
from snnopt.runtime.sums.found import Found
from snnopt.runtime.sums.passes import gram_of
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
        features: list[UseFeatures],
        inputs: set[str],
        settings: WeightStep,
        share: float,
        split: SplitWeights | None = None,
    ) -> None:
        self.split, self.features = split, features
        self.share = share
        self.block, self.settings = binding.block, settings
        self.rule: Any = binding.rule
        self.columns = self.block.columns
        self.groups = channel_groups([f.channel_pattern for f in self.features])
        maps = [m for u in self.block.uses for part in u.parts for m in part]
        self.static = settings.memory == 0 and all(m.source in inputs for m in maps)
        self.grams: list[Gram] | None = None
        self.renewal, self.waited = Renewal(settings.refresh), 0
        self.held: tuple[float, float] | None = None
        self.prepared: list[NormalEquations] = []
        self.lam = l2_of_columns(self.block)
        self.mask = mask_of(self.block)
        exact = self.split is not None or self.mask is not None or self.rule is not RidgeWeights
        self.rank = None if exact else settings.rank

    def wanted(self) -> float:
        """Called once a sweep: the share of the samples that new Gram sums are due of, 0 for none."""
        waited = self.renewal.due()
        self.waited = 0 if self.static and self.grams is not None else waited
        return min(1.0, self.waited * self.settings.gram_share)

    def update(self, weights: Mapping[str, Array], batch: Found, ridge: float, relaxation: float) -> dict[str, Array]:
        """Solve the block by a batch's totals.

        Returns the changed variables; the batch is told of the decrease of the objective that the linear model promises.
        """
        uses = [(f, batch.rho[f.use.target.name]) for f in self.features]
        if not any(rho for _, rho in uses):
            return {}
        self._collect(batch.totals)
        assert self.grams is not None
        if not any(g.active for g in self.grams):
            return {}  # no feature was active on the samples of the Gram sums, so that no scale of a step is known
        w0 = stack(self.columns, weights)
        crosses = [
            w0.dtype.type(batch.taken.get(f.use.target.name, 1.0) / batch.count)
            * batch.totals[f"{self.block.name}/{k}/cross"]
            for k, (f, rho) in enumerate(uses)
            if rho
        ]
        cross = crosses[0] if len(crosses) == 1 else np.sum(crosses, 0)
        change, scale = self._solved([rho for _, rho in uses], cross, w0, self.settings.ridge * ridge)
        change *= w0.dtype.type(relaxation * self.share * scale)
        w = w0 + change if self.split is None else self.split.step(w0, change)
        moved = change if self.split is None else w - w0
        batch.promises.append(
            lambda: float(np.vdot(cross, moved.T)) - float(self.lam @ np.einsum("ck,ck->k", w0, moved))
        )
        return unstack(self.columns, w)

    def snapshot(self) -> Tree:
        """The running sums, their age, and what their factor was made with."""
        if self.grams is None:
            return None
        held = None if self.held is None else [*self.held]
        return [[[g.total, g.count] for g in self.grams], self.renewal.snapshot(), held]

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        self.grams, self.held, self.prepared = None, None, []
        if tree is not None:
            grams, renewal, held = tree
            self.renewal.restore(renewal)
            self.grams = [Gram(total, count) for total, count in grams]
            if held is not None:
                self.held = (held[0], held[1])
                self.prepared = self._prepare(self._weighted([held[0]]), held[1])

    def _solved(self, rhos: list[float], cross: Array, w0: Array, ridge: float) -> tuple[Array, float]:
        """The change of the matrix [channels, k] before it is scaled, an array of its own, and that scale.

        The factor of one use's sums is kept until they are renewed, and scaled to the present rho: the same system is solved
        exactly, with the proximal weight ``mu = rho / rho_then (mu_then + lam) - lam``.
        """
        if self.split is not None:
            grams, cross = self.split.hold(self._weighted(rhos), cross, w0)
            return self._by_group(self._prepare(grams, ridge), cross, w0), 1.0
        if len(rhos) > 1:
            return self._by_group(self._prepare(self._weighted(rhos), ridge), cross, w0), 1.0
        (rho,) = rhos
        if self.renewal.age == 0 or self.held is None:
            self.held, self.prepared = (rho, ridge), self._prepare(self._weighted(rhos), ridge)
        return self._by_group(self.prepared, cross, w0), self.held[0] / rho

    def _weighted(self, rhos: list[float]) -> list[Array]:
        """Each use's mean Gram matrices, times its rho."""
        assert self.grams is not None
        return [g.weighted(rho) for rho, g in zip(rhos, self.grams, strict=True)]

    def _prepare(self, grams: list[Array], ridge: float) -> list[NormalEquations]:
        return prepare_by_group(self.rule, self.columns, self.groups, grams, self.lam, ridge, self.mask, self.rank)

    def _by_group(self, prepared: list[NormalEquations], cross: Array, w0: Array) -> Array:
        return solve_by_group(prepared, self.groups, cross, w0)

    def _collect(self, totals: Mapping[str, Any]) -> None:
        """Renew the sums where that was due."""
        waited, self.waited = self.waited, 0
        if not waited:
            return
        memory, old = self.settings.memory**waited, self.grams
        fresh = [gram_of(totals, f"{self.block.name}/{k}") for k in range(len(self.features))]
        self.grams = (
            fresh if not memory or old is None else [g.after(o, memory) for o, g in zip(old, fresh, strict=True)]
        )


def prepare_by_group(
    rule: Any,
    columns: tuple[Columns, ...],
    groups: list[tuple[Array, Array]],
    grams: list[Array],
    lam: Array,
    ridge: float,
    mask: Array | None,
    rank: int | None = None,
) -> list[NormalEquations]:
    """Factor a block, once for each group of channels with a common Gram matrix.

    ``grams`` are the uses' Gram matrices [patterns, k, k], each times its rho; ``ridge`` is relative to :func:`scales`. Those of
    more than ``2 rank`` features enter by an approximation of that rank, whose missing diagonal joins the damping: where the
    approximation sees nothing, a step is then no longer than each feature alone allows.
    """
    prepared = []
    for rows, patterns in groups:
        parts = [gram[p] for gram, p in zip(grams, patterns, strict=True)]
        g = parts[0] if len(parts) == 1 else np.sum(parts, 0)
        diagonal = np.diagonal(g)
        present = () if mask is None else (mask[rows],)
        # what keeps the system regular where two features are the same, or none is ever active
        least = max(4 * float(np.finfo(g.dtype).eps * diagonal.max()), float(np.finfo(g.dtype).tiny) * 1e6)
        damping = np.maximum(ridge * scales(diagonal, columns), least)
        if rank is None or len(g) <= 2 * rank:
            prepared.append(rule.prepare(g, lam, damping, *present))
        else:
            near = Outer.near(g, rank)
            prepared.append(rule.prepare(near, lam, damping + np.maximum(diagonal - near.diagonal, 0)))
    return prepared


def solve_by_group(
    prepared: list[NormalEquations], groups: list[tuple[Array, Array]], cross: Array, w0: Array
) -> Array:
    """The change of a block's matrix [channels, k]."""
    if len(groups) == 1:
        return prepared[0].solve(cross, w0)
    out = np.empty_like(w0)
    for (rows, _), equations in zip(groups, prepared, strict=True):
        out[rows] = equations.solve(cross[:, rows], w0[rows])
    return out


def scales(diagonal: Array, columns: tuple[Columns, ...]) -> Array:
    """The mean square of each weight's features, on all its columns and its bias's, [k], by a Gram matrix's diagonal.

    Per weight, so that the ridge means the same for spikes, for pixels in 0 to 255 and for currents in millivolts; a weight
    whose features are all zero gets a trace of the others' instead of nothing.
    """
    out, at = np.empty(len(diagonal)), 0
    for c in columns:
        out[at : at + c.width], at = float(diagonal[at : at + c.fan_in].mean()), at + c.width
    return np.maximum(out, 1e-6 * float(diagonal.mean()))


def channel_groups(patterns: list[Array]) -> list[tuple[Array, Array]]:
    """Channels that share one Gram matrix in every use: their rows, and the pattern in each use."""
    kinds, which = np.unique(np.stack(patterns), axis=1, return_inverse=True)
    return [(np.nonzero(which.ravel() == k)[0], kinds[:, k]) for k in range(kinds.shape[1])]
