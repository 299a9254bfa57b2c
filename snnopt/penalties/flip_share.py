"""Penalties that flip a given share of the spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def distance_penalty(demand: Array, distance: float, entries: int) -> float:
    """rho as ``distance`` times the mean absolute demand: how dear a move of the potential is against a flip.

    ``entries`` are those of ``demand`` that count; the others are zero.
    """
    return distance * float(np.abs(demand).sum() / entries)


def flip_penalty(score: Array, share: float) -> float:
    """sigma for which about ``share`` of the entries of ``score`` lie above sigma/2 (none where no flip pays)."""
    k = max(0, min(score.size - 1, round((1 - share) * score.size)))
    return 2.0 * max(0.0, float(np.partition(score.ravel(), k)[k]))
