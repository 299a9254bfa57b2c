"""Spectral penalties: a Barzilai-Borwein step of both sides of a coupling, where it can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from snnopt.penalties.controllers.base import Controller, Secant, Seen


@dataclass(frozen=True, kw_only=True)
class Spectral(Controller):
    """``penalty' = sqrt(alpha beta)``, alpha and beta by how much the multiplier of either side moves with it.

    Of each side, with the differences dH of its image and dlambda of its multiplier since the last change (so that of a
    quadratic ``c/2 x^2`` it is c),

        steepest = <dlambda, dlambda> / <dH, dlambda>,   least = <dH, dlambda> / <dH, dH>,
        alpha = least if 2 least > steepest else steepest - least/2,
        correlation = <dH, dlambda> / (||dH|| ||dlambda||).

    A side counts where its correlation is above ``trust``; with one such side its alpha is taken alone, with none nothing
    changes. A change is at most by ``1 + bound / k^2`` at iteration k, so that changes die out.

    Parameters
    ----------
    every : 2 by default, as a difference over one iteration shows little.
    trust : least correlation of a side that counts.
    bound : how fast changes must die out.

    The rest as in :class:`Controller`. Source: Xu, Figueiredo, Goldstein, Adaptive ADMM with spectral penalty parameter
    selection, 2017 (arXiv 1605.07246), equations 20 to 29.
    """

    every: int = 2
    trust: float = 0.2
    bound: float = 1e10

    name: ClassVar[str] = "spectral"

    def wanted(self, seen: Seen) -> float:  # noqa: D102
        sides = [_stiffness(side, self.trust) for side in (seen.first, seen.last) if side is not None]
        found = [c for c in sides if c is not None]
        if not found:
            return seen.penalty
        most = 1 + self.bound / seen.iteration**2
        return min(max(math.prod(found) ** (1 / len(found)), seen.penalty / most), seen.penalty * most)


def _stiffness(side: Secant, trust: float) -> float | None:
    """alpha of one side, or None where it cannot be trusted."""
    length = math.sqrt(side.moved * side.priced)
    if not length > 0 or not side.both > trust * length:
        return None
    steepest, least = side.priced / side.both, side.both / side.moved
    return least if 2 * least > steepest else steepest - least / 2
