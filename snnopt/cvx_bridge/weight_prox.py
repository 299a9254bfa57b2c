"""The convex terms on weights as CVXPY's own atoms, and their prox."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge.clarabel import solve_tightly
from snnopt.cvx_bridge.least_squares import ConvexSolverError

Array = NDArray[Any]

TOLERANCES = (1e-10, 1e-8, 1e-6)


def weight_prox(center: Array, l1: float, group: float, low: float, high: float, exists: NDArray[np.bool_]) -> Array:
    """Solve ``min_V  l1 ||V||_1 + group sum_j ||V[:, j]|| + 1/2 ||V - C||^2``, ``low <= V <= high`` where V exists.

    V [channels, k] is zero elsewhere. Compiled once for each pattern of finite bounds and each size, rounded up and padded
    with synapses that do not exist.

    Raises
    ------
    ConvexSolverError
        The solver gives up.
    """
    (channels, k), below, above = center.shape, math.isfinite(low), math.isfinite(high)
    problem = _compiled(-(-channels // 4) * 4, -(-k // 4) * 4, below, above)
    padding = [(0, n - m) for n, m in zip(problem.variable.shape, center.shape, strict=True)]
    c, there = np.pad(center, padding), np.pad(exists, padding)
    weight = 1 / max(1.0, l1, group)
    root = math.sqrt(weight)
    bounds = (np.where(there, low, 0.0) if below else None, np.where(there, high, 0.0) if above else None)
    numbers = (weight * l1, weight * group, root, root * c, 1.0 - there, *bounds)
    for parameter, value in zip(problem.numbers, numbers, strict=True):
        if parameter is not None:
            parameter.value = value
    status = solve_tightly(problem.problem, TOLERANCES)
    if status != "optimal":
        raise ConvexSolverError(f"CVXPY with Clarabel: {status}")
    return np.asarray(problem.variable.value)[:channels, :k]


class _Problem(NamedTuple):
    """A CVXPY problem, its variable, and its parameters: l1, group, root, target, absent, lows, highs."""

    problem: Any
    variable: Any
    numbers: tuple[Any, ...]


@lru_cache(maxsize=128)
def _compiled(channels: int, k: int, below: bool, above: bool) -> _Problem:
    import cvxpy as cp

    shape = (channels, k)
    v = cp.Variable(shape)
    l1, group, root = (cp.Parameter(nonneg=True) for _ in range(3))
    target, absent = cp.Parameter(shape), cp.Parameter(shape, nonneg=True)
    lows, highs = cp.Parameter(shape) if below else None, cp.Parameter(shape) if above else None
    near = cp.sum_squares(root * v - target) / 2
    objective = l1 * cp.norm1(v) + group * cp.sum(cp.norm(v, 2, axis=0)) + near
    bounds = [v >= lows] if below else []
    bounds += [v <= highs] if above else []
    problem = cp.Problem(cp.Minimize(objective), [*bounds, cp.multiply(absent, v) == 0])
    assert problem.is_dcp(dpp=True)
    return _Problem(problem, v, (l1, group, root, target, absent, lows, highs))
