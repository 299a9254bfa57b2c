"""Spikes in difference form, clipped to [0, 1] as published: not the minimiser of their block."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.free_spikes import FreeSpikes
from snnopt.blocks.rule import ClosedForm
from snnopt.blocks.spikes import not_spikes
from snnopt.split import Block

Array = NDArray[Any]


class ClippedSpikes(ClosedForm):
    """The minimiser of :class:`FreeSpikes`, clipped to [0, 1] afterwards. *Not* the minimiser over the box.

    The published rule (Perin et al. 2025), kept to reproduce it. It minimises its block only where the normal matrix is
    diagonal or the free minimiser lies in the box, so ``verify`` fails it; :class:`BoxSpikes` is the exact one.
    """

    formula: ClassVar[str] = "a[t] = clip((sum rho G'G + sigma I)^-1 right, 0, 1)   (as published: not the minimiser)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind == "spikes" and block.box == "exact":
            return "the minimiser over the box is asked for, and clipping the free one is not it"
        return not_spikes(block, "difference", "published")

    @staticmethod
    def solve(normal: Array, right: Array) -> Array:
        """Return a [..., n]; arguments as for :meth:`FreeSpikes.solve`."""
        return np.clip(FreeSpikes.solve(normal, right), 0, 1)
