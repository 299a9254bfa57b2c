"""Read-out weights: what losses see as a product of the weights with features of the rollout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Wiring
from snnopt.runtime.profiles import Profiles
from snnopt.runtime.stacking import stack
from snnopt.runtime.statistics import Gram
from snnopt.runtime.views import LossView, MembraneView, weighted
from snnopt.runtime.wires import lagged
from snnopt.split import Columns, WeightUse, columns, weight_groups

Array = NDArray[Any]


class SeenUse:
    """One use of a group of read-out weights as one loss sees it: ``m = W x``, x [N, positions, k] for each pattern.

    A pattern is a row of profiles over positions that some channels share; with one profile for all units there is one.
    """

    def __init__(self, use: WeightUse, cols: tuple[Columns, ...], view: MembraneView, wiring: Wiring) -> None:
        self.use, self.columns, self.view = use, cols, view
        self.parts = [[wiring.wire(m) for m in part] for part in use.parts]
        self.biased = [sum(m.bias is not None for m in part) for part in use.parts]
        whose = np.arange(view.units) if view.term.over == ("max", 0) else view.of_unit
        self.patterns, which = np.unique(whose.reshape(use.channels, use.positions), axis=0, return_inverse=True)
        self.channel_pattern = which.ravel()
        self.rows = [np.nonzero(self.channel_pattern == p)[0] for p in range(len(self.patterns))]

    def features(self, signals: Mapping[str, Array], profiles: Profiles) -> list[Array]:
        """x, [N, positions, k], by pattern."""
        by_profile = [self._of_profile(signals, p) for p in profiles.values]
        if len(by_profile) == 1:
            return by_profile
        at = np.arange(self.use.positions)
        return [np.stack([by_profile[g][:, k] for k, g in zip(at, row, strict=True)], 1) for row in self.patterns]

    def potentials(self, x: list[Array], matrix: Array) -> Array:
        """``W x`` as [N, units]."""
        if len(x) == 1 and self.use.positions == 1:
            return x[0][:, 0] @ matrix.T
        out = np.empty((len(x[0]), self.use.channels, self.use.positions), matrix.dtype)
        for part, rows in zip(x, self.rows, strict=True):
            out[:, rows] = np.swapaxes(part @ matrix[rows].T, 1, 2)
        return out.reshape(len(out), -1)

    def gram(self, x: list[Array]) -> Gram:
        """``sum x x'`` over samples and positions, by pattern."""
        flat = [part.reshape(-1, part.shape[-1]) for part in x]
        return Gram(np.stack([f.T @ f for f in flat]), float(len(x[0])))

    def cross(self, x: list[Array], slope: Array) -> Array:
        """``sum x slope'`` [k, channels] for a slope on m [N, units]."""
        if len(x) == 1 and self.use.positions == 1:
            return x[0][:, 0].T @ slope
        by_channel = slope.reshape(len(slope), self.use.channels, self.use.positions)
        out = np.empty((x[0].shape[-1], self.use.channels), slope.dtype)
        for part, rows in zip(x, self.rows, strict=True):
            wanted = np.swapaxes(by_channel[:, rows], 1, 2).reshape(-1, len(rows))
            out[:, rows] = part.reshape(-1, part.shape[-1]).T @ wanted
        return out

    def _of_profile(self, signals: Mapping[str, Array], profile: Array) -> Array:
        parts: list[Array] = []
        for part, column, biased in zip(self.parts, self.columns, self.biased, strict=True):
            total: Any = 0
            for wire in part:
                x = lagged(signals[wire.map.source], wire.map.lag, self.view.steps)
                p = wire.patches(weighted(profile, x))
                total = total + (p[:, None] if self.use.positions == 1 else p)
            parts.append(total)
            if column.bias is not None:
                drive = np.broadcast_to(biased * profile.sum(0)[:, None, None], (*total.shape[:2], 1))
                parts.append(drive.astype(total.dtype, copy=False))
        return np.concatenate(parts, -1) if len(parts) > 1 else parts[0]


class ReadoutUses:
    """A group of read-out weights, with each loss that sees each of its uses."""

    def __init__(self, uses: Sequence[WeightUse], views: Sequence[LossView], wiring: Wiring) -> None:
        self.columns = columns(tuple(uses))
        self.seen = [
            SeenUse(use, self.columns, view, wiring)
            for use in uses
            for view in views
            if isinstance(view, MembraneView) and view.term.owner == use.target.name
        ]

    def look(self, batch: Batch, weights: Mapping[str, Array]) -> list[list[Array]]:
        """Add the group's part to what its losses see; return the features of each of ``seen``."""
        features = [s.features(batch.signals, batch.profiles[s.view]) for s in self.seen]
        self.add(batch, features, stack(self.columns, weights))
        return features

    def add(self, batch: Batch, features: list[list[Array]], matrix: Array) -> None:
        """Add ``matrix x`` to what the losses see."""
        for seen, x in zip(self.seen, features, strict=True):
            batch.seen[seen.view] = batch.seen[seen.view] + seen.potentials(x, matrix)


def readout_uses(views: Sequence[LossView], wiring: Wiring) -> list[ReadoutUses]:
    """The groups of weights into outputs that are judged by their potentials."""
    judged = {v.term.owner for v in views if isinstance(v, MembraneView)}
    groups = weight_groups(wiring.program)
    return [ReadoutUses(g, views, wiring) for g in groups if g[0].target.name in judged]
