"""What a loss sees of its output, and what it asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Demand, Separable
from snnopt.blocks import LOSS_FUNCTIONS, Binding
from snnopt.program import Term
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Wiring
from snnopt.runtime.profiles import Profiles, peak_profiles, window_profiles
from snnopt.runtime.wires import lagged
from snnopt.split import distinct_kernels

Array = NDArray[Any]


class LossView(ABC):
    """One loss term. ``batch.seen[view]`` is m [N, units], the functional of the output that the loss takes."""

    def __init__(self, term: Term) -> None:
        self.term, self.function = term, LOSS_FUNCTIONS[term.kind]

    @abstractmethod
    def look(self, batch: Batch) -> None:
        """Start ``batch.seen[self]`` from the rollout."""

    @abstractmethod
    def demand(self, batch: Batch) -> Demand:
        """Minus the gradient of the scaled loss, summed over samples: on the current of a read-out, on counted spikes."""

    def sums(self, batch: Batch) -> tuple[float, float]:
        """The scaled loss, and the number of samples that are classified right (NaN for real targets), over samples."""
        m, target = batch.seen[self], batch.targets[self.term.owner]
        loss = self.term.scale * float(self.function.values(m, target).sum(dtype=np.float64))
        return loss, float(np.count_nonzero(m.argmax(1) == target)) if target.ndim == 1 else float("nan")

    def slope(self, batch: Batch) -> Array:
        """The scaled loss's gradient in m, [N, units], not divided by the number of samples."""
        m = batch.seen[self]
        return m.dtype.type(self.term.scale) * self.function.gradient(m, batch.targets[self.term.owner])


class MembraneView(LossView):
    """A loss on the mean potential of a window, or on the largest potential (its step frozen at the rollout's).

    ``look`` finds the part of m that no learned map makes; read-out blocks add theirs. ``rule`` is the closed form of a
    read-out without weights, whose update is the demand.
    """

    def __init__(self, term: Term, wiring: Wiring, steps: int, rule: Any = None) -> None:
        super().__init__(term)
        self.rule = rule
        coupling = wiring.program.by_name[term.owner]
        self.steps, self.dtype, self.units = steps, wiring.dtype, coupling.size
        self.fixed = [w for w in wiring.incoming[term.owner] if not w.map.learned]
        self.spaces, self.of_unit = distinct_kernels(coupling.dynamics, coupling.size)
        self._whole: Profiles | None = None

    def look(self, batch: Batch) -> None:  # noqa: D102
        profiles = batch.profiles[self] = self._profiles(batch)
        m = np.zeros((batch.count, self.units), self.dtype)
        for wire in self.fixed:
            x = lagged(batch.signals[wire.map.source], wire.map.lag, self.steps)
            parts = [wire.current(weighted(p, x), None, None) for p in profiles.values]
            m += parts[0] if len(parts) == 1 else np.stack(parts)[profiles.of_unit, :, np.arange(self.units)].T
        batch.seen[self] = m

    def demand(self, batch: Batch) -> Separable:  # noqa: D102
        m, target = batch.seen[self], batch.targets[self.term.owner]
        asked = self.rule.solve(self.function, m, target, self.term.scale) if self.rule else -self.slope(batch)
        return Separable(batch.profiles[self].spread(), asked)

    def _profiles(self, batch: Batch) -> Profiles:
        if self.term.over == ("max", 0):
            potentials = batch.activity[self.term.owner].potentials
            return peak_profiles(self.spaces, self.of_unit, potentials, batch.mask)
        if batch.lengths is not None:
            return window_profiles(self.spaces, self.of_unit, self.term, self.steps, batch.lengths, self.dtype)
        if self._whole is None:
            self._whole = window_profiles(self.spaces, self.of_unit, self.term, self.steps, None, self.dtype)
        return self._whole


class CountView(LossView):
    """A loss on the number of spikes of an output layer; linearised, its demand is the same at every step."""

    def look(self, batch: Batch) -> None:  # noqa: D102
        spikes = batch.activity[self.term.owner].spikes
        assert spikes is not None
        batch.seen[self] = spikes.sum(0)

    def demand_at(self, counts: Array, target: Array) -> Array:
        """What the loss asks of every spike, [N, units], at these numbers of spikes."""
        return -counts.dtype.type(self.term.scale) * self.function.gradient(counts, target)

    def demand(self, batch: Batch) -> Separable:  # noqa: D102
        value = -self.slope(batch)
        steps = len(batch.activity[self.term.owner].potentials)
        counted = np.ones((steps, 1), value.dtype) if batch.mask is None else batch.mask
        return Separable(counted[:, :, None], value)


def weighted(profile: Array, x: Array) -> Array:
    """``sum_t h[t] x[t]`` [N, n] for a profile [T, N or 1] and a signal [T or 1, N, n]."""
    if len(x) == 1:
        return profile.sum(0)[:, None] * x[0]
    if profile.shape[1] == 1:
        return (profile[:, 0] @ x.reshape(len(x), -1)).reshape(x.shape[1:])
    return np.asarray(np.einsum("tn,tnk->nk", profile, x))


def judge(views: Sequence[LossView], batch: Batch) -> tuple[float, float]:
    """The mean over samples of the sum of the scaled losses, and the accuracy."""
    return judged(views, [view.sums(batch) for view in views], batch.count)


def judged(views: Sequence[LossView], sums: Sequence[tuple[float, float]], count: int) -> tuple[float, float]:
    """Means over ``count`` samples from the sums of each view: of the losses, and over outputs with labels, by their first loss,
    of the accuracy; NaN without any.
    """
    found = [(view.term.owner, *pair) for view, pair in zip(views, sums, strict=True)]
    hits = {owner: hit / count for owner, _, hit in reversed(found) if not np.isnan(hit)}
    return sum(loss for _, loss, _ in found) / count, float(np.mean(list(hits.values()))) if hits else float("nan")


def loss_views(wiring: Wiring, steps: int, bindings: Sequence[Binding] = ()) -> list[LossView]:
    """A view for each loss term, in the user's order."""
    fixed = {b.block.layers[0]: b.rule for b in bindings if b.block.kind == "readout" and not b.block.variables}
    return [
        CountView(t) if t.over == ("count", 0) else MembraneView(t, wiring, steps, fixed.get(t.owner))
        for t in wiring.program.losses
    ]
