"""A step penalty that lets a given share of the spikes flip in an iteration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from snnopt.errors import ModelError
from snnopt.penalties.controllers.base import Controller, Seen


@dataclass(frozen=True, kw_only=True)
class FlipShare(Controller):
    """``sigma' = sigma clip(sqrt(share / flips), 1/most_by, most_by)``, flips the share of spikes that changed.

    A potential crosses its threshold where what that saves, up to ``sigma/2``, pays for how far it has to go, ``rho/2`` times
    that squared: the larger sigma, the more do.

    Parameters
    ----------
    share : of a layer's spikes, to change in an iteration.
    most_by : the largest factor of a change.

    The rest as in :class:`Controller`. For step couplings only.
    """

    share: float = 0.01
    most_by: float = 1.5

    name: ClassVar[str] = "flip share"
    steps_only: ClassVar[bool] = True

    def check(self) -> None:  # noqa: D102
        if self.share > 1 or self.most_by < 1:
            raise ModelError(
                "FlipShare", f"share={self.share:g}, most_by={self.most_by:g}", "give share <= 1, most_by >= 1"
            )

    def wanted(self, seen: Seen) -> float:  # noqa: D102
        if math.isnan(seen.flips):
            return seen.penalty
        ratio = math.sqrt(self.share / seen.flips) if seen.flips > 0 else math.inf
        return seen.penalty * min(max(ratio, 1 / self.most_by), self.most_by)
