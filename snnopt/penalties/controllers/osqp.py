"""OSQP's rule: balance relative residuals at once, but only where they are far apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from snnopt.errors import ModelError
from snnopt.penalties.controllers.base import Controller, Seen


@dataclass(frozen=True, kw_only=True)
class OSQPRule(Controller):
    """``penalty' = penalty sqrt(r / s)``, relative residuals, where that is a change by more than ``apart``.

    A change costs a factorisation, so small ones are not made.

    Parameters
    ----------
    every : 10 by default, as a single iteration shows little.
    apart : factor of a change below which none is made.
    most_by : the largest factor of a change; a coupling whose dual residual is 0 would ask for any.

    The rest as in :class:`Controller`. Source: Stellato et al., OSQP: an operator splitting solver for quadratic programs, 2020,
    section 5.2.
    """

    every: int = 10
    apart: float = 5.0
    most_by: float = 10.0

    name: ClassVar[str] = "OSQP's rule"

    def check(self) -> None:  # noqa: D102
        if not 1 <= self.apart <= self.most_by:
            fix = "give factors of at least 1, most_by the larger one"
            raise ModelError("OSQPRule", f"apart={self.apart:g}, most_by={self.most_by:g}", fix)

    def wanted(self, seen: Seen) -> float:  # noqa: D102
        r, s = seen.relative
        if r == s:
            return seen.penalty
        factor = math.sqrt(r / s) if s > 0 else math.inf
        if 1 / self.apart <= factor <= self.apart:
            return seen.penalty
        return seen.penalty * min(max(factor, 1 / self.most_by), self.most_by)
