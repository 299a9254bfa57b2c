"""Oracle of spikes in difference form without a box: a quadratic, solved by CVXPY from the residuals themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge import least_squares
from snnopt.oracles.case import relative_distance
from snnopt.oracles.difference_spike_draws import PENALTIES, SIZES, draw_numbers
from snnopt.oracles.difference_spikes import DifferenceSpikesCase
from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class FreeSpikesCase(DifferenceSpikesCase):
    """The block with a free."""

    def solution(self) -> Array:
        """CVXPY's minimiser."""
        return self.shaped(least_squares(*self.least_squares_data()))

    def distance(self, x: Array, best: Array) -> float | None:
        """None where the normal matrix may be conditioned too badly."""
        return relative_distance(x, best, 1e-6) if self.condition < 1e6 else None


@final
class FreeSpikesOracle(Oracle):
    """Kept spikes in difference form without a box."""

    extremes = (
        *SIZES,
        *PENALTIES,
        Extreme("many neurons", {"units": 200, "rows": 3, "steps": 1, "samples": 2, "own": 0.0}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if (
            block.kind != "spikes"
            or block.linear
            or block.uncoupled
            or block.form != "difference"
            or block.box != "none"
        ):
            return "it knows kept spikes in difference form without a box"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> FreeSpikesCase:  # noqa: D102
        return FreeSpikesCase(**draw_numbers(block, rng, extreme))
