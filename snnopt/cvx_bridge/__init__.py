"""The bridge to CVXPY: the only place that imports it, and only when called."""

from snnopt.cvx_bridge.fallback import fallback
from snnopt.cvx_bridge.least_squares import ConvexSolverError, least_squares

__all__ = ["ConvexSolverError", "fallback", "least_squares"]
