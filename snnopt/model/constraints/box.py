"""Bounds on weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from snnopt.errors import ModelError
from snnopt.model.constraints.base import WeightConstraint
from snnopt.model.naming import ALONE, Names
from snnopt.model.weights import Weights, check_weights


@dataclass(frozen=True, eq=False)
class Box(WeightConstraint):
    """``low <= W <= high`` for every weight into a layer; either bound may be infinite."""

    kind: ClassVar[str] = "box"
    weights: Weights
    low: float
    high: float

    def __post_init__(self) -> None:
        check_weights(type(self).__name__, self.weights)
        numbers = all(isinstance(v, Real) and not math.isnan(v) for v in (self.low, self.high))
        if not numbers or not self.low <= self.high or self.low == math.inf or self.high == -math.inf:
            raise ModelError(f"Box({self.symbol})", f"its bounds are {self.low} and {self.high}", "give low <= high")

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The bounds."""
        return (("low", float(self.low)), ("high", float(self.high)))

    def formula(self, names: Names = ALONE) -> str:
        """The constraint as mathematics, in plain text."""
        return f"{self.low:g} <= {names.weights_text(self.population)} <= {self.high:g}"
