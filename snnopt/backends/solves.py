"""Symmetric positive definite systems, in numpy's own BLAS.

The numpy and scipy wheels carry one thread pool each, and alternating between the two costs milliseconds a call on few cores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCK, TILE = 128, 32
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
        try:
            self.lower = np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            self.lower = np.linalg.cholesky(matrix.astype(np.float64))
        self.blocks = [slice(k, k + BLOCK) for k in range(0, len(matrix), BLOCK)]
        self.inverses = [_inverse(self.lower[own, own]) for own in self.blocks]

    def solve(self, right: Array) -> Array:
        """``z`` of ``matrix @ z = right``, [k, m], in the matrix's dtype: blocked substitution, one product a block."""
        lower, z = self.lower, right.astype(self.lower.dtype)
        for own, inverse in zip(self.blocks, self.inverses, strict=True):
            z[own] = inverse @ (z[own] - lower[own, : own.start] @ z[: own.start])
        for own, inverse in zip(reversed(self.blocks), reversed(self.inverses), strict=True):
            z[own] = inverse.T @ (z[own] - lower[own.stop :, own].T @ z[own.stop :])
        return z.astype(self.dtype, copy=False)


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
