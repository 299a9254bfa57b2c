"""Firing-rate budgets, made certain at the end: biases are moved until the training set keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import AffineCoupling
from snnopt.runtime.bias import nearer_to_firing
from snnopt.runtime.evaluate import pieces
from snnopt.runtime.forward import Wiring
from snnopt.runtime.sampled import Sampled
from snnopt.split import spike_budgets

Array = NDArray[Any]

NUDGE = 0.1
"""Shift of a layer's bias current in an iteration, in thresholds, over the relative excess of its rate."""
HALVINGS = 16
"""Of the interval in which the shift of a layer's bias current is found."""
LARGEST = 1e6
"""Shift of a layer's bias current, in thresholds, beyond which none is tried."""
PASSES = 4
"""Over all layers; more than two only where spikes feed back."""


def keep_budgets(
    wiring: Wiring, weights: dict[str, Array], samples: Sampled, note: Callable[[str], None]
) -> dict[str, Array]:
    """Return weights with which every budget holds on these samples, sources first.

    A layer over its budget has its bias current moved away from firing by the least shift, found by bisection, that brings
    it back. A layer that no shift brings back keeps its weights, and is noted.
    """
    budgets, program = spike_budgets(wiring.program), wiring.program
    layers = [program.by_name[n] for cell in program.cells for n in cell if n in budgets]
    for _ in range(PASSES):
        before, over = weights, []
        for c in layers:
            found = _kept(c, wiring, weights, samples, budgets[c.name])
            over += [c] if found is None else []
            weights = weights if found is None else found
        if weights is before:
            break
    else:
        over = [c for c in layers if _rate(wiring, weights, samples, c.name) > budgets[c.name]]
    for c in over:
        note(
            f"layer {c.name!r} fires more on the training set than its budget of {budgets[c.name]:.3g}, and no shift of its "
            "bias brings it back; raise the budget or its threshold"
        )
    return weights


def nudged(wiring: Wiring, weights: dict[str, Array], rates: dict[str, float], steps: int) -> dict[str, Array]:
    """Return weights with the bias of every layer over its budget moved from firing, by ``NUDGE`` of the relative excess.

    For full batches, where spikes that are far from their threshold do not flip however dear they get.
    """
    for layer, budget in spike_budgets(wiring.program).items():
        if rates[layer] > budget:
            weights = _calmed(wiring.program.by_name[layer], weights, NUDGE * (rates[layer] / budget - 1), steps)
    return weights


def _kept(
    coupling: AffineCoupling, wiring: Wiring, weights: dict[str, Array], samples: Sampled, budget: float
) -> dict[str, Array] | None:
    """The weights with the layer's bias moved by the least shift that keeps its budget, if any; None where no shift does."""
    if _rate(wiring, weights, samples, coupling.name) <= budget:
        return weights

    def over(shift: float) -> bool:
        moved = _calmed(coupling, weights, shift, samples.steps)
        return _rate(wiring, moved, samples, coupling.name) > budget

    low, high = 0.0, 1.0
    while over(high):
        if high > LARGEST:
            return None
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if over(middle) else (low, middle)
    return _calmed(coupling, weights, high, samples.steps)


def _calmed(coupling: AffineCoupling, weights: dict[str, Array], shift: float, steps: int) -> dict[str, Array]:
    moved = nearer_to_firing(coupling, weights, -shift, steps)
    assert moved is not None, "split refuses budgets without a bias"
    return moved


def _rate(wiring: Wiring, weights: dict[str, Array], samples: Sampled, layer: str) -> float:
    """Spikes per neuron and step of one layer, on all samples."""
    spikes = steps = 0.0
    for _, batch in pieces(wiring, weights, samples):
        activity = batch.activity[layer]
        assert activity.spikes is not None
        spikes += float(activity.spikes.sum(dtype=np.float64))
        counted = activity.spikes.shape[0] * batch.count if batch.mask is None else float(batch.mask.sum())
        steps += counted * activity.spikes.shape[2]
    return spikes / steps
