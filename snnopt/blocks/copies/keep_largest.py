"""Copy of weights of bounded number: the largest stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask, TermCopy, existing, sole, whole
from snnopt.blocks.copies.selection import largest
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]


class KeepLargest(TermCopy):
    """``min_V  ||V - C||^2  subject to  card(V) <= k``: the k largest weights of the whole block, in absolute value.

    Dropping a weight costs its square and keeping it costs nothing. Of equals the first in position stay, row by row.
    """

    kind: ClassVar[str] = "cardinality"
    merge: ClassVar = {"cardinality": min}
    formula: ClassVar[str] = "V = C where |C| is among the k largest, else 0   (hard threshold)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, cls.kind) or whole(block, block.terms[0])

    @staticmethod
    def joint(term: Term) -> dict[str, float]:  # noqa: D102
        return {"cardinality": dict(term.parameters)["k"]}

    @staticmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V; ``parameters`` holds ``k``, the rest as in :meth:`CopyForm.solve`."""
        row = None if mask is None else mask.reshape(1, -1)
        keep = largest(np.abs(center).reshape(1, -1), int(parameters["k"]), row)
        return existing(center, keep.reshape(center.shape))
