"""Weights of a sparse connection: ridge regression over the synapses that exist."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.ridge_weights import RidgeWeights
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
    def solve(gram: Array, cross: Array, weights: Array, lam: Array, damping: float | Array, mask: Array) -> Array:
        """Return dW [channels, k]; ``mask`` [channels, k] of bool, the rest as in :meth:`RidgeWeights.solve`."""
        out, mu = np.zeros_like(weights), np.broadcast_to(damping, lam.shape)
        patterns, which = np.unique(mask, axis=0, return_inverse=True)
        for p, pattern in enumerate(patterns):
            (keep,), rows = np.nonzero(pattern), np.nonzero(which.ravel() == p)[0]
            if len(keep):
                part = RidgeWeights.solve(
                    gram[np.ix_(keep, keep)],
                    cross[np.ix_(keep, rows)],
                    weights[np.ix_(rows, keep)],
                    lam[keep],
                    mu[keep],
                )
                out[np.ix_(rows, keep)] = part
        return out
