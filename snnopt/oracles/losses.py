"""Losses as their definitions read, for complex numbers too, so that derivatives need no formula of their own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
TINY = 1e-200


def cross_entropy(m: Array, target: Array) -> Array:
    """``log(sum_c exp m[n, c]) - m[n, label[n]]``, per sample: from the largest exponent up, so that small ones are kept."""
    rows = np.arange(len(m))
    ahead = m - m[rows, target][:, None]
    largest = ahead.real.argmax(1)
    top = ahead[rows, largest]
    others = np.exp(ahead - top[:, None])
    others[rows, largest] = 0
    return np.asarray(np.log1p(others.sum(1)) + top)


def squared_error(m: Array, target: Array) -> Array:
    """``1/2 ||m[n] - target[n]||^2``, per sample; labels are rows of the identity."""
    rows = target if target.ndim == 2 else np.eye(m.shape[1])[target]
    return np.asarray(((m - rows) ** 2).sum(1) / 2)


def hinge(m: Array, target: Array) -> Array:
    """``max(0, 1 + max_{c != label} m[n, c] - m[n, label])``, per sample."""
    worst = np.zeros(len(m))
    for unit in range(m.shape[1]):
        worst = np.maximum(worst, np.where(target == unit, 0.0, 1 + m[:, unit] - m[np.arange(len(m)), target]))
    return worst


def smooth_hinge(m: Array, target: Array) -> Array:
    """The hinge's Moreau envelope ``min_x hinge(x) + ||x - m||^2 / (2 gamma)``, per sample, in its dual form.

    With ``d_c = 1 + m_c - m_label`` of the rivals c it is ``max_a a'd - gamma/2 (||a||^2 + (sum a)^2)`` over ``a >= 0, sum a <=
    1``: every set of rivals whose multipliers a are not zero is tried, with ``sum a`` free and at 1, and of those that obey the
    bounds the greatest counts. Its derivative is that with a fixed, so a is chosen for real numbers and complex steps see it.
    """
    rows, units = np.arange(len(m)), m.shape[1]
    if units == 1:
        return np.zeros_like(m[:, 0])
    rivals = np.array([[c for c in range(units) if c != label] for label in target])
    d = 1 + m[rows[:, None], rivals] - m[rows, target][:, None]
    sets = np.array(list(product((False, True), repeat=units - 1)))[1:, None]
    total, k = (sets * d.real).sum(2, keepdims=True), sets.sum(2, keepdims=True)
    a = np.concatenate([np.where(sets, d.real - level, 0) for level in (total / (1 + k), (total - GAMMA) / k)]) / GAMMA
    slack = SLACK * (1 + np.abs(d.real).max(1))
    fits = (a.min(2) >= -slack) & (a.sum(2) <= 1 + slack)
    size = GAMMA / 2 * ((a**2).sum(2) + a.sum(2) ** 2)
    worth = np.where(fits, (a * d.real).sum(2) - size, -np.inf)
    best = worth.argmax(0)
    return np.where(worth.max(0) > 0, (a[best, rows] * d).sum(1) - size[best, rows], 0)


GAMMA, SLACK = 0.25, 1e-12

LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "hinge": smooth_hinge,
}
"""By the kind that a loss term carries; what a rule that needs derivatives sees of it."""

EXACT: dict[str, Callable[[Array, Array], Array]] = LOSSES | {"hinge": hinge}
"""The losses themselves, with their kinks."""


def gradient(loss: Callable[[Array, Array], Array], m: Array, target: Array) -> Array:
    """Gradient of each sample's loss [N, units], exact to rounding (by complex steps)."""
    out = np.empty_like(m)
    for unit in range(m.shape[1]):
        step = m.astype(np.complex128)
        step[:, unit] += TINY * 1j
        out[:, unit] = loss(step, target).imag / TINY
    return out
