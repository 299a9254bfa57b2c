"""A penalty that rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from snnopt.penalties.controllers.base import Controller, Seen


@dataclass(frozen=True, kw_only=True)
class Fixed(Controller):
    """``penalty' = penalty``."""

    name: ClassVar[str] = "fixed"

    def wanted(self, seen: Seen) -> float:  # noqa: D102
        return seen.penalty
