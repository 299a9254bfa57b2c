"""Oracle of copies under convex terms: bounds, signs, L1 and group lasso in CVXPY's own atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.cvx_bridge.weight_prox import weight_prox
from snnopt.oracles.case import relative_distance
from snnopt.oracles.copies import CopyCase
from snnopt.oracles.copy_draws import COPY_EXTREMES, draw_copy
from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]

KNOWN = ("box", "sign", "l1", "group_lasso")


@final
@dataclass(frozen=True, eq=False)
class ConvexCopyCase(CopyCase):
    """A copy under convex terms. Its minimiser is unique."""

    def solution(self) -> Array:
        """CVXPY's minimiser, moved inside the bounds and then polished, as long as that does not raise the objective."""
        low, high = self.interval
        u, (l1, group) = self.unit, (self.factor(kind) for kind in ("l1", "group_lasso"))
        found = u * weight_prox(self.center / u, l1 / u, group / u, low / u, high / u, self.exists)
        best = np.where(self.exists, np.minimum(np.maximum(found, low), high), 0.0)
        kinks = [b for b in (0.0, low, high) if low <= b <= high and np.isfinite(b)]
        if 0.0 in kinks:
            for j in range(best.shape[1]):
                best = self._cheaper(best, _put(best, (slice(None), j), 0.0))
        for i, j in np.argwhere(self.exists).tolist():
            for kink in kinks:
                best = self._cheaper(best, _put(best, (i, j), kink))
        for _ in range(3):
            for j in range(best.shape[1]):
                best = self._cheaper(best, self._newton(best, j))
        return best

    def _cheaper(self, best: Array, trial: Array) -> Array:
        low, high = self.interval
        held = trial[self.exists]
        return trial if ((low <= held) & (held <= high)).all() and self.cost(trial) <= self.cost(best) else best

    def _newton(self, x: Array, j: int) -> Array:
        """A Newton step on the weights of column j that are neither zero nor at a bound."""
        free = (x[:, j] != 0) & ~np.isin(x[:, j], self.interval)
        v, out = x[free, j], x.copy()
        if len(v):
            norm, group = float(np.linalg.norm(x[:, j])), self.factor("group_lasso")
            slope = v - self.center[free, j] + self.factor("l1") * np.sign(v) + group * v / norm
            bend = np.eye(len(v)) + group / norm * (np.eye(len(v)) - np.outer(v, v) / norm**2)
            out[free, j] -= np.linalg.solve(bend, slope)
        return out

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        return relative_distance(x, best, 1e-2 * self.unit)


def _put(x: Array, at: tuple[Any, ...], value: float) -> Array:
    out = x.copy()
    out[at] = value
    return out


@final
class ConvexCopyOracle(Oracle):
    """Copies under boxes, signs, L1 and group lasso, in any number."""

    extremes = COPY_EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "copy" or not any(t.kind in KNOWN for t in block.terms):
            return "it knows copies under convex terms"
        return unknown_terms(block, KNOWN)

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> ConvexCopyCase:  # noqa: D102
        return draw_copy(ConvexCopyCase, block, rng, extreme)
