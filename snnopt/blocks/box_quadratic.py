"""A quadratic over the unit box, with one matrix for many right-hand sides: its coordinate sweep and its residual."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

UNITS = 8
"""Coordinates that one matrix product prepares; products within them stay too small to be spread over threads."""


@final
class BoxQuadratic:
    """``min_{0<=a<=1} a'Na/2 - <b, a>`` for columns a, b [n, columns].

    With D = diag N a coordinate's minimiser is ``clip((b/D - (N/D - I) a)_j, 0, 1)``; the others are held.
    """

    def __init__(self, normal: Array) -> None:
        self.normal = normal
        self.diagonal = normal.diagonal()[:, None]
        self.tolerance = float(np.finfo(normal.dtype).eps) ** (2 / 3)
        scaled = normal / self.diagonal
        self.weight = np.abs(scaled).sum(1, keepdims=True)
        np.fill_diagonal(scaled, 0)
        self.parts = []
        for k in range(0, len(normal), UNITS):
            own, rows = slice(k, k + UNITS), scaled[k : k + UNITS].copy()
            within = rows[:, own].copy()
            rows[:, own] = 0
            self.parts.append((own, rows, within))

    def gradient(self, a: Array, b: Array) -> Array:
        """``N a - b``."""
        return self.normal @ a - b

    def residual(self, a: Array, b: Array) -> Array:
        """Largest ``|a - clip(a - grad/D)|`` of each column, relative to ``(|N| 1 + |b|)/D``, what rounding sees."""
        far = a - np.clip(a - self.gradient(a, b) / self.diagonal, 0, 1)
        return (np.abs(far) / (self.weight + np.abs(b) / self.diagonal)).max(0)

    def sweep(self, a: Array, b: Array) -> None:
        """Minimise over one coordinate after the other, in place."""
        for own, rows, within in self.parts:
            block, wanted = a[own], b[own] / self.diagonal[own]
            wanted -= rows @ a
            for others, y, mine in zip(within, wanted, block, strict=True):
                y -= others @ block
                np.maximum(y, 0, out=y)
                np.minimum(y, 1, out=mine)
