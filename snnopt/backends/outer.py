"""Systems of a few rows' outer products and a diagonal, solved through a matrix as small as the rows are few."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends.solves import cholesky, inverse_of_lower

Array = NDArray[Any]

STEEP, HOPELESS = 1e4, 1e5
"""Conditions of M that are too much for single precision, and for the identity, whose errors grow with their square."""


@dataclass(frozen=True, eq=False)
class Outer:
    """The matrix ``F' F`` [k, k], by its rows F [r, k]."""

    rows: Array

    @staticmethod
    def near(matrix: Array, rank: int) -> Outer:
        """The Nystrom approximation ``M Omega (Omega' M Omega)^-1 Omega' M`` of a positive semidefinite M [k, k], Omega [k, rank]
        being the same Gaussian numbers in every call.

        It is at most M but for a shift of a few roundings, and misses little more than M's smallest ``k - rank`` eigenvalues.
        Source: Frangella, Tropp and Udell, SIAM Journal on Matrix Analysis and Applications 44, 2023, whose shift keeps it
        regular; it is not taken off again.

        Raises
        ------
        numpy.linalg.LinAlgError
            M is not positive semidefinite, or no number.
        """
        size = float(np.diagonal(matrix).max(initial=0.0))
        if not size > 0:
            return Outer(np.zeros((rank, len(matrix)), matrix.dtype))
        omega = _gaussian(len(matrix), rank, matrix.dtype)
        seen = matrix @ omega
        seen /= matrix.dtype.type(size)  # so that its squares neither overflow nor vanish
        if not np.isfinite(seen).all():  # as the product is where entries are near the largest number
            seen = (matrix / matrix.dtype.type(size)) @ omega
        seen += matrix.dtype.type(np.finfo(matrix.dtype).eps * np.linalg.norm(seen)) * omega
        small = omega.T.astype(np.float64) @ seen
        rows = inverse_of_lower(cholesky((small + small.T) / 2)) @ seen.T
        return Outer((np.sqrt(size) * rows).astype(matrix.dtype))

    @property
    def diagonal(self) -> Array:
        """Its diagonal [k]."""
        return np.einsum("rk,rk->k", self.rows, self.rows)

    @property
    def whole(self) -> Array:
        """The matrix itself."""
        return self.rows.T @ self.rows

    def condition(self, diagonal: Array) -> float:
        """A bound on the condition of the matrix with a positive diagonal added, in units of that diagonal."""
        return float((self.diagonal / diagonal).sum()) + 1.0

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the rows."""
        return self.rows.dtype


@cache
def _gaussian(order: int, rank: int, dtype: np.dtype[Any]) -> Array:
    return np.random.default_rng(0).standard_normal((order, rank)).astype(dtype)


class OuterFactor:
    """``M = F' F + diag(d)`` for rows F [r, k] and d > 0 [k], ready to solve with (the Woodbury identity)::

        M^-1 = D^-1 - D^-1 F' (I + F D^-1 F')^-1 F D^-1

    ``4 r k`` operations for a right-hand side instead of ``2 k^2``, and ``r^2 k + r^3`` once instead of ``k^3 / 3``. The small
    matrix is inverted in double precision; solves are in it too where M is ill-conditioned.
    """

    def __init__(self, outer: Outer, diagonal: Array) -> None:
        self.dtype = outer.dtype
        rows, d = outer.rows.astype(np.float64), np.asarray(diagonal, np.float64)
        scaled = rows / d
        small = scaled @ rows.T
        small[np.diag_indices_from(small)] += 1
        work = np.dtype(np.float64) if outer.condition(d) > STEEP else self.dtype
        parts = (rows, np.linalg.inv(small) @ scaled, 1 / d[:, None])
        self.rows, self.seen, self.inverse = (x.astype(work) for x in parts)

    def solve(self, right: Array) -> Array:
        """``z`` of ``M @ z = right``, [k, m], in the rows' dtype: ``D^-1 (right - F' (I + F D^-1 F')^-1 F D^-1 right)``."""
        z = self.rows.T @ (self.seen @ right)
        np.subtract(right, z, out=z)
        z *= self.inverse
        return z.astype(self.dtype, copy=False)
