"""Squared error: ``1/2 ||m - target||^2``."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.losses.base import LossFunction, each, one_hot

Array = NDArray[Any]


class SquaredErrorFunction(LossFunction):
    """Half the squared distance to the target, labels as one-hot rows; its Hessian is the identity."""

    curvature: ClassVar[float] = 1.0

    def values(self, m: Array, target: Array) -> Array:  # noqa: D102
        return ((m - one_hot(target, m.shape[1], m.dtype)) ** 2).sum(1) / 2

    def gradient(self, m: Array, target: Array) -> Array:  # noqa: D102
        return m - one_hot(target, m.shape[1], m.dtype)

    def exact(self, m: Array, target: Array) -> Array:  # noqa: D102
        return self.values(m, target)

    def prox(self, center: Array, target: Array, weight: Array | float, scale: float) -> Array:
        """``m = (weight center + scale y) / (weight + scale)``, with y the target's row."""
        s, pull = center.dtype.type(scale), one_hot(target, center.shape[1], center.dtype) - center
        return center + s / (each(weight, center) + s) * pull
