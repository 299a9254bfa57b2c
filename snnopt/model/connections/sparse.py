"""Connection with a fixed pattern of synapses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError, shown
from snnopt.model.connections.base import LearnedConnection, Wiring
from snnopt.model.signal import Shape


@dataclass(frozen=True, eq=False)
class Sparse(LearnedConnection):
    """``i[t] = (W * mask) s[t] + b``: only the synapses of the mask exist.

    Parameters
    ----------
    mask : [units, sources], true (or non-zero) where there is a synapse.
    bias : whether to learn a constant current b.
    name : names the variables.
    """

    mask: ArrayLike
    bias: bool = True
    name: str | None = None

    def __post_init__(self) -> None:
        try:
            mask = np.asarray(self.mask)
        except ValueError:
            mask = np.empty(0, object)  # rows of unequal length
        if mask.ndim != 2 or mask.dtype.kind not in "biuf":
            fix = "give a matrix of numbers or truth values, [units, sources]"
            raise ModelError(self.label, f"its mask is {shown(self.mask)}", fix)
        if mask.dtype.kind == "f" and np.isnan(mask).any():
            cause = f"its mask has {int(np.isnan(mask).sum())} NaN, which are neither a synapse nor none"
            raise ModelError(self.label, cause, "write 0 where there is no synapse, e.g. numpy.nan_to_num(mask)")
        if not mask.any():
            raise ModelError(self.label, "its mask has no synapse", "give a mask that is not zero everywhere")
        object.__setattr__(self, "mask", mask.astype(bool))

    def output_shape(self, shape: Shape, where: str) -> Shape:  # noqa: D102
        if math.prod(shape) != self._mask.shape[1]:
            raise ModelError(
                where,
                f"its mask is for {self._mask.shape[1]} sources, the signal has {math.prod(shape)}",
                f"give a mask [units, {math.prod(shape)}]",
            )
        return (self._mask.shape[0],)

    def wiring(self, shape: Shape, target: Shape) -> Wiring:  # noqa: D102
        units, sources = self._mask.shape
        return Wiring((units, sources), 1, sources, units, mask=self._mask)

    @property
    def _mask(self) -> NDArray[np.bool_]:
        return np.asarray(self.mask, bool)
