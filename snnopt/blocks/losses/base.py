"""What the numerics need of a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class LossFunction(ABC):
    """Value, gradient and prox of a loss of m [N, units] against targets, per sample.

    ``curvature`` bounds the Hessian. A loss with kinks has ``values`` and a ``gradient`` of a smooth stand-in, and says in
    ``note`` what that is; ``exact`` and ``prox`` are of the loss itself always.
    """

    curvature: ClassVar[float]
    note: ClassVar[str] = ""

    @abstractmethod
    def values(self, m: Array, target: Array) -> Array:
        """The loss of each sample, or that of its smooth stand-in, [N]."""

    @abstractmethod
    def gradient(self, m: Array, target: Array) -> Array:
        """The gradient of each sample's ``values``, [N, units]."""

    @abstractmethod
    def exact(self, m: Array, target: Array) -> Array:
        """The loss itself of each sample, [N]."""

    @abstractmethod
    def prox(self, center: Array, target: Array, weight: Array | float, scale: float) -> Array:
        """``argmin_m  scale loss(m, target) + 1/2 sum_c weight_c (m_c - center_c)^2`` for each sample, [N, units].

        Parameters
        ----------
        center : [N, units].
        target : labels [N], or real targets [N, units] where the loss takes them.
        weight : positive, one number, [units] or [N, units]; an infinite one holds its entry at the centre.
        scale : positive.
        """


def one_hot(target: Array, units: int, dtype: np.dtype[Any]) -> Array:
    """Labels [N] as rows with a 1; real targets [N, units] as they are."""
    if target.ndim == 2:
        return target.astype(dtype, copy=False)
    rows = np.zeros((len(target), units), dtype)
    rows[np.arange(len(target)), target] = 1
    return rows


def each(weight: Array | float, center: Array) -> Array:
    """A prox's weight for each entry of its centre, in the centre's dtype."""
    return np.broadcast_to(np.asarray(weight, center.dtype), center.shape)
