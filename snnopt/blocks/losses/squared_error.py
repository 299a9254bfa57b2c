"""Squared error: ``1/2 ||m - target||^2``."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.losses.base import LossFunction, one_hot

Array = NDArray[Any]


class SquaredErrorFunction(LossFunction):
    """Half the squared distance to the target, labels as one-hot rows; its Hessian is the identity."""

    curvature: ClassVar[float] = 1.0

    def values(self, m: Array, target: Array) -> Array:  # noqa: D102
        return ((m - one_hot(target, m.shape[1], m.dtype)) ** 2).sum(1) / 2

    def gradient(self, m: Array, target: Array) -> Array:  # noqa: D102
        return m - one_hot(target, m.shape[1], m.dtype)
