"""How far potentials stay from their thresholds, and how much of a spike train hangs on rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from snnopt.metrics.trial import trial

QUANTILES = (0.001, 0.01, 0.1, 0.5)


@dataclass(frozen=True)
class Margin:
    """Of one layer, over all its neurons, samples and steps that count.

    Attributes
    ----------
    least : ``min |v - theta|``, in volts.
    quantiles : of ``|v - theta|``, by share.
    roundings : ``|v - theta|`` of the closest decision in units of the distance of neighbouring numbers at theta, in the dtype
        that was computed in: below about the number of synapses of a neuron, adding its current up in another order may turn
        that decision round.
    """

    least: float
    quantiles: dict[float, float]
    roundings: float


def margins(
    model: object,
    data: object = None,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> dict[str, Margin]:
    """Margins ``|v - theta|`` of every layer that spikes, by name; arguments as in :func:`trial`."""
    run = trial(model, data, weights=weights, timesteps=timesteps, lengths=lengths)
    out = {}
    for coupling in run.spiking:
        assert coupling.dynamics.threshold is not None
        v = run.activity[coupling.name].potentials
        theta = np.broadcast_to(coupling.dynamics.threshold.astype(v.dtype), v.shape)[run.counted]
        gap = np.abs(v[run.counted] - theta)
        found = np.quantile(gap, QUANTILES)
        out[coupling.name] = Margin(
            least=float(gap.min()),
            quantiles={q: float(x) for q, x in zip(QUANTILES, found, strict=True)},
            roundings=float((gap / np.spacing(np.abs(theta))).min()),
        )
    return out
