"""Starting weights, scaled so that every layer spikes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import Program
from snnopt.runtime.forward import Wiring, rollout
from snnopt.runtime.sampled import Sampled

Array = NDArray[Any]

CALIBRATION_SAMPLES = 256
LOW, HIGH = 0.02, 0.6
"""Firing rates between which a layer is left as drawn."""


def draw(program: Program, rng: np.random.Generator, dtype: np.dtype[Any]) -> dict[str, Array]:
    """Gaussian weights of variance 1/fan-in, biases a third of that; read-outs start at zero."""
    weights: dict[str, Array] = {}
    silent = {t.owner for t in program.losses if not program.by_name[t.owner].dynamics.spiking}
    for coupling in program.couplings:
        for m in coupling.maps:
            if m.weight is None or m.weight in weights:
                continue
            scale = 0.0 if coupling.name in silent else 1 / np.sqrt(m.fan_in)
            weights[m.weight] = (scale * rng.standard_normal((m.channels, m.fan_in))).astype(dtype)
            if m.mask is not None:
                fan_in = np.maximum(m.mask.sum(1, keepdims=True), 1)
                weights[m.weight] *= (m.mask * np.sqrt(m.fan_in / fan_in)).astype(dtype)
            if m.bias is not None:
                weights[m.bias] = (0.3 * scale * rng.standard_normal(m.channels)).astype(dtype)
    return weights


def calibrate(
    wiring: Wiring, weights: dict[str, Array], data: Mapping[str, Array], steps: int, lengths: Array | None = None
) -> dict[str, Array]:
    """Scale each layer's weights until it fires in a share of steps between LOW and HIGH on ``data``, sources first.

    Rates are those without the biases, so that the input makes the layer fire and not a constant. A layer whose rate is
    already there keeps its weights; otherwise their gain is found by bisection on a logarithmic scale. Input in any unit
    therefore works: 0 to 16, 0 to 255, or millivolts. ``lengths`` are the samples' numbers of steps [N].
    """
    share = 1.0 if lengths is None else float(lengths.mean()) / steps
    biases = {m.bias: weights[m.bias] for c in wiring.program.couplings for m in c.maps if m.bias is not None}
    weights = dict(weights) | {n: np.zeros_like(b) for n, b in biases.items()}
    for coupling in wiring.program.couplings:
        if not coupling.dynamics.spiking:
            continue
        own = [m.weight for m in coupling.maps if m.weight is not None]
        start = {n: weights[n] for n in own}
        low, high, gain = 0.0, np.inf, 1.0
        for _ in range(24):
            activity = rollout(wiring, weights, data, steps, readouts=False, lengths=lengths)[coupling.name]
            assert activity.spikes is not None
            rate = float(activity.spikes.mean()) / share
            if LOW <= rate <= HIGH:
                break
            low, high = (gain, high) if rate < LOW else (low, gain)
            gain = gain * 4 if high == np.inf else gain / 4 if low == 0 else float(np.sqrt(low * high))
            weights |= {n: (gain * w).astype(w.dtype) for n, w in start.items()}
        else:
            weights |= start
    return weights | biases


def starting_weights(wiring: Wiring, samples: Sampled, seed: int) -> dict[str, Array]:
    """The weights that a run with ``seed`` starts from, as matrices: random, such that every layer fires on the samples."""
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])
    some = slice(0, None, max(1, samples.count // CALIBRATION_SAMPLES))
    few, start = samples.take(some, wiring.dtype), draw(wiring.program, rng, wiring.dtype)
    return calibrate(wiring, start, few, samples.steps, samples.lengths_of(some))
