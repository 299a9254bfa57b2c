"""Regression features drawn for a weight block: spikes through the target's dynamics, one step after another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.oracles.oracle import Extreme, decade
from snnopt.program import StateSpace
from snnopt.split import Block, WeightUse

Array = NDArray[Any]

MANY = 280
"""Features for which solvers switch from one general solve to blocked factorisations."""


def membrane(space: StateSpace, currents: Array, neuron: int = 0) -> Array:
    """``x[t] = A x[t-1] + B i[t]``, ``v[t] = C x[t]`` of one neuron without spikes, as written; [T, ...] to [T, ...]."""
    a, b, c = (m[..., neuron % m.shape[-1]] for m in (space.A, space.B, space.C))
    x = np.zeros((space.order, *currents.shape[1:]))
    out = np.empty_like(currents)
    for t, i in enumerate(currents):
        x = np.tensordot(a, x, 1) + np.multiply.outer(b, i)
        out[t] = np.tensordot(c, x, 1)
    return out


def draw_currents(
    block: Block, use: WeightUse, widths: tuple[int, ...], rng: np.random.Generator, steps: int, samples: int
) -> Array:
    """What each weight of a use is multiplied with, [T, N, k]: spikes of every map, and ones for every map with the bias."""
    parts = []
    for part, column, width in zip(use.parts, block.columns, widths, strict=True):
        spikes = [(rng.random((steps, samples, width)) < rng.uniform(0.2, 0.8)).astype(np.float64) for _ in part]
        parts.append(np.sum(spikes, 0))
        if column.bias is not None:
            parts.append(np.full((steps, samples, 1), float(sum(m.bias is not None for m in part))))
    return np.concatenate(parts, -1)


def draw_widths(block: Block, rng: np.random.Generator, extreme: Extreme) -> tuple[int, ...]:
    """A small fan-in for each weight of the block."""
    return tuple(extreme.whole("fan_in", rng, 3) for _ in block.columns)


def l2_columns(block: Block, widths: tuple[int, ...], rng: np.random.Generator, extreme: Extreme) -> Array:
    """The L2 penalty of each column: the block's own, moved by decades; 0 for biases and for weights without L2."""
    out: list[float] = []
    for column, width in zip(block.columns, widths, strict=True):
        own = sum(t.scale for t in block.terms if t.kind == "l2" and column.weight in t.variables)
        scale = extreme.number("lam", own * decade(rng, -1, 3)) if own else 0.0
        out += [scale] * width + [0.0] * (column.bias is not None)
    return np.array(out)
