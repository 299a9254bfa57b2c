"""A multiplier on a layer's firing rate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RateMultiplier:
    """The price of a spike that keeps a layer's firing rate at most at ``rate``.

    Projected dual ascent, ``price <- max(0, price + step * demand * (fired - rate) / rate)``: in units of what else is asked
    of a spike (the demand on it, or what the curvature of its block asks), so that it means the same whatever the loss's scale.
    """

    rate: float
    price: float = 0.0
    step: float = 0.2

    def after(self, fired: float, demand: float) -> RateMultiplier:
        """Return the multiplier after spikes at the rate ``fired``, on which other terms made a ``demand`` of this mean size."""
        price = max(0.0, self.price + self.step * demand * (fired - self.rate) / self.rate)
        return RateMultiplier(self.rate, price, self.step)
