"""The penalties of the couplings, by layer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Penalties:
    """rho of each layer's dynamics, sigma of each step coupling; one value for all, unless a layer has its own."""

    all_rho: float
    all_sigma: float
    own_rho: dict[str, float] = field(default_factory=dict)
    own_sigma: dict[str, float] = field(default_factory=dict)

    def rho(self, layer: str) -> float:
        """Penalty of the layer's dynamics."""
        return self.own_rho.get(layer, self.all_rho)

    def sigma(self, layer: str) -> float:
        """Penalty of the layer's step coupling."""
        return self.own_sigma.get(layer, self.all_sigma)
