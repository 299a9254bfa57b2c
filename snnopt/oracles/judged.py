"""Least squares under a loss, for one sample: CVXPY's answer, sharpened, and certified by a bound of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge import ConvexSolverError
from snnopt.cvx_bridge.judged_least_squares import judged_least_squares
from snnopt.oracles.case import relative_excess
from snnopt.oracles.losses import EXACT, gradient

Array = NDArray[Any]

CERTIFIED = 1e-9
"""How far above the minimum an oracle's answer may be, by its own bound, relative."""


@dataclass(frozen=True, eq=False)
class Judged:
    """``f(x) = scale loss(M x + r, target) + 1/2 ||A x - b||^2``, A of full column rank.

    For any subgradient g of the loss at ``M x + r``, f is at least ``f(x) - 1/2 G' (A'A)^-1 G`` everywhere, with ``G = scale
    M'g + A'(A x - b)``: the loss lies above its tangent. That bound needs no solver, so it says how far an answer, whoever
    gave it, can be from the minimum.
    """

    kind: str
    scale: float
    target: Any
    maps: Array
    offset: Array
    a: Array
    b: Array

    @cached_property
    def free(self) -> Array:
        """The minimiser without the loss."""
        return np.linalg.lstsq(self.a, self.b)[0]

    def seen(self, x: Array) -> Array:
        """``M x + r``, [1, units]."""
        return np.asarray((self.maps @ x + self.offset)[None])

    def value(self, x: Array) -> float:
        """f, less the least it could be without the loss."""
        loss = float(EXACT[self.kind](self.seen(x), np.asarray(self.target)[None])[0])
        return self.scale * loss + float(((self.a @ (x - self.free)) ** 2).sum()) / 2

    def excess(self, x: Array, best: Array) -> float:
        """How far x is above ``best``, relative to what the block can win, or to what rounding makes of m if that is more."""
        return relative_excess(self.value(x), self.value(best), self.value(self.free), self._grain)

    @property
    def conditioned(self) -> bool:
        """Whether minimisers, and not only objectives, can be compared."""
        least = float(np.linalg.svd(self.a, compute_uv=False).min()) ** 2
        return self.scale * float((self.maps**2).sum()) < 1e8 * least

    def solution(self) -> Array:
        """The minimiser.

        Raises
        ------
        ConvexSolverError
            CVXPY gives up, or the bound does not certify what was made of its answer.
        """
        root = np.sqrt(self.scale)
        start = self.free + judged_least_squares(
            self.kind, self.target, self.maps, self.seen(self.free)[0], self.a / root
        )
        x, gap = self._cornered(start) if self.kind == "hinge" else self._descended(start)
        share = relative_excess(
            gap, 0.0, self.value(self.free) - self.value(x), max(self._grain, 1e-6 * self.value(self.free))
        )
        if share > CERTIFIED:
            raise ConvexSolverError(f"its answer may be {share:.1e} (relative) above the minimum")
        return x

    @property
    def _grain(self) -> float:
        return 1e-7 * self.scale * (1 + float(np.abs(self.seen(self.free)).max()))

    def _inverse(self, g: Array) -> Array:
        return np.linalg.solve(self.a.T @ self.a, g)

    def _descended(self, x: Array) -> tuple[Array, float]:
        """Newton steps on a smooth loss, for as long as the bound falls. Derivatives are the definition's own."""
        g, slope, gap = self._slope(x)
        for _ in range(100):
            bend = self.a.T @ self.a + self.scale * self.maps.T @ self._hessian(g) @ self.maps
            step = np.linalg.solve(bend, slope)
            tried = [(x - size * step, *self._slope(x - size * step)) for size in (1.0, 0.5, 0.1, 0.01)]
            best = min(tried, key=lambda each: each[3])
            if best[3] >= gap:
                break
            x, g, slope, gap = best
        return x, gap

    def _slope(self, x: Array) -> tuple[Array, Array, float]:
        """The loss's gradient, G and the bound at x."""
        g = gradient(EXACT[self.kind], self.seen(x), np.asarray(self.target)[None])[0]
        slope = self.scale * self.maps.T @ g + self.a.T @ (self.a @ (x - self.free))
        return g, slope, float(slope @ self._inverse(slope)) / 2

    def _hessian(self, g: Array) -> Array:
        """Second derivatives of the loss where its gradient is g; rows of a softmax's sum to zero."""
        if self.kind == "squared_error":
            return np.eye(len(g))
        p = g + np.eye(len(g))[self.target]
        outer = np.outer(p, p) * (1 - np.eye(len(g)))
        return np.diag(outer.sum(1)) - outer

    def _cornered(self, x: Array) -> tuple[Array, float]:
        """The hinge's greatest pieces at x made exactly equal, as many of them as give the best bound.

        The pieces are 0 and ``1 + m_c - m_label``. With some equal, and the hinge zero if 0 is one of them, the quadratic is
        minimised by a linear system, whose multipliers, held at ``>= 0`` and ``<= scale`` in all, bound f from below by the
        minimum of the sum of the pieces that they weigh.
        """
        units = len(self.offset)
        rivals = np.array([c for c in range(units) if c != self.target], int)
        lean = np.eye(units)[rivals] - np.eye(units)[self.target]
        heights, lift = 1 + lean @ self.seen(self.free)[0], lean @ self.maps
        order = np.argsort(-(1 + lean @ self.seen(x)[0]))
        found = [(self.free, self.value(self.free) - self._floor(heights[:0], lift[:0], heights[:0]))]
        for on in (order[:k] for k in range(1, units)):
            found += [self._equal(heights[on], lift[on]), self._zero(heights[on], lift[on])]
        return min(found, key=lambda each: each[1])

    def _equal(self, heights: Array, lift: Array) -> tuple[Array, float]:
        """Minimiser with these pieces equal and above zero, and how far above the minimum it may be."""
        k, moves = len(lift), self._inverse(lift.T)
        system = np.block([[self.scale * lift @ moves, np.ones((k, 1))], [np.ones((1, k)), np.zeros((1, 1))]])
        share = np.maximum(np.linalg.lstsq(system, np.append(heights, 1.0))[0][:k], 0)
        share *= self.scale / max(float(share.sum()), 1e-300)
        x = self.free - moves @ share
        return x, self.value(x) - self._floor(heights, lift, share)

    def _zero(self, heights: Array, lift: Array) -> tuple[Array, float]:
        """Minimiser with these pieces at zero, and how far above the minimum it may be."""
        moves = self._inverse(lift.T)
        share = np.linalg.lstsq(lift @ moves, heights)[0]
        x = self.free - moves @ share
        held = np.maximum(share, 0)
        held *= min(1.0, self.scale / max(float(held.sum()), 1e-300))
        return x, self.value(x) - self._floor(heights, lift, held)

    def _floor(self, heights: Array, lift: Array, share: Array) -> float:
        """The least of ``sum share (heights + lift (x - free)) + 1/2 ||A (x - free)||^2``, which lies below :meth:`value`."""
        move = -self._inverse(lift.T @ share)
        return float(share @ (heights + lift @ move)) + float(((self.a @ move) ** 2).sum()) / 2
