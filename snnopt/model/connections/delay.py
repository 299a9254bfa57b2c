"""Delay in time."""

from __future__ import annotations

from dataclasses import dataclass

from snnopt.model.connections.base import FixedConnection, positive
from snnopt.model.signal import Shape


@dataclass(frozen=True, eq=False)
class Delay(FixedConnection):
    """The signal ``steps`` time steps ago, zero before the start."""

    steps: int

    def __post_init__(self) -> None:
        positive(self.label, "its number of steps", self.steps)

    @property
    def geometry(self) -> tuple[int, ...]:
        """Its number of steps."""
        return (int(self.steps),)

    def output_shape(self, shape: Shape, where: str) -> Shape:  # noqa: D102
        return shape

    def matrix(self, shape: Shape) -> None:  # noqa: D102
        return None
