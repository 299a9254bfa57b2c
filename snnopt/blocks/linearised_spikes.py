"""Spikes: the demand from above, one gradient step."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.rule import ClosedForm
from snnopt.split import Block

Array = NDArray[Any]


class LinearisedSpikes(ClosedForm):
    """``min_a  -<da, a> + sigma/2 ||a - s||^2``, all couplings above replaced by their gradient -da at the rollout's s.

    Never formed as an array: the exact step rule that follows takes da and sigma, and puts ``a`` in its own objective.
    """

    formula: ClassVar[str] = "a = s + da / sigma,  da = sum W' kappa^T*(rho dv) of the layers above   (linearised)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "spikes":
            return f"it solves spikes, not {block.kind}"
        return None if block.linear else "the block is not linearised"

    @staticmethod
    def solve(spikes: Array, demand: Array, sigma: float) -> Array:
        """Return a, shaped as the spikes."""
        return spikes + demand / sigma
