"""Firing-rate budgets, made certain at the end: biases are lowered until the training set keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import Program
from snnopt.runtime.data import Samples
from snnopt.runtime.evaluate import pieces
from snnopt.runtime.forward import Wiring

Array = NDArray[Any]

NUDGE = 0.1
"""Shift of a layer's bias current in an iteration, in thresholds, over the relative excess of its rate."""
HALVINGS = 16
"""Of the interval in which the shift of a layer's bias current is found."""


def budgets_of(program: Program) -> dict[str, float]:
    """Spikes per neuron and step that each layer may fire at most."""
    out: dict[str, float] = {}
    for t in program.terms:
        if t.kind == "spike_budget":
            out[t.owner] = min(out.get(t.owner, np.inf), dict(t.parameters)["rate"])
    return out


def keep_budgets(wiring: Wiring, weights: dict[str, Array], samples: Samples) -> dict[str, Array]:
    """Return weights with which every budget holds on these samples, sources first.

    A layer over its budget has its bias current lowered by the least shift, found by bisection, that brings it back.
    """
    for layer, budget in budgets_of(wiring.program).items():
        if _rate(wiring, weights, samples, layer) <= budget:
            continue
        low, high = 0.0, 1.0
        while _rate(wiring, _shifted(wiring, weights, layer, high), samples, layer) > budget:
            low, high = high, 2 * high
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            over = _rate(wiring, _shifted(wiring, weights, layer, middle), samples, layer) > budget
            low, high = (middle, high) if over else (low, middle)
        weights = _shifted(wiring, weights, layer, high)
    return weights


def nudged(wiring: Wiring, weights: dict[str, Array], rates: dict[str, float]) -> dict[str, Array]:
    """Return weights with the bias current of every layer over its budget lowered a little, by ``NUDGE`` of the relative excess.

    For full batches, where spikes that are far from their threshold do not flip however dear they get.
    """
    for layer, budget in budgets_of(wiring.program).items():
        if rates[layer] > budget:
            weights = _shifted(wiring, weights, layer, NUDGE * (rates[layer] / budget - 1))
    return weights


def _shifted(wiring: Wiring, weights: dict[str, Array], layer: str, shift: float) -> dict[str, Array]:
    """The weights with the layer's bias current lowered by ``shift`` thresholds."""
    coupling = wiring.program.by_name[layer]
    assert coupling.dynamics.threshold is not None
    name = next(m.bias for m in coupling.maps if m.bias is not None)
    volts = shift * float(np.mean(coupling.dynamics.threshold))
    return weights | {name: (weights[name] - volts).astype(weights[name].dtype)}


def _rate(wiring: Wiring, weights: dict[str, Array], samples: Samples, layer: str) -> float:
    """Spikes per neuron and step of one layer, on all samples."""
    spikes = steps = 0.0
    for _, batch in pieces(wiring, weights, samples):
        activity = batch.activity[layer]
        assert activity.spikes is not None
        spikes += float(activity.spikes.sum(dtype=np.float64))
        counted = activity.spikes.shape[0] * batch.count if batch.mask is None else float(batch.mask.sum())
        steps += counted * activity.spikes.shape[2]
    return spikes / steps
