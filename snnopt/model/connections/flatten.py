"""Reshaping to one axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

from snnopt.model.connections.base import FixedConnection
from snnopt.model.signal import Shape


@dataclass(frozen=True, eq=False)
class Flatten(FixedConnection):
    """[channels, height, width] to [channels * height * width]. ``Dense`` flattens by itself; this says so."""

    def output_shape(self, shape: Shape, where: str) -> Shape:  # noqa: D102
        return (math.prod(shape),)

    def matrix(self, shape: Shape) -> None:  # noqa: D102
        return None
