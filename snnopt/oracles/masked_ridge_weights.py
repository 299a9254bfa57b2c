"""Oracle of the weight block of a sparse connection: ridge regression with weights held at zero."""

from __future__ import annotations

from typing import final

import numpy as np

from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.oracles.ridge_weights import RIDGE_EXTREMES, RidgeCase, draw_ridge
from snnopt.split import Block


@final
class MaskedRidgeOracle(Oracle):
    """Weight blocks with L2 in either form, some map masked."""

    extremes = (
        *RIDGE_EXTREMES,
        Extreme("every synapse exists", {"density": 1.0}),
        Extreme("no synapse exists", {"density": 0.0}),
        Extreme("most neurons have no synapse", {"density": 0.1, "units": 3}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "weights":
            return "it knows weights"
        if all(c.mask is None for c in block.columns):
            return "it knows weights with masks"
        return unknown_terms(block, ("l2",))

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> RidgeCase:  # noqa: D102
        return draw_ridge(block, rng, extreme, masked=True)
