"""Oracle of spikes in difference form in the box [0, 1]: a quadratic programme, solved by CVXPY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge.box_least_squares import box_least_squares
from snnopt.oracles.case import relative_distance
from snnopt.oracles.difference_spike_draws import PENALTIES, SIZES, draw_numbers
from snnopt.oracles.difference_spikes import DifferenceSpikesCase
from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class BoxSpikesCase(DifferenceSpikesCase):
    """The block with ``0 <= a <= 1``."""

    def solution(self) -> Array:
        """CVXPY's minimiser."""
        return self.shaped(box_least_squares(*self.least_squares_data()))

    def distance(self, x: Array, best: Array) -> float | None:
        """None where the normal matrix may be conditioned too badly, or a neuron's bound hardly holds it: there an
        interior-point solver stops short of the bound.
        """
        inside, pull = np.minimum(best, 1 - best), np.abs(self.gradient(best)) / (self.sigma + self.held + self.energy)
        if self.condition > 1e4 or np.any(np.maximum(inside, pull) < 1e-3):
            return None
        return relative_distance(x, best, 1.0)

    def gradient(self, x: Array) -> Array:
        """The objective's, [T, N, n]."""
        out = self.sigma * (x - self.spikes + self.dual) - self.linear
        out += self.slope + self.held * (x - self.present)
        for g, c, rho, lag in zip(self.maps, self.constants, self.rho, self.lags, strict=True):
            for t in range(int(lag), len(x)):
                out[t - int(lag)] -= rho * (c[t] - x[t - int(lag)] @ g.T) @ g
        return out

    def violation(self, x: Array) -> float:
        """How far a leaves the box."""
        return float(np.maximum(-x, x - 1).max(initial=0.0))


@final
class BoxSpikesOracle(Oracle):
    """Kept spikes in difference form in a box, whichever rule is asked for: the published one does not minimise it."""

    extremes = (
        *SIZES,
        *PENALTIES,
        Extreme("minimisers inside", {"inside": 1.0, "noise": 0.0, "linear": 0.0}),
        Extreme("minimisers far outside", {"spread": 10.0}),
        Extreme("all at their bounds", {"linear": 1e6}),
        Extreme("many neurons", {"units": 20, "rows": 6, "steps": 1, "samples": 2}),
        Extreme("many neurons, sigma 1e-6", {"units": 20, "rows": 6, "steps": 1, "samples": 2, "sigma": 1e-6}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if (
            block.kind != "spikes"
            or block.linear
            or block.uncoupled
            or block.form != "difference"
            or block.box == "none"
        ):
            return "it knows kept spikes in difference form in a box"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> BoxSpikesCase:  # noqa: D102
        return BoxSpikesCase(**draw_numbers(block, rng, extreme))
