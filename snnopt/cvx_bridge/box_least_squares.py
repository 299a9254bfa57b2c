"""Least squares over the unit box, for CVXPY to solve."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge.clarabel import solve_tightly
from snnopt.cvx_bridge.least_squares import TOLERANCES, ConvexSolverError

Array = NDArray[Any]


def box_least_squares(a: Array, b: Array, linear: Array) -> Array:
    """Solve ``min_X  1/2 ||A X - B||^2 + <L, X>`` with ``0 <= X <= 1`` in every entry.

    DPP, penalties standing in A and B as their square roots; compiled once for each size, rounded up and filled with zeros.

    Parameters
    ----------
    a, b : A [rows, k] and B [rows, m].
    linear : L [k, m].

    Returns
    -------
    X [k, m], in the box.

    Raises
    ------
    ConvexSolverError
        The solver gives up.
    """
    import cvxpy as cp

    (rows, k), m = a.shape, b.shape[1]
    problem, x, parameters = _compiled(-(-rows // 16), -(-k // 4), -(-m // 4))
    unit = float(np.abs(a).max()) or 1.0
    for parameter, value in zip(parameters, (a / unit, b / unit, linear / unit**2), strict=True):
        padded = np.zeros(parameter.shape)
        padded[: len(value), : value.shape[1]] = value
        parameter.value = padded
    status = solve_tightly(problem, TOLERANCES)
    if status != cp.OPTIMAL:
        raise ConvexSolverError(f"CVXPY with Clarabel: {status}")
    return np.clip(x.value[:k, :m], 0, 1)


@lru_cache(maxsize=64)
def _compiled(rows: int, k: int, m: int) -> tuple[Any, Any, tuple[Any, ...]]:
    """The problem with 16 rows, 4 k unknowns and 4 m columns (times the arguments), its variable, and its A, B and L."""
    import cvxpy as cp

    x = cp.Variable((4 * k, 4 * m), bounds=[0, 1])
    a, b, linear = cp.Parameter((16 * rows, 4 * k)), cp.Parameter((16 * rows, 4 * m)), cp.Parameter(x.shape)
    objective = cp.sum_squares(a @ x - b) / 2 + cp.sum(cp.multiply(linear, x))
    problem = cp.Problem(cp.Minimize(objective))
    assert problem.is_dcp(dpp=True)
    return problem, x, (a, b, linear)
