"""Symmetric positive definite systems, in numpy's own BLAS.

The numpy and scipy wheels carry one thread pool each, and alternating between the two costs milliseconds a call on few cores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCK, TILE = 96, 32
"""Order of the blocks of a substitution, and of those that are inverted at once."""


class Factor:
    """A Cholesky factor ``L L'`` of a symmetric positive definite matrix, with its diagonal blocks inverted.

    Factored in double precision where single precision finds the matrix indefinite.

    Raises
    ------
    numpy.linalg.LinAlgError
        The matrix is not positive definite.
    """

    def __init__(self, matrix: Array) -> None:
        self.dtype = matrix.dtype
        self.blocks = [slice(k, min(k + BLOCK, len(matrix))) for k in range(0, len(matrix), BLOCK)]
        try:
            self.lower, self.inverses = _factored(matrix, self.blocks)
        except np.linalg.LinAlgError:
            self.lower, self.inverses = _factored(matrix.astype(np.float64), self.blocks)

    def solve(self, right: Array) -> Array:
        """``z`` of ``matrix @ z = right``, [k, m], in the matrix's dtype: blocked substitution, one product a block."""
        lower, z = self.lower, right.astype(self.lower.dtype)
        for own, inverse in zip(self.blocks, self.inverses, strict=True):
            z[own] = inverse @ (z[own] - lower[own, : own.start] @ z[: own.start])
        for own, inverse in zip(reversed(self.blocks), reversed(self.inverses), strict=True):
            z[own] = inverse.T @ (z[own] - lower[own.stop :, own].T @ z[own.stop :])
        return z.astype(self.dtype, copy=False)


def _factored(matrix: Array, blocks: list[slice]) -> tuple[Array, list[Array]]:
    """L by columns of blocks, and the inverses of its diagonal blocks, which the blocks below them are found with.

    ``L[k, k] L[k, k]' = M[k, k] - sum_{j<k} L[k, j] L[k, j]'``,
    ``L[i, k] = (M[i, k] - sum_{j<k} L[i, j] L[k, j]') L[k, k]^-T``.
    """
    lower, inverses = np.zeros_like(matrix), list[Array]()
    for own in blocks:
        column = matrix[own.start :, own] - lower[own.start :, : own.start] @ lower[own, : own.start].T
        size = own.stop - own.start
        lower[own, own] = np.linalg.cholesky(column[:size])
        inverses.append(_inverse(lower[own, own]))
        lower[own.stop :, own] = column[size:] @ inverses[-1].T
    return lower, inverses


def _inverse(lower: Array) -> Array:
    """The inverse of a lower triangular matrix, by halves: ``[[P, 0], [-R Q P, R]]`` with P, R those of the diagonal blocks."""
    n = len(lower)
    if n <= TILE:
        return np.linalg.inv(lower)
    half, out = n // 2, np.zeros_like(lower)
    out[:half, :half], out[half:, half:] = _inverse(lower[:half, :half]), _inverse(lower[half:, half:])
    out[half:, :half] = -out[half:, half:] @ (lower[half:, :half] @ out[:half, :half])
    return out


def solve_spd(matrix: Array, right: Array) -> Array:
    """Solve ``matrix @ z = right`` once, for a symmetric positive definite matrix, in the matrix's dtype."""
    return Factor(matrix).solve(right)
