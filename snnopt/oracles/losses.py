"""Losses as their definitions read, for complex numbers too, so that derivatives need no formula of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
TINY = 1e-200


def cross_entropy(m: Array, target: Array) -> Array:
    """``log(sum_c exp m[n, c]) - m[n, label[n]]``, per sample."""
    top = m.real.max(1)
    return np.asarray(np.log(np.exp(m - top[:, None]).sum(1)) + top - m[np.arange(len(m)), target])


def squared_error(m: Array, target: Array) -> Array:
    """``1/2 ||m[n] - target[n]||^2``, per sample; labels are rows of the identity."""
    rows = target if target.ndim == 2 else np.eye(m.shape[1])[target]
    return np.asarray(((m - rows) ** 2).sum(1) / 2)


LOSSES: dict[str, Callable[[Array, Array], Array]] = {"cross_entropy": cross_entropy, "squared_error": squared_error}
"""By the kind that a loss term carries."""


def gradient(loss: Callable[[Array, Array], Array], m: Array, target: Array) -> Array:
    """Gradient of each sample's loss [N, units], exact to rounding (by complex steps)."""
    out = np.empty_like(m)
    for unit in range(m.shape[1]):
        step = m.astype(np.complex128)
        step[:, unit] += TINY * 1j
        out[:, unit] = loss(step, target).imag / TINY
    return out
