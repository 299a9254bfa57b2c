"""Copy of fixed-point weights: the nearest level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask, TermCopy, existing, sole
from snnopt.blocks.copies.levels import grid_step, nearest_level
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]


class NearestLevel(TermCopy):
    """``min_V  ||V - C||^2  subject to  V = step q``, whole ``|q| <= K = 2^(bits-1) - 1``, a step for each weight variable.

    The step is a function of C (:func:`snnopt.blocks.copies.levels.grid_step`) and part of the block: it is not minimised
    over. Given the step, each weight is alone, and goes to its nearest level.
    """

    kind: ClassVar[str] = "grid"
    merge: ClassVar = {"grid": min}
    formula: ClassVar[str] = "V = step clip(round(C / step), -K, K), step = 2.5 mean|C| / K   (nearest level)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, cls.kind)

    @staticmethod
    def joint(term: Term) -> dict[str, float]:  # noqa: D102
        return {"grid": dict(term.parameters)["bits"]}

    @staticmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V; ``parameters`` holds ``bits``, the rest as in :meth:`CopyForm.solve`."""
        out, bits = np.zeros_like(center), int(parameters["bits"])
        for part in parts:
            step = grid_step(center[:, part], bits, None if mask is None else mask[:, part])
            out[:, part] = nearest_level(center[:, part], step, bits)
        return existing(out, mask)
