"""Everything one sweep knows of the samples it works on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Demand
from snnopt.runtime.adjoint import Wanted
from snnopt.runtime.forward import Activity, step_mask
from snnopt.runtime.profiles import Profiles
from snnopt.runtime.workspace import FRESH, Workspace

Array = NDArray[Any]


@dataclass(eq=False)
class Batch:
    """Samples, and what the words of a sweep have found for them so far.

    Attributes
    ----------
    data : inputs by name, [T, N, n] or [1, N, n].
    targets : labels [N] or targets [N, units], by output.
    lengths : number of steps that count, by sample [N]; None for all.
    activity : the rollout, by population.
    profiles, seen : the functional that each loss takes, as weights in time, and its value m [N, units].
    features : what read-out weights are multiplied with, by block.
    loss, accuracy : of the rollout, before the sweep's updates.
    solved_loss, solved_accuracy, solved : the same after the read-outs are solved, and the weights at that point.
    demands : on each population's current, gradient units.
    asked, wanted : moves of the potentials, by hidden layer: as the demands have them, and as far as they are taken.
    taken : share of its move that a layer's potentials have taken since the demands were passed, where it is not all.
    rho : the penalties chosen.
    predicted_readout, predicted_weights : decrease of the objective that the models promise for the updates made.
    workspace : where large arrays are written.
    """

    data: dict[str, Array]
    targets: dict[str, Array]
    lengths: Array | None = None
    activity: dict[str, Activity] = field(default_factory=dict)
    profiles: dict[Hashable, Profiles] = field(default_factory=dict)
    seen: dict[Hashable, Array] = field(default_factory=dict)
    features: dict[str, list[list[Array]]] = field(default_factory=dict)
    loss: float = float("nan")
    accuracy: float = float("nan")
    solved_loss: float = float("nan")
    solved_accuracy: float = float("nan")
    solved: dict[str, Array] = field(default_factory=dict)
    demands: dict[str, Demand] = field(default_factory=dict)
    asked: dict[str, Wanted] = field(default_factory=dict)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    rho: dict[str, float] = field(default_factory=dict)
    predicted_readout: float = 0.0
    predicted_weights: float = 0.0
    workspace: Workspace = FRESH
    _rates: dict[str, tuple[Activity, float]] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        """Number of samples."""
        return next(iter(self.data.values())).shape[1]

    @property
    def signals(self) -> dict[str, Array]:
        """Inputs and spikes by name."""
        return self.data | {n: a.output for n, a in self.activity.items()}

    def again(self, workspace: Workspace = FRESH) -> Batch:
        """The same samples, nothing found for them yet."""
        return Batch(self.data, self.targets, self.lengths, workspace=workspace)

    @cached_property
    def mask(self) -> Array | None:
        """1 for the steps that count, [T, N]; None for all."""
        if self.lengths is None:
            return None
        some = next(iter(self.activity.values())).potentials
        return step_mask(self.lengths, len(some), some.dtype)

    def take(self, layer: str, damping: float) -> None:
        """Move a layer's potentials by ``damping`` of what they have left of the move that is asked for."""
        before = self.taken.get(layer, 0.0)
        self.taken[layer] = share = before + damping * (1 - before)
        asked = self.asked[layer]
        scale = asked.current.dtype.type(share)
        self.wanted[layer] = asked if share == 1 else Wanted(scale * asked.potentials, scale * asked.current)

    def firing_rates(self) -> dict[str, float]:
        """Spikes per neuron and step, by layer."""
        return {n: self.firing_rate(n) for n, a in self.activity.items() if a.spikes is not None}

    def firing_rate(self, layer: str) -> float:
        """Spikes per neuron and step of one layer."""
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
