"""Prox of the cross-entropy: a Newton iteration for one number a sample, from below."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

STEPS = 100
"""More than ever needed: ten will do unless the weights of one sample span many decades."""


def softmax_prox(center: Array, labels: Array, pull: Array) -> Array:
    """``argmin_m  log sum_c exp m_c - m_y + 1/2 sum_c (m_c - z_c)^2 / x_c`` for each sample, [N, units].

    With p the softmax of m, ``m_c = z_c - x_c p_c`` for the rivals c of the label y, and ``m_y = z_y + x_y Q`` with Q the sum
    of their p. In ``r = -log p_y`` that is ``Q(r) = 1 - e^-r`` and ``log p_c + x_c p_c = z_c - z_y - l(r)``, ``l(r) = x_y Q(r) +
    r``, for every rival: one equation ``sum_c p_c(l(r)) = Q(r)``. p_c(l) is convex and falls, l(r) is concave and
    rises, so the difference of the two sides is convex and falls, and a Newton step from anywhere is a lower bound of its root:
    the greatest of them climbs to the root, whatever the numbers, in the end quadratically. While ``sum p`` is above Q, where
    exponentials would hold such steps up, a step on the logarithms of the two sides is tried first; one too long leads to a
    better bound. Nothing is subtracted that nearly cancels, so saturated logits and any x keep their digits.

    Parameters
    ----------
    center : z [N, units].
    labels : y [N].
    pull : x, the loss's scale over the weight of the square [N, units]; 0 holds an entry.
    """
    rows, rival = np.arange(len(center)), np.ones(center.shape, bool)
    rival[rows, labels] = False
    own, cap = pull[rows, labels], _cap(center)
    ahead = np.where(rival, center - center[rows, labels][:, None], -np.exp(cap))
    low, enough = _below(ahead, own[:, None] + pull), np.finfo(center.dtype).eps ** 0.6
    r = low
    for _ in range(STEPS):
        q, rest = -np.expm1(-r), np.exp(-r)
        line = own * q + r
        log_p = log_and_line(ahead - line[:, None], pull)
        p = np.exp(np.minimum(log_p, cap))
        share, slope, total = p / (1 + pull * p), own * rest + 1, p.sum(1)
        falls = share.sum(1) * slope
        step = (total - q) / (falls + rest)
        moved = slope * step
        if (np.abs(moved) <= enough * np.sqrt(1 + line)).all():
            break
        low = np.maximum(low, r + step)
        r, far = low.copy(), (total > 1.01 * q) & (q > 0)
        if far.any():
            drop = _log_sum(log_p[far]) - np.log(q[far])
            r[far] += np.maximum(0, drop / (falls[far] / total[far] + rest[far] / q[far]) - step[far])
    p -= share * moved[:, None]
    m = center - pull * p
    m[rows, labels] = center[rows, labels] + own * p.sum(1)
    return m


def log_and_line(y: Array, x: Array) -> Array:
    """The root q of ``q + x e^q = y`` for x >= 0: the logarithm of the Wright omega function, less that of x.

    From a start within 0.13 two steps of Householder's iteration of order 3 (its error to the fourth power) reach rounding.
    """
    with np.errstate(divide="ignore"):
        log_x = np.log(x)
    u, cap = np.maximum(y + log_x, -2), _cap(y)
    near, far = (u - 1) / 2 - (u - 1) ** 2 / 16, np.log(np.maximum(u, 3) - 1)
    q = np.where(u > -2, np.where(u < 3, near, far) - log_x, y)
    for _ in range(2):
        e = x * np.exp(np.minimum(q, cap))
        f, slope = q + e - y, 1 + e
        square = 2 * slope * slope
        q = q - f * (3 * square - 3 * f * e) / (3 * square * slope - 6 * f * slope * e + f * f * e)
    return q


def _below(ahead: Array, pull: Array) -> Array:
    """A lower bound of r [N]: softplus of ``l``, the largest over the rivals of the root of ``l + x sigmoid(l) = z``.

    As sigmoid(l) is at most e^l, and 1 - sigmoid(l) at least e^-l / 2 for l >= 0, replacing it by these moves the root down.
    """
    positive = ahead > pull / 2
    root = log_and_line(np.where(positive, pull - ahead, ahead), np.where(positive, pull / 2, pull))
    return np.logaddexp(0, np.where(positive, -root, root).max(1)).astype(ahead.dtype)


def _log_sum(log_p: Array) -> Array:
    """``log sum_c p_c``, [N]."""
    top = log_p.max(1)
    return top + np.log(np.exp(log_p - top[:, None]).sum(1))


def _cap(x: Array) -> Any:
    """Half the largest exponent, in x's dtype."""
    return np.log(np.finfo(x.dtype).max) / 2
