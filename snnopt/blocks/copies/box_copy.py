"""Copy of weights under bounds: clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask, TermCopy, existing, sole
from snnopt.blocks.copies.elementwise import BOUNDS, clipped
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]


class BoxCopy(TermCopy):
    """``min_V  ||V - C||^2  subject to  low <= V <= high``: each weight alone, the nearest number between the bounds."""

    kind: ClassVar[str] = "box"
    merge: ClassVar = BOUNDS
    formula: ClassVar[str] = "V = clip(C, low, high)   (projection on the bounds)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, cls.kind)

    @staticmethod
    def joint(term: Term) -> dict[str, float]:  # noqa: D102
        return dict(term.parameters)

    @staticmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V; ``parameters`` holds ``low`` and ``high``, the rest as in :meth:`CopyForm.solve`."""
        return existing(clipped(center, parameters["low"], parameters["high"]), mask)
