"""A weight block's variables as one matrix, [channels, k]: each weight's columns, then its bias's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.split import Block, Columns

Array = NDArray[Any]


def stack(columns: tuple[Columns, ...], weights: Mapping[str, Array]) -> Array:
    """Return the weights and biases side by side."""
    parts = []
    for c in columns:
        parts.append(weights[c.weight])
        parts += [weights[c.bias][:, None]] if c.bias is not None else []
    return np.concatenate(parts, 1) if len(parts) > 1 else parts[0]


def unstack(columns: tuple[Columns, ...], matrix: Array) -> dict[str, Array]:
    """Return the variables by name from a block's matrix, stored by columns, as solves give them and products take them."""
    out, at, by_column = dict[str, Array](), 0, np.ascontiguousarray(matrix.T)
    for c in columns:
        out[c.weight], at = by_column[at : at + c.fan_in].T, at + c.fan_in
        if c.bias is not None:
            out[c.bias], at = by_column[at], at + 1
    return out


def l2_of_columns(block: Block) -> Array:
    """The L2 penalty of each column: the scales of the terms on its weight, 0 for biases."""
    out: list[float] = []
    for c in block.columns:
        scale = sum(t.scale for t in block.terms if t.kind == "l2" and c.weight in t.variables)
        out += [float(scale)] * c.fan_in + [0.0] * (c.bias is not None)
    return np.array(out)


def mask_of(block: Block) -> Array | None:
    """Which entries of the block's matrix exist, or None for all."""
    if all(c.mask is None for c in block.columns):
        return None
    parts = []
    for c in block.columns:
        parts.append(np.ones((c.channels, c.fan_in), bool) if c.mask is None else c.mask)
        parts += [np.ones((c.channels, 1), bool)] if c.bias is not None else []
    return np.concatenate(parts, 1)
