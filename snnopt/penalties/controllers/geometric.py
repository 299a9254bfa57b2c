"""A penalty that grows by a factor, up to a cap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.penalties.controllers.base import Controller, Seen


@dataclass(frozen=True, kw_only=True)
class Geometric(Controller):
    """``penalty' = min(growth penalty, cap)``; a penalty already above the cap stays.

    Parameters
    ----------
    growth : factor of each change; below 1 it shrinks, and the cap never binds.
    cap : the largest penalty that growth leads to.

    The rest as in :class:`Controller`.
    """

    growth: float = 1.05
    cap: float = 1e3

    name: ClassVar[str] = "geometric"

    def wanted(self, seen: Seen) -> float:  # noqa: D102
        return max(min(self.growth * seen.penalty, self.cap), min(seen.penalty, self.growth * seen.penalty))
