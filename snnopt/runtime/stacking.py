"""A weight block's variables as one matrix, [channels, k]: each map's weight, then its bias column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import LinearMap
from snnopt.split import Block

Array = NDArray[Any]


def stack(block: Block, weights: Mapping[str, Array]) -> Array:
    """Return the block's weights and biases side by side."""
    return stack_maps(block.uses[0].maps, weights)


def stack_maps(maps: Iterable[LinearMap], weights: Mapping[str, Array]) -> Array:
    """Return the maps' weights and biases side by side."""
    parts = []
    for m in maps:
        parts += [weights[m.weight]] if m.weight is not None else []
        parts += [weights[m.bias][:, None]] if m.bias is not None else []
    return np.concatenate(parts, 1)


def unstack(block: Block, matrix: Array) -> dict[str, Array]:
    """Return the variables by name from the block's matrix."""
    out, at = dict[str, Array](), 0
    for m in block.uses[0].maps:
        if m.weight is not None:
            out[m.weight], at = np.ascontiguousarray(matrix[:, at : at + m.fan_in]), at + m.fan_in
        if m.bias is not None:
            out[m.bias], at = np.ascontiguousarray(matrix[:, at]), at + 1
    return out


def l2_of_columns(block: Block) -> Array:
    """The L2 penalty of each column: the scales of the terms on its weight, 0 for biases."""
    out: list[float] = []
    for m in block.uses[0].maps:
        scale = sum(t.scale for t in block.terms if t.kind == "l2" and m.weight in t.variables)
        out += [float(scale)] * m.fan_in + [0.0] * (m.bias is not None)
    return np.array(out)


def mask_of(block: Block) -> Array | None:
    """Which entries of the block's matrix exist, or None for all."""
    if all(m.mask is None for m in block.uses[0].maps):
        return None
    parts = []
    for m in block.uses[0].maps:
        parts.append(np.ones((m.channels, m.fan_in), bool) if m.mask is None else m.mask)
        parts += [np.ones((m.channels, 1), bool)] if m.bias is not None else []
    return np.concatenate(parts, 1)
