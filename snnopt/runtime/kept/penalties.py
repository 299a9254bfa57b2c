"""The penalties of the couplings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Penalties:
    """rho of every layer's dynamics, sigma of every step coupling."""

    rho: float
    sigma: float
