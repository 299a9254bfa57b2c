"""The penalties of the couplings, as they stand."""

from __future__ import annotations

from collections.abc import Mapping

from snnopt.penalties import Linearised, PenaltyFunction


class Penalties:
    """rho of each layer's dynamics, sigma of each step coupling; by coupling in ``values``, steps as ``<layer>.step``."""

    def __init__(self, functions: Mapping[str, PenaltyFunction]) -> None:
        self.functions = functions
        self.values = {name: float(f.weight) for name, f in functions.items()}

    def rho(self, layer: str) -> float:
        """Penalty of the layer's dynamics."""
        return self.values[layer]

    def prox(self, layer: str) -> float:
        """Proximal weight of the layer's dynamics where they are linearised, over the curvature that it must exceed."""
        function = self.functions[layer]
        assert isinstance(function, Linearised)
        return function.prox

    def sigma(self, layer: str) -> float:
        """Penalty of the layer's step coupling."""
        return self.values[f"{layer}.step"]
