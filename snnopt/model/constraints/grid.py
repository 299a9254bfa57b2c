"""Fixed-point weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.errors import ModelError
from snnopt.model.connections.base import positive
from snnopt.model.constraints.base import WeightConstraint
from snnopt.model.naming import ALONE, Names
from snnopt.model.weights import Weights, check_weights


@dataclass(frozen=True, eq=False)
class Grid(WeightConstraint):
    """``W = scale * q`` with whole numbers ``|q| <= 2^(bits-1) - 1``: one scale per weight variable, ternary at 2 bits.

    The scale is not minimised over: it follows the weights before rounding, ``2.5 mean|W| / (2^(bits-1) - 1)``, or
    ``1.3 mean|W|`` at 2 bits. The weights returned are exact multiples of it. Biases are free.
    """

    kind: ClassVar[str] = "grid"
    weights: Weights
    bits: int = 4

    def __post_init__(self) -> None:
        check_weights(type(self).__name__, self.weights)
        where = f"Grid({self.symbol})"
        positive(where, "bits", self.bits, 2)
        if self.bits > 16:
            raise ModelError(where, f"bits = {self.bits}", "give 2 to 16; more than that is no constraint in float32")

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The number of bits."""
        return (("bits", float(self.bits)),)

    def formula(self, names: Names = ALONE) -> str:
        """The constraint as mathematics, in plain text."""
        most = 2 ** (self.bits - 1) - 1
        text = names.weights_text(self.population)
        return f"{text} {'each ' if ', ' in text else ''}in scale * {{-{most}, .., {most}}}"
