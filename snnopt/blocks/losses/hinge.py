"""Multi-class hinge: ``max(0, 1 + max_{c != label} m_c - m[label])``."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.losses.base import LossFunction, each

Array = NDArray[Any]

GAMMA = 0.25
"""Parameter of the Moreau envelope."""


class HingeFunction(LossFunction):
    """The hinge of Crammer and Singer (2001); labels only.

    ``exact`` and ``prox`` are of the hinge itself. It has kinks, so ``values`` and ``gradient`` are those of its Moreau
    envelope ``min_x hinge(x) + ||x - m||^2 / (2 gamma)``, gamma = 1/4: the gradient ``(m - x) / gamma`` at the minimiser x
    changes at most 1/gamma times as fast as m. Subgradients of the hinge are no longer than sqrt(2), so the envelope lies
    below it by at most gamma; where the hinge is zero, both are.
    """

    curvature: ClassVar[float] = 1 / GAMMA
    note: ClassVar[str] = f"smoothed by a Moreau envelope, gamma = {GAMMA:g}"

    def values(self, m: Array, target: Array) -> Array:  # noqa: D102
        x = self.prox(m, target, 1 / GAMMA, 1.0)
        return hinge(x, target) + ((x - m) ** 2).sum(1) / (2 * GAMMA)

    def gradient(self, m: Array, target: Array) -> Array:  # noqa: D102
        return (m - self.prox(m, target, 1 / GAMMA, 1.0)) / GAMMA

    def exact(self, m: Array, target: Array) -> Array:  # noqa: D102
        return hinge(m, target)

    def prox(self, center: Array, target: Array, weight: Array | float, scale: float) -> Array:
        """Rivals that are too close to the label y are cut down to one level, and the label gains what they lose.

        With ``d_c = 1 + z_c - z_y`` of the centre z and the level tau on the same scale: ``m_c = z_c - max(0, d_c - tau)``
        and ``m_y = z_y + A / w_y``, where ``A = sum_c w_c max(0, d_c - tau)`` is the sum of the multipliers of ``m_c - m_y + 1
        <= hinge``. They are at most ``scale`` in all, and as much unless the hinge is zero, when ``tau = A / w_y``. A falls
        with tau, and as the sum over the k largest d it is greatest for those above tau; so with ``W_k`` and ``Q_k`` the sums
        of w and ``w d`` over the k largest, ``tau_0 = max_k Q_k / (w_y + W_k)``, k >= 0, is the level of a zero hinge,
        ``tau_s = max_k (Q_k - scale) / W_k``, k >= 1, the one at which A = scale, and tau the larger. Exact, by one sort.
        """
        rows, big = np.arange(len(center)), np.sqrt(np.finfo(center.dtype).max)
        w = np.minimum(each(weight, center), big)
        own, ahead = w[rows, target], 1 + center - center[rows, target][:, None]
        ahead[rows, target] = -np.inf
        order = np.argsort(-ahead, axis=1)[:, :-1]
        d, v = np.take_along_axis(ahead, order, 1), np.take_along_axis(w, order, 1)
        weights, sums = np.cumsum(v, 1), np.cumsum(v * d, 1)
        level = (sums / (own[:, None] + weights)).max(1, initial=0.0)
        full = ((sums - center.dtype.type(scale)) / weights).max(1, initial=-np.inf)
        m = center - np.maximum(0, ahead - np.maximum(level, full)[:, None])
        m[rows, target] = center[rows, target] + np.minimum(level, center.dtype.type(scale) / own)
        return np.where(w == big, center, m)


def hinge(m: Array, labels: Array) -> Array:
    """``max(0, 1 + max_{c != label} m_c - m[label])`` of each sample [N]; 0 for a single unit."""
    rows, rivals = np.arange(len(m)), m.copy()
    rivals[rows, labels] = -np.inf
    return np.maximum(0, 1 + rivals.max(1) - m[rows, labels])
