"""A price on spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.model.naming import ALONE, Names
from snnopt.model.objective import ObjectiveTerm
from snnopt.model.signal import Population, check_spiking_layer


@dataclass(frozen=True, eq=False)
class SpikeCost(ObjectiveTerm):
    """``mean_n sum_t sum_j s[t, n, j]``: the number of spikes of a layer per sample.

    Parameters
    ----------
    layer : a spiking layer.
    """

    kind: ClassVar[str] = "spike_cost"
    layer: Population

    def __post_init__(self) -> None:
        check_spiking_layer("SpikeCost", self.layer)

    @property
    def population(self) -> Population:
        """The layer whose spikes cost."""
        return self.layer

    def formula(self, names: Names = ALONE) -> str:
        """The penalty as mathematics, in plain text."""
        return f"sum_t s[{names.of(self.layer)},t]"
