"""Least squares with a linear term and entries held at zero: the form of every convex block, for CVXPY to solve."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

TOLERANCES = (1e-14, 1e-11, 1e-9)
"""Tried in this order: tight first, looser where the solver makes no more progress."""


class ConvexSolverError(RuntimeError):
    """CVXPY found no solution."""


def least_squares(a: Array, b: Array, linear: Array, zero: Array | None = None) -> Array:
    """Solve ``min_X  1/2 ||A X - B||^2 + <L, X>`` with ``X = 0`` where ``zero`` is true.

    Penalties stand in A and B as their square roots, so that the problem is DPP: it is compiled once for each size
    (rounded up and padded) and solved again with new numbers.

    Parameters
    ----------
    a, b : A [rows, k] and B [rows, m].
    linear : L [k, m].
    zero : [k, m] of bool, or None.

    Returns
    -------
    X [k, m].

    Raises
    ------
    ConvexSolverError
        The problem is unbounded or the solver gives up.
    """
    (rows, k), m = a.shape, b.shape[1]
    held = np.zeros((k, m), bool) if zero is None else zero
    unit = float(np.abs(a).max()) or 1.0
    problem = _compiled(_round_up(rows, 16), _round_up(k, 4), _round_up(m, 4))
    problem.load(a / unit, b / unit, linear / unit**2, held)
    return problem.solve()[:k, :m]


def _round_up(n: int, step: int) -> int:
    return -(-n // step) * step


class _Compiled:
    """One problem size; unused rows are zero, unused columns held at zero."""

    def __init__(self, rows: int, k: int, m: int) -> None:
        import cvxpy as cp

        self.a, self.b = cp.Parameter((rows, k)), cp.Parameter((rows, m))
        self.linear, self.held = cp.Parameter((k, m)), cp.Parameter((k, m), nonneg=True)
        self.x = cp.Variable((k, m))
        objective = cp.sum_squares(self.a @ self.x - self.b) / 2 + cp.sum(cp.multiply(self.linear, self.x))
        self.problem = cp.Problem(cp.Minimize(objective), [cp.multiply(self.held, self.x) == 0])
        assert self.problem.is_dcp(dpp=True)

    def load(self, a: Array, b: Array, linear: Array, held: Array) -> None:
        self.held.value = _padded(held.astype(np.float64), self.held.shape, 1.0)
        for parameter, value in ((self.a, a), (self.b, b), (self.linear, linear)):
            parameter.value = _padded(value, parameter.shape, 0.0)

    def solve(self) -> Array:
        import cvxpy as cp

        status = "not solved"
        for tol in TOLERANCES:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # an inaccurate solution is tried again, more loosely
                    self.problem.solve(
                        solver=cp.CLARABEL,
                        tol_gap_abs=tol,
                        tol_gap_rel=tol,
                        tol_feas=tol,
                        max_iter=200,
                        warm_start=False,
                    )
            except cp.SolverError as error:
                status = str(error)
                continue
            status = self.problem.status
            if status == cp.OPTIMAL:
                return np.array(self.x.value)
        raise ConvexSolverError(f"CVXPY with Clarabel: {status}")


def _padded(x: Array, shape: tuple[int, ...], fill: float) -> Array:
    out = np.full(shape, fill)
    out[tuple(slice(n) for n in x.shape)] = x
    return out


@lru_cache(maxsize=64)
def _compiled(rows: int, k: int, m: int) -> _Compiled:
    return _Compiled(rows, k, m)
