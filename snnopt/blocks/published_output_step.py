"""Potentials of a read-out at the last step, as published."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.losses.base import one_hot
from snnopt.blocks.output_step import one_at_a_time
from snnopt.blocks.rule import ClosedForm
from snnopt.split import Block

Array = NDArray[Any]


class PublishedOutputStep(ClosedForm):
    """The update of the last step as published for a squared error of the last potential; not its block's minimiser.

    ``v = (q + scale y - lambda) / (1 + scale)``, with the prediction q without dual and the unscaled multiplier lambda = rho u.
    The block is ``scale/2 ||v - y||^2 + lambda (v - q) + rho/2 ||v - q||^2``, whose minimiser is ``(rho q + scale y - lambda) /
    (rho + scale)``: rho is missing where it weighs the prediction, so the update is exact only at rho = 1. It is here to
    reproduce Perin, Bidini, Mazzieri and Rossi, arXiv 2505.05527; before the last step their update is that of
    :class:`OutputStep`.
    """

    formula: ClassVar[str] = "v[T] = (q + s y - lambda)/(1 + s)   (as published: the minimiser only at rho = 1)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        reason = one_at_a_time(block)
        if reason is not None:
            return reason
        if not block.published:
            return "the exact last step is asked for"
        if block.at != "last":
            return "it is published for the last step"
        if any(t.kind != "squared_error" or t.over != ("last", 0) for t in block.terms):
            return "it is published for a squared error of the last potential"
        return None

    @staticmethod
    def solve(prediction: Array, multiplier: Array, scale: float, target: Array) -> Array:
        """Return v[T], [N, n].

        Parameters
        ----------
        prediction : q, ``beta v[T-1] + gain i[T]``, [N, n].
        multiplier : lambda of the dynamics at the last step, unscaled, [N, n].
        scale : of the squared error.
        target : labels [N], or real [N, n].
        """
        y = one_hot(target, prediction.shape[1], prediction.dtype)
        s = prediction.dtype.type(scale)
        return (prediction + s * y - multiplier) / (1 + s)
