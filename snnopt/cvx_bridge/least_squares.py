"""Least squares with a linear term and entries held at zero: the form of every convex block, for CVXPY to solve."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge.clarabel import solve_tightly

Array = NDArray[Any]

TOLERANCES = (1e-14, 1e-11, 1e-9)
"""Tried in this order: tight first, looser where the solver makes no more progress."""
COMPILED = 2048
"""Entries of A up to which a problem is compiled for its size; a larger one is built with constants, once."""


class ConvexSolverError(RuntimeError):
    """CVXPY found no solution."""


def least_squares(a: Array, b: Array, linear: Array, zero: Array | None = None) -> Array:
    """Solve ``min_X  1/2 ||A X - B||^2 + <L, X>`` with ``X = 0`` where ``zero`` is true.

    Penalties stand in A and B as their square roots, so that the problem is DPP: a small one is compiled once for its
    size (rounded up and padded) and solved again with new numbers, in a millisecond.

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
    numbers = (a / unit, b / unit, linear / unit**2, held.astype(np.float64))
    if rows * k <= COMPILED:
        problem = _compiled(_round_up(rows, 16), _round_up(k, 4), _round_up(m, 4))
        for parameter, value, fill in zip(problem.numbers, numbers, (0.0, 0.0, 0.0, 1.0), strict=True):
            parameter.value = _padded(value, parameter.shape, fill)
    else:
        problem = _build(*numbers)
    x = _solve(problem)[:k, :m]
    return np.where(held, 0.0, x)  # the solver leaves them at 1e-10 or so


def _round_up(n: int, step: int) -> int:
    return -(-n // step) * step


def _padded(x: Array, shape: tuple[int, ...], fill: float) -> Array:
    out = np.full(shape, fill)
    out[tuple(slice(n) for n in x.shape)] = x
    return out


class _Problem(NamedTuple):
    """A CVXPY problem, its variable, and its A, B, L and zeros (parameters or constants)."""

    problem: Any
    x: Any
    numbers: tuple[Any, ...]


def _build(a: Any, b: Any, linear: Any, held: Any) -> _Problem:
    import cvxpy as cp

    x = cp.Variable(linear.shape)
    objective = cp.sum_squares(a @ x - b) / 2 + cp.sum(cp.multiply(linear, x))
    problem = cp.Problem(cp.Minimize(objective), [cp.multiply(held, x) == 0])
    assert problem.is_dcp(dpp=True)
    return _Problem(problem, x, (a, b, linear, held))


@lru_cache(maxsize=64)
def _compiled(rows: int, k: int, m: int) -> _Problem:
    """One problem size with parameters; unused rows are zero, unused columns held at zero."""
    import cvxpy as cp

    a, b, linear = cp.Parameter((rows, k)), cp.Parameter((rows, m)), cp.Parameter((k, m))
    return _build(a, b, linear, cp.Parameter((k, m), nonneg=True))


def _solve(problem: _Problem) -> Array:
    status = solve_tightly(problem.problem, TOLERANCES)
    if status != "optimal":
        raise ConvexSolverError(f"CVXPY with Clarabel: {status}")
    return np.array(problem.x.value)
