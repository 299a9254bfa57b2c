"""Weights of a population: ridge regression of wanted potentials on filtered spikes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Outer
from snnopt.blocks.normal_equations import NormalEquations, plus_diagonal
from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


class RidgeWeights(ClosedForm):
    """``min_W  sum_u rho_u/2 ||W phi_u - (W_0 phi_u + dv_u)||^2 + lam/2 ||W||^2 + mu/2 ||W - W_0||^2``.

    With ``G = sum_u rho_u sum phi_u phi_u'`` and ``c = sum_u rho_u sum phi_u dv_u'`` the minimiser is ``W_0 + dW``,
    ``(G + lam + mu) dW' = c - lam W_0'``: the published W update (Perin et al. 2025) with the proximal term, in either form:
    phi are filtered spikes in trace form, spikes in difference form. Biases are not penalised by lam; mu damps them too.
    """

    formula: ClassVar[str] = "W += (G + lam I + mu I)^-1 (sum phi rho dv' - lam W)   (ridge)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "weights":
            return f"it solves weights, not {block.kind}"
        if not block.quadratics:
            return "it needs a quadratic coupling"
        if any(c.mask is not None for c in block.columns):
            return "the connection has a mask"
        return proximal_terms(block, ("l2",))

    @staticmethod
    def prepare(gram: Array | Outer, lam: Array, damping: float | Array) -> NormalEquations:
        """Factor the block.

        Parameters
        ----------
        gram : ``sum_u rho_u sum phi_u phi_u'``, [k, k], or the rows ``sqrt(rho_u) phi_u'`` that it is made of.
        lam : L2 penalty of each column, [k] (0 for biases).
        damping : mu, the weight of the proximal term, one number or one for each column [k].
        """
        if isinstance(gram, Outer):
            return NormalEquations.of_rows(gram, np.broadcast_to(lam + damping, lam.shape), lam)
        return NormalEquations.of(plus_diagonal(gram, lam + damping), lam)

    @staticmethod
    def solve(gram: Array | Outer, cross: Array, weights: Array, lam: Array, damping: float | Array) -> Array:
        """Return dW [channels, k]: :meth:`prepare`, and one solve.

        Parameters
        ----------
        gram, lam, damping : as in :meth:`prepare`.
        cross : ``sum_u rho_u sum phi_u dv_u'``, [k, channels].
        weights : W_0 with the bias columns, [channels, k].
        """
        return RidgeWeights.prepare(gram, lam, damping).solve(cross, weights)
