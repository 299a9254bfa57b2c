"""Copy of weights under the group lasso: soft threshold of whole columns."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.copies.base import Mask, PenaltyCopy, existing, sole
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]


def columns_shrunk(center: Array, threshold: float) -> Array:
    """``argmin_v  threshold ||v|| + ||v - c||^2 / 2`` of each column c: ``(1 - threshold/||c||)_+ c``."""
    norm = np.linalg.norm(center, axis=0)
    stays = norm > threshold
    factor = np.where(stays, 1 - threshold / np.where(stays, norm, np.ones((), norm.dtype)), np.zeros((), norm.dtype))
    return factor * center


class BlockSoftThreshold(PenaltyCopy):
    """``min_V  lam sum_j ||V[:, j]|| + m/2 ||V - C||^2``: each column shrunk as a whole (Boyd et al. 2011, section 6.4.2)."""

    kind: ClassVar[str] = "group_lasso"
    merge: ClassVar = {"group_lasso": operator.add}
    formula: ClassVar[str] = "V[:,j] = (1 - lam/(m ||C[:,j]||))_+ C[:,j]   (block soft threshold)"

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return sole(block, cls.kind)

    @staticmethod
    def joint(term: Term) -> dict[str, float]:  # noqa: D102
        return {"group_lasso": float(term.scale)}

    @staticmethod
    def value(w: Array) -> float:
        """``sum_j ||W[:, j]||``."""
        return float(np.linalg.norm(w, axis=0).sum())

    @staticmethod
    def solve(
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Mask,
    ) -> Array:
        """Return V; ``scale`` is lam, the rest as in :meth:`CopyForm.solve`."""
        return columns_shrunk(existing(center, mask), float(scale) / float(penalty))
