"""Everything one sweep knows of the samples it works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from snnopt.runtime.adjoint import Demand, Wanted
from snnopt.runtime.forward import Activity

Array = NDArray[Any]


@dataclass(eq=False)
class Batch:
    """Samples, and what the words of a sweep have found for them so far.

    Attributes
    ----------
    data : inputs by name, [T, N, n] or [1, N, n].
    targets : labels [N] or targets [N, units], by output.
    activity : the rollout, by population.
    features, potentials : read-out features x [N, k] and window means m [N, units], by output.
    loss, accuracy : of the rollout, before the sweep's updates.
    solved_loss, solved_accuracy, solved : the same after the read-outs are solved, and the weights at that point.
    demands : on each population's current, gradient units.
    wanted : moves of the potentials, by hidden layer.
    rho : the penalties chosen.
    predicted_readout, predicted_weights : decrease of the objective that the models promise for the updates made.
    """

    data: dict[str, Array]
    targets: dict[str, Array]
    activity: dict[str, Activity] = field(default_factory=dict)
    features: dict[str, Array] = field(default_factory=dict)
    potentials: dict[str, Array] = field(default_factory=dict)
    loss: float = float("nan")
    accuracy: float = float("nan")
    solved_loss: float = float("nan")
    solved_accuracy: float = float("nan")
    solved: dict[str, Array] = field(default_factory=dict)
    demands: dict[str, Demand] = field(default_factory=dict)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    rho: dict[str, float] = field(default_factory=dict)
    predicted_readout: float = 0.0
    predicted_weights: float = 0.0

    @property
    def count(self) -> int:
        """Number of samples."""
        return next(iter(self.data.values())).shape[1]

    @property
    def signals(self) -> dict[str, Array]:
        """Inputs and spikes by name."""
        return self.data | {n: a.output for n, a in self.activity.items()}

    def firing_rates(self) -> dict[str, float]:
        """Spikes per neuron and step, by layer."""
        return {n: self.firing_rate(n) for n, a in self.activity.items() if a.spikes is not None}

    def firing_rate(self, layer: str) -> float:
        """Spikes per neuron and step of one layer."""
        spikes = self.activity[layer].spikes
        assert spikes is not None
        return float(spikes.mean())

    def subset(self, share: float) -> dict[str, Array]:
        """Signals of an evenly spread ``share`` of the samples (a view)."""
        stride = max(1, round(1 / share))
        return {n: x[:, ::stride] for n, x in self.signals.items()}
