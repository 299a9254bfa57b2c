"""Symmetric positive definite systems, products in numpy's own BLAS and small factors by scipy's LAPACK.

The numpy and scipy wheels carry one thread pool each, and alternating between the two costs milliseconds a call on few cores.
So scipy gets matrices that are too small for it to wake its threads for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[Any]

BLOCK = 104
"""Order of the blocks of factors and substitutions: OpenBLAS runs those factors on one thread, and some larger ones on all."""


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
        if len(self.blocks) == 1:
            (inverse,) = self.inverses
            return (inverse.T @ (inverse @ z)).astype(self.dtype, copy=False)
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
    if len(blocks) == 1:
        lower = cholesky(matrix)
        return lower, [inverse_of_lower(lower)]
    lower, inverses = np.zeros_like(matrix), list[Array]()
    for own in blocks:
        column = matrix[own.start :, own] - lower[own.start :, : own.start] @ lower[own, : own.start].T
        size = own.stop - own.start
        lower[own, own] = cholesky(column[:size])
        inverses.append(inverse_of_lower(lower[own, own]))
        lower[own.stop :, own] = column[size:] @ inverses[-1].T
    return lower, inverses


def cholesky(matrix: Array) -> Array:
    """L of ``L L' = M``, for a symmetric positive definite M; of an order up to ``BLOCK``, on one thread.

    Raises
    ------
    numpy.linalg.LinAlgError
        M is not positive definite.
    """
    lower, info = (lapack.spotrf if matrix.dtype == np.float32 else lapack.dpotrf)(matrix, lower=1)
    if info:
        raise np.linalg.LinAlgError("Matrix is not positive definite")
    return np.asarray(lower)


def inverse_of_lower(lower: Array) -> Array:
    """The inverse of a lower triangular matrix, its diagonal positive; of an order up to ``BLOCK``, on one thread."""
    inverse, _ = (lapack.strtri if lower.dtype == np.float32 else lapack.dtrtri)(lower, lower=1)
    return np.asarray(inverse)


def solve_spd(matrix: Array, right: Array) -> Array:
    """Solve ``matrix @ z = right`` once, for a symmetric positive definite matrix, in the matrix's dtype."""
    return Factor(matrix).solve(right)
