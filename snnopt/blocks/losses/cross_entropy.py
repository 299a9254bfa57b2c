"""Cross-entropy: ``log sum exp m - m[label]``."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.losses.base import LossFunction, each, one_hot
from snnopt.blocks.losses.softmax_prox import softmax_prox

Array = NDArray[Any]


class CrossEntropyFunction(LossFunction):
    """Softmax cross-entropy; its Hessian is at most 1/2 (Boehning 1992)."""

    curvature: ClassVar[float] = 0.5

    def values(self, m: Array, target: Array) -> Array:  # noqa: D102
        top = m.max(1, keepdims=True)
        return np.log(np.exp(m - top).sum(1)) + top[:, 0] - m[np.arange(len(m)), target]

    def gradient(self, m: Array, target: Array) -> Array:  # noqa: D102
        e = np.exp(m - m.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True) - one_hot(target, m.shape[1], m.dtype)

    def exact(self, m: Array, target: Array) -> Array:  # noqa: D102
        return self.values(m, target)

    def prox(self, center: Array, target: Array, weight: Array | float, scale: float) -> Array:  # noqa: D102
        return softmax_prox(center, target, center.dtype.type(scale) / each(weight, center))
