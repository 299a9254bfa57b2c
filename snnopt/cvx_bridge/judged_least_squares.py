"""Least squares under a loss: the form of every output block, for CVXPY to solve with its own atoms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge.clarabel import solve_tightly
from snnopt.cvx_bridge.least_squares import TOLERANCES, ConvexSolverError

Array = NDArray[Any]


def judged_least_squares(kind: str, target: Any, maps: Array, offset: Array, a: Array) -> Array:
    """Solve ``min_x  loss(M x + r, target) + 1/2 ||A x||^2`` for one sample.

    Parameters
    ----------
    kind : ``"cross_entropy"``, ``"squared_error"`` or ``"hinge"``.
    target : a label, or a real target [units] of a squared error.
    maps, offset : M [units, k] and r [units].
    a : A [rows, k], of full column rank.

    Returns
    -------
    x [k], as accurate as an interior-point method makes it: on exponential cones it may stop at 1e-6 of the objective. Whoever
    needs to know how far that is from the minimum must bound it.

    Raises
    ------
    ConvexSolverError
        The solver gives up.
    """
    real = kind == "squared_error"
    first = [] if real else [int(target)]
    order = first + [c for c in range(len(offset)) if c not in first]
    centre = np.zeros(len(offset)) if not real else target if np.ndim(target) else np.eye(len(offset))[target]
    problem = _compiled(kind, *maps.shape, len(a))
    for parameter, value in zip(problem.numbers, (maps[order], (offset - centre)[order], a), strict=True):
        parameter.value = value
    status = solve_tightly(problem.problem, TOLERANCES)
    if status not in ("optimal", "optimal_inaccurate"):
        raise ConvexSolverError(f"CVXPY with Clarabel: {status}")
    return np.array(problem.x.value)


class _Problem(NamedTuple):
    """A CVXPY problem, its variable, and its M, r and A; the label's unit, if any, stands first."""

    problem: Any
    x: Any
    numbers: tuple[Any, ...]


@lru_cache(maxsize=256)
def _compiled(kind: str, units: int, k: int, rows: int) -> _Problem:
    import cvxpy as cp

    numbers = (cp.Parameter((units, k)), cp.Parameter(units), cp.Parameter((rows, k)))
    maps, offset, a = numbers
    x, m = cp.Variable(k), cp.Variable(units)
    match kind:
        case "cross_entropy":
            loss = cp.log_sum_exp(m) - m[0]
        case "squared_error":
            loss = cp.sum_squares(m) / 2
        case "hinge":
            loss = cp.pos(1 + cp.max(m[1:]) - m[0]) if units > 1 else cp.Constant(0)
        case _:
            raise ValueError(f"no atoms for {kind}")
    problem = cp.Problem(cp.Minimize(loss + cp.sum_squares(a @ x) / 2), [m == maps @ x + offset])
    assert problem.is_dcp(dpp=True)
    return _Problem(problem, x, numbers)
