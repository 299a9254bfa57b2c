"""Currents in NIR's units and in ours: ``W = gain p``, per neuron, for the weights p of a NIR file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def per_channel(gain: Array, channels: int) -> Array | None:
    """The gain of each output channel, [channels], of a layer's [n]; None where it differs within one."""
    by_channel = gain.reshape(channels, -1)
    return by_channel[:, 0] if bool(np.all(by_channel == by_channel[:, :1])) else None


def scaled(plain: Array, gain: Array) -> Array:
    """``gain p`` in the dtype of ``p`` [channels, ...]."""
    return (plain.astype(np.float64) * _column(gain, plain)).astype(plain.dtype)


def unscaled(weight: Array, gain: Array) -> Array:
    """``W / gain`` in the dtype of ``W`` [channels, ...]; infinite where that is too large for it."""
    with np.errstate(over="ignore"):
        return (weight.astype(np.float64) / _column(gain, weight)).astype(weight.dtype)


def _column(gain: Array, like: Array) -> Array:
    return gain.reshape(-1, *(1,) * (like.ndim - 1))
