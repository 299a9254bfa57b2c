"""Sign of weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.errors import ModelError, shown
from snnopt.model.constraints.base import WeightConstraint
from snnopt.model.naming import ALONE, Names
from snnopt.model.weights import Weights, check_weights


@dataclass(frozen=True, eq=False)
class Sign(WeightConstraint):
    """``sign * W >= 0``: all synapses into a layer excitatory (+1) or inhibitory (-1)."""

    kind: ClassVar[str] = "sign"
    weights: Weights
    sign: int

    def __post_init__(self) -> None:
        check_weights(type(self).__name__, self.weights)
        if self.sign not in (1, -1):
            raise ModelError(
                f"Sign({self.symbol})", f"sign = {shown(self.sign)}", "give +1 (excitatory) or -1 (inhibitory)"
            )

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The sign."""
        return (("sign", float(self.sign)),)

    def formula(self, names: Names = ALONE) -> str:
        """The constraint as mathematics, in plain text."""
        return f"{names.weights_text(self.population)} {'>=' if self.sign > 0 else '<='} 0"
