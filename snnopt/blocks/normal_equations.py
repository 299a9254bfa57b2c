"""The normal equations of weights: factored once, solved for as many right-hand sides as come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Factor, Outer, OuterFactor
from snnopt.backends.outer import HOPELESS

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """``M dW' = c - lam W'`` for the weights W [channels, k] that exist, dW = 0 for the others.

    Rows of W are independent. ``parts`` are groups of rows with the same synapses: rows, columns and the factor of their
    ``M[columns, columns]``; where every synapse exists there is ``whole`` instead, the factor of M.

    Raises
    ------
    numpy.linalg.LinAlgError
        M is not positive definite.
    """

    lam: Array
    whole: Factor | OuterFactor | None
    parts: tuple[tuple[Array, Array, Factor], ...] = ()

    @staticmethod
    def of(system: Array, lam: Array, mask: Array | None = None) -> NormalEquations:
        """Factor M [k, k]; ``lam`` [k] is the L2 penalty of each column, ``mask`` [channels, k] of bool says what exists."""
        if mask is None:
            return NormalEquations(lam, Factor(system))
        patterns, which = np.unique(mask, axis=0, return_inverse=True)
        parts = []
        for p, pattern in enumerate(patterns):
            (keep,), (rows,) = np.nonzero(pattern), np.nonzero(which.ravel() == p)
            if len(keep):
                parts.append((rows, keep, Factor(system[np.ix_(keep, keep)])))
        return NormalEquations(lam, None, tuple(parts))

    @staticmethod
    def of_rows(outer: Outer, diagonal: Array, lam: Array) -> NormalEquations:
        """Factor ``M = F' F + diag(d)`` by the rows F, or whole where it is too ill-conditioned for that."""
        if outer.condition(diagonal) > HOPELESS:
            return NormalEquations.of(plus_diagonal(outer.whole, diagonal), lam)
        return NormalEquations(lam, OuterFactor(outer, diagonal))

    def solve(self, cross: Array, weights: Array) -> Array:
        """Return dW [channels, k] for c [k, channels] and the present W."""
        right = self.lam[:, None].astype(cross.dtype) * weights.T
        np.subtract(cross, right, out=right)
        if self.whole is not None:
            return self.whole.solve(right).T
        out = np.zeros_like(weights)
        for rows, keep, factor in self.parts:
            out[np.ix_(rows, keep)] = factor.solve(right[np.ix_(keep, rows)]).T
        return out


def plus_diagonal(matrix: Array, diagonal: Array | float, scale: float = 1.0) -> Array:
    """``scale M + diag(d)``, in the matrix's dtype."""
    system, at = matrix * matrix.dtype.type(scale), np.arange(len(matrix))
    system[at, at] += np.asarray(diagonal).astype(matrix.dtype)
    return system
