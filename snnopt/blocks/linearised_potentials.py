"""Potentials of a layer that does not spike and feeds others: a gradient step on what is asked of them."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


class LinearisedPotentials(ClosedForm):
    """``min_v  -<da, v - v_0> + rho/2 ||v - v_0||^2``, so ``v = v_0 + da / rho``.

    The couplings above are replaced by their gradient -da at the rollout's v_0; there is no step between.
    """

    formula: ClassVar[str] = "v += da / rho,  da = sum W' kappa^T*(rho dv) of the layers above   (linearised)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials":
            return f"it solves potentials, not {block.kind}"
        if block.step != "none":
            return "the layer spikes"
        if block.form != "trace":
            return "in difference form neighbouring steps are coupled"
        return proximal_terms(block, ())

    @staticmethod
    def move(demand: Array, rho: float) -> Array:
        """Return v - v_0, shaped as the demand."""
        return demand if rho == 1 else demand / rho
