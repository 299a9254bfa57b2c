"""Firing rate of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from snnopt.errors import ModelError, shown
from snnopt.model.constraints.base import Constraint
from snnopt.model.naming import ALONE, Names
from snnopt.model.signal import Population, check_spiking_layer


@dataclass(frozen=True, eq=False)
class SpikeBudget(Constraint):
    """``mean_{t,n,j} s[t, n, j] <= rate`` on the training set: spikes per neuron and step of a layer."""

    kind: ClassVar[str] = "spike_budget"
    layer: Population
    rate: float

    def __post_init__(self) -> None:
        check_spiking_layer("SpikeBudget", self.layer)
        if isinstance(self.rate, bool) or not isinstance(self.rate, Real) or not 0 < self.rate <= 1:
            raise ModelError("SpikeBudget", f"rate = {shown(self.rate)}", "give spikes per neuron and step, in (0, 1]")

    @property
    def population(self) -> Population:
        """The layer whose rate is bounded."""
        return self.layer

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The rate."""
        return (("rate", float(self.rate)),)

    def formula(self, names: Names = ALONE) -> str:
        """The constraint as mathematics, in plain text."""
        return f"mean s[{names.of(self.layer)}] <= {self.rate:g}"
