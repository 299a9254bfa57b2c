"""Potentials under a dithered step coupling, linearised: smooth demand, closed-form move."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


class DitheredStep(ClosedForm):
    """``min_v  -da p(v_0 - theta) (v - v_0) + rho/2 (v - v_0)^2``, so ``v = v_0 + da p(v_0 - theta) / rho``.

    The demand enters as ``-da E H(v - theta - xi)`` with a random threshold offset xi of triangular density
    ``p(z) = max(0, 1 - |z|/w)/w``; E H is smooth with slope p, and is linearised at the rollout's v_0. This is a
    surrogate-gradient step (p is the surrogate), preconditioned by the Gram matrix of the weight block that follows.
    """

    formula: ClassVar[str] = "v += da p(v - theta) / rho,  p(z) = max(0, 1 - |z|/w)/w   (dithered step, linearised)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials":
            return f"it solves potentials, not {block.kind}"
        if block.step != "dithered":
            return f"the step coupling is {block.step}, not dithered"
        if block.form != "trace":
            return "in difference form neighbouring steps are coupled"
        return proximal_terms(block, ())

    @staticmethod
    def slope(potentials: Array, threshold: Any, width: float) -> Array:
        """``p(v - theta)``, shaped as the potentials, in 1/volt."""
        p = np.abs(potentials - threshold)
        p *= -1 / potentials.dtype.type(width) ** 2
        p += 1 / potentials.dtype.type(width)
        return np.maximum(p, 0, out=p)

    @staticmethod
    def move(demand: Array, slope: Array, rho: float) -> Array:
        """Return v - v_0 = da p / rho, shaped as the demand."""
        moved = demand * slope
        return moved if rho == 1 else moved / rho
