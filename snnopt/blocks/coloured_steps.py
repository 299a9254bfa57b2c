"""Potentials in difference form, all steps of one parity at once: a cheap descent step on the chain."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.one_step import OneStep
from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


class ColouredSteps(ClosedForm):
    """The block of :class:`ChainStep`, minimised over the steps ``t = parity, parity + 2, ...`` with the others held.

    Steps of one parity are no neighbours, so they are uncoupled and each is :class:`OneStep`'s problem: the joint minimiser
    over half of the chain, for a fraction of the chain's price. The objective never rises; alternating parities ends where no
    step alone can improve, which may lie far above the chain's minimum when sigma/rho is small.
    """

    formula: ClassVar[str] = (
        "v[t] = theta(+ulp) if sigma |1-2b| > c (q-theta)^2 and q is on the dear side else q, for every other t   "
        "(exact step, coloured)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials":
            return f"it solves potentials, not {block.kind}"
        if block.order != "coloured":
            return "steps of one parity are not asked for"
        if block.form != "difference" or block.step != "exact":
            return "it needs the exact step in difference form"
        return proximal_terms(block, ())

    @staticmethod
    def solve(
        potentials: Array,
        drive: Array,
        target: Array,
        beta: Any,
        rho: float,
        sigma: float,
        threshold: Any,
        parity: int,
    ) -> Array:
        """Return v [T, N, n], renewed at ``t = parity, parity + 2, ...`` (t from 0) and else as it was.

        ``potentials`` is v, of the drive's shape and dtype; the rest as in :meth:`ChainStep.solve`.
        """
        out, last = potentials.copy(), len(potentials) - 1
        first, numbers = parity, (beta, rho, sigma, threshold)
        if parity == 0:  # no step before
            follow = (drive[1], potentials[1]) if last else (None, None)
            out[0] = OneStep.solve(drive[0], follow[0], None, follow[1], target[0], *numbers)
            first = 2
        middle, before, after = slice(first, last, 2), slice(first - 1, last - 1, 2), slice(first + 1, None, 2)
        if first < last:
            around = (drive[after], potentials[before], potentials[after])
            out[middle] = OneStep.solve(drive[middle], *around, target[middle], *numbers)
        if last and last % 2 == parity:  # no step after
            out[last] = OneStep.solve(drive[last], None, potentials[last - 1], None, target[last], *numbers)
        return out
