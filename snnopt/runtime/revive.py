"""Waking a layer that never spikes, or calming one that always does."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from snnopt.program import AffineCoupling
from snnopt.runtime.bias import nearer_to_firing

Array = NDArray[Any]

SHIFT = 0.05
"""Change of the bias current, in thresholds."""


def revive(coupling: AffineCoupling, weights: dict[str, Array], up: bool, steps: int) -> dict[str, Array]:
    """Return weights with the layer's bias current moved by ``SHIFT`` thresholds towards its working range.

    Without a bias its weights grow (or shrink) by a tenth instead.
    """
    sign = 1.0 if up else -1.0
    moved = nearer_to_firing(coupling, weights, sign * SHIFT, steps)
    if moved is not None:
        return moved
    own = [m.weight for m in coupling.maps if m.weight is not None]
    return weights | {n: (weights[n] * (1 + 0.1 * sign)).astype(weights[n].dtype) for n in own}
