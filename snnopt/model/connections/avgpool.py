"""Average pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from snnopt.errors import ModelError
from snnopt.model.connections.base import FixedConnection, positive
from snnopt.model.connections.patches import patches
from snnopt.model.signal import Shape


@dataclass(frozen=True, eq=False)
class AvgPool2d(FixedConnection):
    """Mean over windows of ``size`` x ``size`` that do not overlap, on each channel of [channels, height, width].

    Rows and columns left over at the end are dropped. It may stand before a connection with weights or after it.
    """

    size: int

    def __post_init__(self) -> None:
        positive(self.label, "its size", self.size)

    @property
    def geometry(self) -> tuple[int, ...]:
        """Its size."""
        return (int(self.size),)

    def output_shape(self, shape: Shape, where: str) -> Shape:  # noqa: D102
        if len(shape) != 3:
            raise ModelError(
                where, f"the source has shape {shape}, not (channels, height, width)", "pool before flattening"
            )
        height, width = shape[1] // self.size, shape[2] // self.size
        if not height or not width:
            cause = f"windows of {self.size} x {self.size} are larger than the image of {shape[1]} x {shape[2]}"
            raise ModelError(where, cause, f"pool by at most {min(shape[1:])}, or leave the pooling out")
        return (shape[0], height, width)

    def matrix(self, shape: Shape) -> sp.csr_array:  # noqa: D102
        k, area = (self.size, self.size), self.size**2
        one = patches((1, *shape[1:]), k, k, (0, 0))
        windows = one.shape[0] // area
        mean = sp.csr_array(
            (np.full(len(one.indices), 1 / area), one.indices, np.arange(0, windows * area + 1, area)),
            shape=(windows, one.shape[1]),
        )
        return sp.csr_array(sp.block_diag([mean] * shape[0], format="csr"))
