"""Weights of a read-out through sparse connections: a majorised Newton step on the synapses that exist."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.majorised_readout import majorisable, normal_equations
from snnopt.blocks.rule import ClosedForm
from snnopt.split import Block

Array = NDArray[Any]


class MaskedReadout(ClosedForm):
    """The majoriser of :class:`MajorisedReadout` with ``W[i, j] = 0`` wherever the mask is zero.

    The majoriser's curvature is the same for every unit and couples none, so row i is solved on the features ``S_i`` that it
    may use.
    """

    formula: ClassVar[str] = (
        "W[i,S] -= eta (b (G + mu I) + lam I)[S,S]^-1 (sum x dloss' + lam W)[S,i]   (majorised Newton on existing synapses)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "readout":
            return f"it solves read-outs, not {block.kind}"
        if all(c.mask is None for c in block.columns):
            return "no connection has a mask"
        return majorisable(block)

    @staticmethod
    def solve(
        gram: Array,
        gradient: Array,
        weights: Array,
        lam: Array,
        curvature: float,
        damping: float,
        eta: float,
        mask: Array,
    ) -> Array:
        """Return dW [units, k]; ``mask`` [units, k] of bool, the rest as in :meth:`MajorisedReadout.solve`."""
        return eta * normal_equations(gram, lam, curvature, damping, mask).solve(-gradient, weights)
