"""Residual balancing: primal and dual residual within a factor of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.penalties.controllers.base import Controller, Seen


@dataclass(frozen=True, kw_only=True)
class ResidualBalancing(Controller):
    """``penalty' = penalty by`` where ``r > apart s``, ``penalty / by`` where ``s > apart r``.

    Parameters
    ----------
    apart : ratio of the residuals that is still left alone.
    by : factor of a change.

    The rest as in :class:`Controller`. Source: Boyd et al., Distributed Optimization and Statistical Learning via ADMM, 2011,
    section 3.4.1. It depends on the units of the coupling; :class:`RelativeBalancing` does not.
    """

    apart: float = 10.0
    by: float = 2.0

    name: ClassVar[str] = "residual balancing"

    def wanted(self, seen: Seen) -> float:  # noqa: D102
        if seen.primal > self.apart * seen.dual:
            return seen.penalty * self.by
        if seen.dual > self.apart * seen.primal:
            return seen.penalty / self.by
        return seen.penalty
