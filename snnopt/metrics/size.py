"""What a network takes to store: NeuroBench's static metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from snnopt.metrics.subject import subject
from snnopt.metrics.trial import Trial
from snnopt.program import Program


@dataclass(frozen=True)
class Footprint:
    """Bytes by what they hold; ``total`` is their sum.

    Attributes
    ----------
    weights : synapses and biases, zeros included; a shared weight once.
    parameters : decays, thresholds and resets of neurons, once where a layer shares them.
    states : a number for each neuron and state of its dynamics.
    buffers : earlier outputs that a delay, a recurrent connection or a reset still reads: the longest lag of each source.
    """

    weights: float
    parameters: float
    states: float
    buffers: float

    @property
    def total(self) -> float:
        """All together."""
        return self.weights + self.parameters + self.states + self.buffers


def footprint(model: object, *, weights: Mapping[str, ArrayLike] | None = None) -> Footprint:
    """Bytes that a network takes while it runs one sample.

    NeuroBench's Footprint is the bytes of a model's parameters and buffers. Here that is ``b (|W| + |b| + p + sum_l d_l n_l +
    sum_s lag_s n_s)``, b the bytes of a number of the weights' dtype, p the thresholds and those entries of the neurons' state
    spaces that are not 0, 1 or -1, d_l the states of each of layer l's n_l neurons, and lag_s the longest lag of what reads
    source s. Outputs of spiking layers take a bit in place of b bytes, and a weight under ``so.Grid`` its bits and one scale.

    Parameters
    ----------
    model : a result, a trial, or a network or problem with ``weights``.
    """
    program, matrices = _given(model, weights)
    size = next(iter(matrices.values())).dtype.itemsize
    bits = _grid_bits(program)
    held = sum(w.size * bits[n] / 8 + size if n in bits else w.size * size for n, w in matrices.items())
    parameters = 0
    for c in program.couplings:
        d = c.dynamics
        rows = [row for array in (d.A, d.B, d.R, d.C) for row in array.reshape(-1, array.shape[-1])]
        rows = [row for row in rows if np.any((row != 0) & (np.abs(row) != 1))]
        rows += [] if d.threshold is None else [d.threshold]
        parameters += sum(1 if np.all(row == row[0]) else row.size for row in rows)
    states = sum(c.dynamics.order * c.size for c in program.couplings)
    return Footprint(float(held), float(parameters * size), float(states * size), _buffers(program, size))


def connection_sparsity(model: object, *, weights: Mapping[str, ArrayLike] | None = None) -> float:
    """Share of weights that are zero, ``sum_l m_l / sum_l n_l``: NeuroBench's ConnectionSparsity, not rounded.

    Biases do not count, shared weights count once, and synapses that an ``so.Sparse`` mask leaves out count as zeros.

    Parameters
    ----------
    model : a result, a trial, or a network or problem with ``weights``.
    """
    program, matrices = _given(model, weights)
    kinds = {v.name: v.kind for v in program.variables}
    synapses = [w for n, w in matrices.items() if kinds[n] == "weight"]
    return float(sum(np.count_nonzero(w == 0) for w in synapses) / sum(w.size for w in synapses))


def _given(
    model: object, weights: Mapping[str, ArrayLike] | None
) -> tuple[Program, dict[str, np.ndarray[tuple[int, ...], np.dtype[np.floating]]]]:
    if isinstance(model, Trial):
        return model.program, model.weights
    return subject(model, weights, "metrics")


def _grid_bits(program: Program) -> dict[str, float]:
    """Bits of each weight variable that is kept on a grid, the fewest where several grids hold it."""
    out: dict[str, float] = {}
    for t in program.terms:
        if t.kind == "grid":
            bits = dict(t.parameters)["bits"]
            out |= {n: min(bits, out.get(n, math.inf)) for n in t.variables}
    return out


def _buffers(program: Program, size: int) -> float:
    """Bytes of earlier outputs."""
    lags = {c.name: int(bool(np.any(c.dynamics.R))) for c in program.couplings} | {v.name: 0 for v in program.inputs}
    for c in program.couplings:
        for m in c.maps:
            lags[m.source] = max(lags[m.source], m.lag)
    bits = {v.name: (math.prod(v.shape), 8 * size) for v in program.inputs}
    bits |= {c.name: (c.size, 1 if c.dynamics.spiking else 8 * size) for c in program.couplings}
    return float(sum(math.ceil(lags[n] * width * each / 8) for n, (width, each) in bits.items()))
