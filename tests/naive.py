"""A program run as its definition reads, one step, one population, one map at a time; shares no code with the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from snnopt.program import LinearMap, Program

Array = np.ndarray[Any, Any]
Spike = Callable[[str, int, Array], Array]
"""From a population's name, a step and its potentials [N, n] to its spikes."""


def dense(m: LinearMap, columns: int) -> Array:
    """The gather of a map as a matrix [positions, fan_in, columns]."""
    if m.gather is None:
        return np.eye(columns).reshape(m.positions, m.fan_in, columns)
    out = np.zeros((m.gather.rows, columns))
    for row in range(m.gather.rows):
        for at in range(m.gather.indptr[row], m.gather.indptr[row + 1]):
            out[row, m.gather.indices[at]] += m.gather.data[at]
    return out.reshape(m.positions, m.fan_in, columns)


def heaviside(program: Program) -> Spike:
    """H(v - threshold)."""

    def spike(name: str, t: int, v: Array) -> Array:
        threshold = program.by_name[name].dynamics.threshold
        assert threshold is not None
        return (v > threshold).astype(v.dtype)

    return spike


def run(
    program: Program,
    weights: Mapping[str, Array],
    data: Mapping[str, Array],
    spike: Spike | None = None,
    shift: Mapping[str, Array] | None = None,
) -> dict[str, tuple[Array, Array, Array]]:
    """Currents, potentials and outputs by population, [T, N, n]. ``shift`` is added to currents; complex numbers go through."""
    spike, shift = spike or heaviside(program), shift or {}
    steps, samples = next(iter(data.values())).shape[:2]
    dtype = np.result_type(float, *data.values(), *weights.values(), *shift.values())
    sizes = {n: x.shape[2] for n, x in data.items()} | {c.name: c.size for c in program.couplings}
    out: dict[str, Any] = {n: list(x.astype(dtype)) for n, x in data.items()} | {c.name: [] for c in program.couplings}
    found: dict[str, Any] = {c.name: ([], [], out[c.name]) for c in program.couplings}
    states = {c.name: np.zeros((c.dynamics.order, samples, c.size), dtype) for c in program.couplings}
    gathers = {m: dense(m, sizes[m.source]) for c in program.couplings for m in c.maps}
    for t in range(steps):
        for c in program.couplings:
            i = np.zeros((samples, c.size), dtype)
            for m in c.maps:
                if t < m.lag:
                    patches = np.zeros((samples, m.positions, m.fan_in), dtype)
                else:
                    patches = np.einsum("pfc,nc->npf", gathers[m], out[m.source][t - m.lag])
                if m.weight is None:
                    part = patches.reshape(samples, -1)
                else:
                    w = weights[m.weight].reshape(m.channels, m.fan_in)
                    part = np.einsum("npf,kf->nkp", patches, w)
                    part = part + (weights[m.bias][:, None] if m.bias is not None else 0)
                    part = part.reshape(samples, -1)
                i = i + part
            i = i + (shift[c.name][t] if c.name in shift else 0)
            d, x = c.dynamics, states[c.name]
            last = out[c.name][t - 1] if t and d.spiking else np.zeros((samples, c.size), dtype)
            new = [sum(d.A[k, j] * x[j] for j in range(d.order)) + d.B[k] * i + d.R[k] * last for k in range(d.order)]
            states[c.name] = np.stack([np.broadcast_to(n, (samples, c.size)) for n in new])
            v = sum(d.C[k] * states[c.name][k] for k in range(d.order))
            found[c.name][0].append(i)
            found[c.name][1].append(v)
            out[c.name].append(spike(c.name, t, v) if d.spiking else v)
    return {n: (np.stack(a), np.stack(b), np.stack(s)) for n, (a, b, s) in found.items()}
