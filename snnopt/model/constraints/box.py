"""Bounds on weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from snnopt.errors import ModelError
from snnopt.model.constraints.base import WeightConstraint, check_weights
from snnopt.model.signal import Weights


@dataclass(frozen=True, eq=False)
class Box(WeightConstraint):
    """``low <= W <= high`` for every weight into a layer; either bound may be infinite."""

    kind: ClassVar[str] = "box"
    weights: Weights
    low: float
    high: float

    def __post_init__(self) -> None:
        check_weights(self)
        numbers = all(isinstance(v, Real) and not math.isnan(v) for v in (self.low, self.high))
        if not numbers or not self.low <= self.high:
            raise ModelError(f"Box({self.symbol})", f"its bounds are {self.low} and {self.high}", "give low <= high")

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The bounds."""
        return (("low", float(self.low)), ("high", float(self.high)))

    def formula(self) -> str:
        """The constraint as mathematics, in plain text."""
        return f"{self.low:g} <= {self.symbol} <= {self.high:g}"
