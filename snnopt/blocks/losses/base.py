"""What the numerics need of a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class LossFunction(ABC):
    """Value and gradient of a loss of m [N, units] against targets, per sample; ``curvature`` bounds its Hessian."""

    curvature: ClassVar[float]

    @abstractmethod
    def values(self, m: Array, target: Array) -> Array:
        """The loss of each sample, [N]."""

    @abstractmethod
    def gradient(self, m: Array, target: Array) -> Array:
        """The gradient of each sample's loss, [N, units]."""


def one_hot(target: Array, units: int, dtype: np.dtype[Any]) -> Array:
    """Labels [N] as rows with a 1; real targets [N, units] as they are."""
    if target.ndim == 2:
        return target.astype(dtype, copy=False)
    rows = np.zeros((len(target), units), dtype)
    rows[np.arange(len(target)), target] = 1
    return rows
