"""Copy of weights of bounded fan-in: each neuron's largest stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import CopyForm, Mask, existing, sole, whole
from snnopt.blocks.copies.selection import largest
from snnopt.split import Block

Array = NDArray[Any]


class KeepLargestPerNeuron(CopyForm):
    """``min_V  ||V - C||^2  s.t.  card(V[i, :]) <= k``: the k largest weights of each row, in absolute value.

    A row holds all weights into one neuron (one channel of a convolution). Of equals the first in position stay.
    """

    formula: ClassVar[str] = (
        "V[i,:] = C[i,:] where |C[i,:]| is among its k largest, else 0   (hard threshold per neuron)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, "fan_in") or whole(block, block.terms[0])

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
