"""Residual balancing on relative residuals, with a step that adapts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from snnopt.errors import ModelError
from snnopt.penalties.controllers.base import Controller, Seen


@dataclass(frozen=True, kw_only=True)
class RelativeBalancing(Controller):
    """``penalty' = penalty clip(sqrt(r / (xi s)), 1/most_by, most_by)`` where ``r > xi apart s`` or ``s > apart/xi r``.

    r and s are relative residuals, so that the units of data and weights do not matter.

    Parameters
    ----------
    xi : the ratio r / s that is aimed at.
    apart : factor off that ratio that is still left alone.
    most_by : the largest factor of a change.

    The rest as in :class:`Controller`. Source: Wohlberg, ADMM penalty parameter selection by residual balancing, 2017
    (arXiv 1704.06209), sections IV and V.
    """

    xi: float = 1.0
    apart: float = 2.0
    most_by: float = 2.0

    name: ClassVar[str] = "relative residual balancing"

    def check(self) -> None:  # noqa: D102
        if self.apart < 1 or self.most_by < 1:
            raise ModelError(
                "RelativeBalancing", f"apart={self.apart:g}, most_by={self.most_by:g}", "give factors above 1"
            )

    def wanted(self, seen: Seen) -> float:  # noqa: D102
        r, s = seen.relative
        if r <= self.xi * self.apart * s and s <= self.apart / self.xi * r:
            return seen.penalty
        ratio = math.sqrt(r / (self.xi * s)) if s > 0 else math.inf
        return seen.penalty * min(max(ratio, 1 / self.most_by), self.most_by)
