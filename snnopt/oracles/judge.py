"""A rule held against an oracle on one case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.cvx_bridge import ConvexSolverError
from snnopt.oracles.case import Case

Array = NDArray[Any]

ABOVE = 1e-8
"""How far the rule's objective may lie above the oracle's, relative."""
BELOW = 1e-6
"""How far below: further means that the two objectives differ."""
FEASIBLE = 1e-7
"""By how much constraints may be broken."""
NEAR = 1e-5
"""How far a unique minimiser may lie from the oracle's, relative."""


@dataclass(frozen=True)
class Verdict:
    """What was measured, and the first thing that is wrong (None: nothing)."""

    gap: float = float("nan")
    violation: float = float("nan")
    distance: float | None = None
    fault: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


def judge(case: Case, rule: type[ClosedForm]) -> Verdict:
    """Solve ``case`` by the oracle and by ``rule``, and compare. The oracle never sees the rule's answer."""
    try:
        best = case.solution()
    except ConvexSolverError as error:
        return Verdict(fault=f"the oracle found no solution ({error})")
    try:
        x = np.asarray(case.candidate(rule))
    except Exception as error:  # whatever a rule under test raises is a finding
        return Verdict(fault=f"it raised {type(error).__name__}: {error}")
    if x.shape != best.shape:
        return Verdict(fault=f"it returned shape {x.shape} instead of {best.shape}")
    if x.dtype != np.float64:
        return Verdict(fault=f"it returned {x.dtype} for float64 numbers")
    if not np.isfinite(x).all():
        return Verdict(fault="it returned numbers that are not finite")
    gap, violation, distance = case.excess(x, best), case.violation(x), case.distance(x, best)
    return Verdict(gap, violation, distance, _fault(gap, violation, distance, case.defects(x)))


def _fault(gap: float, violation: float, distance: float | None, defects: tuple[str, ...]) -> str | None:
    if violation > FEASIBLE:
        return f"it breaks a constraint by {violation:.1e}"
    if not gap <= ABOVE:
        return f"its objective is {gap:.1e} (relative) above the oracle's"
    if gap < -BELOW:
        return f"its objective is {-gap:.1e} (relative) below the oracle's, so the two objectives differ"
    if distance is not None and not distance <= NEAR:
        return f"its minimiser is {distance:.1e} (relative) away from the oracle's, and there is only one"
    return "; ".join(defects) or None
