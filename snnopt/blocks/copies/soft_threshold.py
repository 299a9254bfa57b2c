"""Copy of weights under an L1 penalty: soft threshold."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask, PenaltyCopy, existing, sole
from snnopt.blocks.copies.elementwise import shrunk
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]


class SoftThreshold(PenaltyCopy):
    """``min_V  lam sum |V| + m/2 ||V - C||^2``: each weight alone, shrunk by lam/m (Boyd et al. 2011, section 4.4.3)."""

    kind: ClassVar[str] = "l1"
    merge: ClassVar = {"l1": operator.add}
    formula: ClassVar[str] = "V = C - clip(C, -lam/m, lam/m)   (soft threshold)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, cls.kind)

    @staticmethod
    def joint(term: Term) -> dict[str, float]:  # noqa: D102
        return {"l1": float(term.scale)}

    @staticmethod
    def value(w: Array) -> float:
        """``sum |W|``."""
        return float(np.abs(w).sum())

    @staticmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V; ``scale`` is lam, the rest as in :meth:`CopyForm.solve`."""
        return existing(shrunk(center, float(scale) / float(penalty)), mask)
