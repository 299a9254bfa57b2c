"""Weights and potentials of a linear read-out together: one majorised Newton step on its loss."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.losses import LOSS_FUNCTIONS
from snnopt.blocks.normal_equations import NormalEquations, plus_diagonal
from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


def majorisable(block: Block) -> str | None:
    """Return a reason if a read-out block has no weights, no loss with a curvature bound, or terms beyond L2."""
    losses = [t for t in block.terms if t.role == "loss"]
    if not block.variables:
        return "the read-out has no weights"
    unknown = [t.kind for t in losses if t.kind not in LOSS_FUNCTIONS]
    return f"it has no closed form for {', '.join(unknown)}" if unknown else proximal_terms(block, ("l2",))


class MajorisedReadout(ClosedForm):
    """``min_W  loss(W x) + lam/2 ||W||^2`` with the loss replaced by a quadratic that lies above it and touches at W_0.

    ``x[n] = sum_t h[t] s[t, n]`` is what the read-out's window sees, so its potentials are eliminated exactly; for a loss on
    the largest potential h reads the step where the rollout had its peak, for each sample and unit. Several losses, and
    several uses of the weights, add their G and their gradients. With the loss's curvature at most b (cross-entropy 1/2,
    Boehning 1992; squared error 1, where the quadratic is the loss itself): ``W = W_0 - eta (b (G + mu) + lam)^{-1}
    (sum x dloss' + lam W_0)``, ``G = sum x x'``. At eta = 1 this is the majoriser's minimiser, so the loss cannot rise.
    """

    formula: ClassVar[str] = (
        "W -= eta (b (G + mu I) + lam I)^-1 (sum x dloss' + lam W)   (majorised Newton, read-out window eliminated)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "readout":
            return f"it solves read-outs, not {block.kind}"
        if any(c.mask is not None for c in block.columns):
            return "a connection has a mask"
        return majorisable(block)

    @staticmethod
    def solve(
        gram: Array, gradient: Array, weights: Array, lam: Array, curvature: float, damping: float, eta: float
    ) -> Array:
        """Return dW [units, k].

        Parameters
        ----------
        gram : ``mean x x'``, [k, k].
        gradient : ``mean x dloss'``, [k, units].
        weights : W_0 with the bias column, [units, k].
        lam : L2 penalty of each column, [k] (0 for biases).
        curvature : b, a bound on the loss's second derivative.
        damping : mu, added to G.
        eta : step, 1 for the majoriser's minimiser.
        """
        return eta * normal_equations(gram, lam, curvature, damping).solve(-gradient, weights)


def normal_equations(
    gram: Array, lam: Array, curvature: float, damping: float, mask: Array | None = None
) -> NormalEquations:
    """``(b (G + mu) + lam) dW' = c - lam W'`` for the weights that exist."""
    return NormalEquations.of(plus_diagonal(gram, lam + curvature * damping, curvature), lam, mask)
