"""How a run ended."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Why a run stopped. A non-convex program is never called optimal or infeasible.

    CONVERGED: no update changes a spike any more, and the loss rests. COMPLETED: the epochs asked for were run.
    MAX_ITER, TIME_LIMIT: a limit was met. STALLED: no progress any more. DIVERGED, NUMERICAL_ERROR: the iterates grew
    without bound, or a solve failed. INTERRUPTED: the user stopped it. The last and the best iterate are kept in every
    case.
    """

    CONVERGED = "CONVERGED"
    COMPLETED = "COMPLETED"
    MAX_ITER = "MAX_ITER"
    TIME_LIMIT = "TIME_LIMIT"
    STALLED = "STALLED"
    DIVERGED = "DIVERGED"
    NUMERICAL_ERROR = "NUMERICAL_ERROR"
    INTERRUPTED = "INTERRUPTED"
