"""Weights of a sparse connection: ridge regression over the synapses that exist."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.normal_equations import NormalEquations, plus_diagonal
from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


class MaskedRidgeWeights(ClosedForm):
    """The block of :class:`RidgeWeights` with ``W[i, j] = 0`` wherever the mask is zero.

    Rows of W are independent, so row i is the ridge solution on the features ``S_i`` that it may use:
    ``(G + lam + mu)[S_i, S_i] dW[i, S_i]' = (c - lam W_0')[S_i, i]``.
    """

    formula: ClassVar[str] = (
        "W[i,S] += (G + lam I + mu I)[S,S]^-1 (sum phi rho dv' - lam W)[S,i]   (ridge on existing synapses)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "weights":
            return f"it solves weights, not {block.kind}"
        if all(c.mask is None for c in block.columns):
            return "no connection has a mask"
        return proximal_terms(block, ("l2",))

    @staticmethod
    def prepare(gram: Array, lam: Array, damping: float | Array, mask: Array) -> NormalEquations:
        """Factor the block for each set of synapses; ``mask`` [channels, k] of bool, the rest as in :class:`RidgeWeights`."""
        return NormalEquations.of(plus_diagonal(gram, lam + damping), lam, mask)

    @staticmethod
    def solve(gram: Array, cross: Array, weights: Array, lam: Array, damping: float | Array, mask: Array) -> Array:
        """Return dW [channels, k]; ``mask`` [channels, k] of bool, the rest as in :meth:`RidgeWeights.solve`."""
        return MaskedRidgeWeights.prepare(gram, lam, damping, mask).solve(cross, weights)
