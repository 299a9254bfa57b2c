"""One CVXPY problem solved by Clarabel, as tightly as it gets."""

from __future__ import annotations

import warnings
from typing import Any


def solve_tightly(problem: Any, tolerances: tuple[float, ...]) -> str:
    """Solve a CVXPY problem in place and return its status.

    Tolerances are tried in their order, looser ones where the solver makes no more progress; the last status is returned.
    """
    import cvxpy as cp

    status = str(cp.SOLVER_ERROR)
    for tol in tolerances:
        limits = {"tol_gap_abs": tol, "tol_gap_rel": tol, "tol_feas": tol, "max_iter": 200}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an inaccurate solution is tried again, more loosely
                problem.solve(solver=cp.CLARABEL, warm_start=False, **limits)
        except cp.SolverError:
            status = str(cp.SOLVER_ERROR)
            continue
        status = str(problem.status)
        if status in (cp.OPTIMAL, cp.INFEASIBLE, cp.UNBOUNDED):
            break
    return status
