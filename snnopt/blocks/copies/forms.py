"""The closed forms of copies under one term, and what their terms come to: one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import PenaltyCopy, TermCopy
from snnopt.blocks.copies.block_soft_threshold import BlockSoftThreshold
from snnopt.blocks.copies.box_copy import BoxCopy
from snnopt.blocks.copies.keep_largest import KeepLargest
from snnopt.blocks.copies.keep_largest_per_neuron import KeepLargestPerNeuron
from snnopt.blocks.copies.nearest_level import NearestLevel
from snnopt.blocks.copies.sign_copy import SignCopy
from snnopt.blocks.copies.soft_threshold import SoftThreshold

Array = NDArray[Any]

TERM_FORMS: tuple[type[TermCopy], ...] = (
    BoxCopy,
    SignCopy,
    SoftThreshold,
    BlockSoftThreshold,
    KeepLargest,
    KeepLargestPerNeuron,
    NearestLevel,
)
"""Closed forms of copies under one term."""


def half_square(w: Array) -> float:
    """``||W||^2 / 2``, which weight blocks hold themselves; in whatever order the matrix is stored."""
    flat = w.ravel(order="K")
    square = float(np.dot(flat, flat))
    if not np.isfinite(square):  # as squares of weights beyond 1e19 are in single precision
        square = float(np.sum(flat.astype(np.float64) ** 2))
    return square / 2


VALUES: dict[str, Callable[[Array], float]] = {
    "l2": half_square,
    **{f.kind: f.value for f in TERM_FORMS if issubclass(f, PenaltyCopy)},
}
"""Penalties on weights by kind, at W [channels, k] and without their factor."""
