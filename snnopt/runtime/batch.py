"""Everything one sweep knows of the samples it works on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Demand
from snnopt.runtime.adjoint import Wanted
from snnopt.runtime.forward import Activity, step_mask
from snnopt.runtime.profiles import Profiles
from snnopt.runtime.sums.entries import Entries, marks_of
from snnopt.runtime.sums.found import Found, Stage
from snnopt.runtime.sums.sums import Sums
from snnopt.runtime.workspace import FRESH, Workspace

Array = NDArray[Any]


@dataclass(eq=False)
class Batch(Found):
    """Samples at hand, and what the words of a sweep have found for them so far; the numbers are those of :class:`Found`.

    Attributes
    ----------
    data : inputs by name, [T, N, n] or [1, N, n].
    targets : labels [N] or targets [N, units], by output.
    lengths : number of steps that count, by sample [N]; None for all.
    activity : the rollout, by population.
    profiles, seen : the functional that each loss takes, as weights in time, and its value m [N, units].
    features : what read-out weights are multiplied with, by block.
    weights : what they were rolled out with, but for read-outs that were solved since.
    outside : demands from outside on the spikes of the cell that is next in the pass back.
    counts : demands of losses on counted spikes, by layer.
    full : demands on the spikes of layers that feed themselves, the last step first, as the pass back goes on.
    demands : on each population's current, gradient units.
    asked, wanted : moves of the potentials, by hidden layer: as the demands have them, and as far as they are taken.
    workspace : where large arrays are written.
    """

    data: dict[str, Array]
    targets: dict[str, Array]
    lengths: Array | None = None
    activity: dict[str, Activity] = field(default_factory=dict)
    profiles: dict[Hashable, Profiles] = field(default_factory=dict)
    seen: dict[Hashable, Array] = field(default_factory=dict)
    features: dict[str, list[list[Array]]] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    outside: dict[str, Demand] = field(default_factory=dict)
    full: dict[str, list[Array]] = field(default_factory=dict)
    counts: dict[str, Demand] = field(default_factory=dict)
    demands: dict[str, Demand] = field(default_factory=dict)
    asked: dict[str, Wanted] = field(default_factory=dict)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    workspace: Workspace = FRESH
    _rates: dict[str, tuple[Activity, float]] = field(default_factory=dict, repr=False)
    _entries: dict[tuple[tuple[int, int, int], int], Entries] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:  # noqa: D102
        return next(iter(self.data.values())).shape[1]

    @property
    def counted(self) -> float:  # noqa: D102
        steps = len(next(iter(self.activity.values())).potentials)
        return float(steps * self.count if self.lengths is None else self.lengths.sum())

    @property
    def looked(self) -> Batch:  # noqa: D102
        return self

    @property
    def together(self) -> bool:  # noqa: D102
        return False

    def run(self, passes: Any, stages: list[Stage]) -> Sums:  # noqa: D102
        return Sums(reduce(or_, [passes.run(s, self).values for s in stages]))

    def entries(self, shape: tuple[int, int, int], total: float, enough: int) -> Entries:
        """The entries of [T, N, n] arrays that quantiles look at, found once for arrays of one shape."""
        key = (shape, enough)
        if key not in self._entries:
            self._entries[key] = Entries.of(shape, self._marks, total, enough, self.mask)
        return self._entries[key]

    @cached_property
    def _marks(self) -> Array:
        return marks_of(self.data)

    @property
    def signals(self) -> dict[str, Array]:
        """Inputs and spikes by name."""
        return self.data | {n: a.output for n, a in self.activity.items()}

    def again(self, workspace: Workspace = FRESH) -> Batch:
        """The same samples, nothing found for them yet."""
        found = Batch(self.data, self.targets, self.lengths, workspace=workspace)
        found._entries = self._entries
        return found

    @cached_property
    def mask(self) -> Array | None:
        """1 for the steps that count, [T, N]; None for all."""
        if self.lengths is None:
            return None
        some = next(iter(self.activity.values())).potentials
        return step_mask(self.lengths, len(some), some.dtype)

    def take(self, layer: str, damping: float) -> None:  # noqa: D102
        self.wanted[layer] = self.asked[layer].times(self.share_taken(layer, damping))

    def firing_rates(self) -> dict[str, float]:  # noqa: D102
        return {n: self.firing_rate(n) for n, a in self.activity.items() if a.spikes is not None}

    def firing_rate(self, layer: str) -> float:  # noqa: D102
        activity = self.activity[layer]
        known = self._rates.get(layer)
        if known is None or known[0] is not activity:
            assert activity.spikes is not None
            self._rates[layer] = known = (activity, self.mean(activity.spikes))
        return known[1]

    def mean(self, x: Array, some: slice = slice(None)) -> float:
        """Mean of an array [T, N, n] over samples, units and the steps that count; ``some`` says which samples it is of."""
        if self.mask is None and x.dtype == bool:
            return float(np.count_nonzero(x) / x.size)
        if self.mask is None:
            return float((x.reshape(-1, x.shape[2]) @ np.ones(x.shape[2], x.dtype)).sum(dtype=np.float64) / x.size)
        mask = self.mask[:, some]
        return float((x * mask[:, :, None]).sum() / (mask.sum() * x.shape[2]))

    def subset(self, share: float) -> tuple[dict[str, Array], Array | None]:
        """Signals and mask of an evenly spread ``share`` of the samples (views)."""
        stride = max(1, round(1 / share))
        mask = None if self.mask is None else self.mask[:, ::stride]
        return {n: x[:, ::stride] for n, x in self.signals.items()}, mask
