"""Copy of weights of one sign: clip at zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask, TermCopy, existing, sole
from snnopt.blocks.copies.elementwise import BOUNDS, clipped
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]


class SignCopy(TermCopy):
    """``min_V  ||V - C||^2  subject to  sign V >= 0``: weights of the other sign become zero."""

    kind: ClassVar[str] = "sign"
    merge: ClassVar = BOUNDS
    formula: ClassVar[str] = "V = sign max(sign C, 0)   (projection on one sign)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, cls.kind)

    @staticmethod
    def joint(term: Term) -> dict[str, float]:  # noqa: D102
        return {"low": 0.0} if dict(term.parameters)["sign"] > 0 else {"high": 0.0}

    @staticmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V; ``parameters`` holds ``sign``, +1 or -1, the rest as in :meth:`CopyForm.solve`."""
        low, high = (0.0, np.inf) if parameters["sign"] > 0 else (-np.inf, 0.0)
        return existing(clipped(center, low, high), mask)
