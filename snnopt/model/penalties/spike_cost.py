"""A price on spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.errors import ModelError, shown
from snnopt.model.objective import ObjectiveTerm
from snnopt.model.signal import Population


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
        if not isinstance(self.layer, Population) or not self.layer.neuron.spiking:
            raise ModelError(
                "SpikeCost", f"{shown(self.layer)} does not spike", "pass a spiking layer, e.g. so.LIF()(...)"
            )

    @property
    def population(self) -> Population:
        """The layer whose spikes cost."""
        return self.layer

    def formula(self) -> str:
        """The penalty as mathematics, in plain text."""
        return f"sum_t s[{self.population.name or 'layer'},t]"
