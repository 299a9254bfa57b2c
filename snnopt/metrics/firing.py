"""How often neurons fire, and which never or always do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from snnopt.metrics.trial import Trial, trial


@dataclass(frozen=True)
class LayerFiring:
    """One spiking layer.

    Attributes
    ----------
    neurons : how many.
    rate : spikes per neuron and step that counts.
    spikes : spikes of the layer per sample.
    dead, saturated : neurons that fired never, or at every step that counts, in all samples.
    """

    neurons: int
    rate: float
    spikes: float
    dead: int
    saturated: int


def firing(
    model: object,
    data: object = None,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> dict[str, LayerFiring]:
    """Rates, dead and saturated neurons of every layer that spikes, by name; arguments as in :func:`trial`."""
    run = trial(model, data, weights=weights, timesteps=timesteps, lengths=lengths)
    steps = int(run.lengths.sum())
    out = {}
    for coupling in run.spiking:
        found = spike_counts(run, coupling.name)
        total = int(found.sum())
        out[coupling.name] = LayerFiring(
            neurons=coupling.size,
            rate=total / (coupling.size * steps),
            spikes=total / run.samples.count,
            dead=int((found == 0).sum()),
            saturated=int((found == steps).sum()),
        )
    return out


def activation_sparsity(
    model: object,
    data: object = None,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> float:
    """``1 - spikes / (neurons x steps x samples)`` over all layers that spike; NaN where none does.

    NeuroBench's ActivationSparsity: zero activations over all activations, of all layers, steps and samples. Read-outs that do
    not spike have no activations here. Of series with lengths only the steps that count do. Arguments as in :func:`trial`.
    """
    run = trial(model, data, weights=weights, timesteps=timesteps, lengths=lengths)
    places = sum(c.size for c in run.spiking) * int(run.lengths.sum())
    spikes = sum(int(spike_counts(run, c.name).sum()) for c in run.spiking)
    return 1 - spikes / places if places else float("nan")


def spike_counts(run: Trial, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Spikes of each neuron over all steps and samples, [n]."""
    spikes = run.activity[name].spikes
    assert spikes is not None
    return np.count_nonzero(spikes, axis=(0, 1))
