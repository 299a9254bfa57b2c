"""Copy of weights of bounded fan-in: each neuron's largest stay."""

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


class KeepLargestPerNeuron(TermCopy):
    """``min_V  ||V - C||^2  subject to  card(V[i, :]) <= k``: the k largest weights of each row, in absolute value.

    A row holds all weights into one neuron (one channel of a convolution). Of equals the first in position stay.
    """

    kind: ClassVar[str] = "fan_in"
    merge: ClassVar = {"fan_in": min}
    formula: ClassVar[str] = (
        "V[i,:] = C[i,:] where |C[i,:]| is among its k largest, else 0   (hard threshold per neuron)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, cls.kind) or whole(block, block.terms[0])

    @staticmethod
    def joint(term: Term) -> dict[str, float]:  # noqa: D102
        return {"fan_in": dict(term.parameters)["k"]}

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
        return existing(center, largest(np.abs(center), int(parameters["k"]), mask))
