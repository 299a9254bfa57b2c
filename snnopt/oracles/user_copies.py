"""Oracle of copies under terms in CVXPY's own language: CVXPY solves what the user wrote, at the block's own size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.cvx_bridge.fallback import synapses, together
from snnopt.cvx_bridge.prox import CvxProx
from snnopt.oracles.case import Case
from snnopt.oracles.oracle import Extreme, Oracle, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class UserCopyCase(Case):
    """``min_V  scale term(V) + m/2 ||V - C||^2``, or ``min_V ||V - C||^2`` under constraints, as CVXPY reads them.

    Attributes
    ----------
    center : C [channels, k].
    widths : columns of each weight variable.
    penalty, scale : m, and the term's factor.
    build : what the user gave to ``so.cvx``.
    constraint : whether ``build`` returns constraints.
    mask : synapses that exist [channels, k], or None for all.
    """

    center: Array
    widths: tuple[int, ...]
    penalty: float
    scale: float
    build: Callable[[Any], Any]
    constraint: bool
    mask: Array | None = None

    axes: ClassVar = {}  # the user's function may be about weights of this shape only: nothing is cut away

    @cached_property
    def prox(self) -> CvxProx:
        """CVXPY's problem."""
        return CvxProx(self.build, (self.center.shape[0], self.center.shape[1]), self.constraint, "h", self.mask)

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's V, from what a run would hand it; the value that it gives a penalty must be CVXPY's."""
        if not self.constraint:
            told, known = rule.value(self.center), self.prox.value(self.center)  # type: ignore[attr-defined]
            if not abs(told - known) <= 1e-8 * max(1.0, abs(known)):
                raise ValueError(f"its value(W) is {told}, that of the term {known}")
        parts = tuple(slice(a, b) for a, b in pairwise((0, *accumulate(self.widths))))
        return rule.solve(self.center, self.penalty, self.scale, {}, parts, self.mask)  # type: ignore[attr-defined]

    def solution(self) -> Array:
        """CVXPY's V."""
        return self.prox.solve(self.center, self.penalty, self.scale)

    def cost(self, x: Array) -> float:
        """The objective at V, over m."""
        exists = 1.0 if self.mask is None else self.mask
        return self.scale / self.penalty * self.prox.value(x) + float(np.sum(((x - self.center) * exists) ** 2)) / 2

    def excess(self, x: Array, best: Array) -> float:
        """Over the objective at the best or half of ``||C||^2``, whichever is larger; not over what no solver can tell."""
        least, unit = self.cost(best), max(1.0, self.scale / self.penalty)
        return (self.cost(x) - least) / max(least, float(np.sum(self.center**2)) / 2, 1e-4 * unit)

    def distance(self, x: Array, best: Array) -> float | None:
        """None: ``||V - best||^2 / 2`` is at most the excess, and an interior-point solver leaves more of it than of that."""
        return None

    def violation(self, x: Array) -> float:
        """By how much V breaks the constraints, and what weight absent synapses have; relative to C, where that is large."""
        absent = 0.0 if self.mask is None else float(np.abs(x[~self.mask]).max(initial=0.0))
        return max(absent, self.prox.violation(x)) / max(1.0, float(np.abs(self.center).max(initial=0.0)))


EXTREMES = (
    Extreme("round numbers", {"ties": 1.0, "size": 1.0, "m": 1.0}),
    Extreme("C = 0", {"size": 0.0}),
    Extreme("small C", {"size": 1e-3}),
    Extreme("large C", {"size": 1e3}),
    Extreme("m 100", {"m": 100.0}),
    Extreme("m 0.01", {"m": 0.01}),
)


@final
class UserCopyOracle(Oracle):
    """Copies under ``so.cvx`` terms."""

    extremes = EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "copy" or not any(t.kind == "cvx" for t in block.terms):
            return "it knows copies under cvx terms"
        if len(block.terms) > 1 and any(t.role == "penalty" for t in block.terms):
            return "it cannot express several cvx terms, a penalty among them"
        return unknown_terms(block, ("cvx",))

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> UserCopyCase:  # noqa: D102
        shape, mask = synapses(block)
        size, m = extreme.number("size", decade(rng, -1, 1)), extreme.number("m", decade(rng, -1, 1))
        drawn = rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0], shape) if "ties" in extreme.fixed else rng.normal(size=shape)
        constraint = all(t.role == "constraint" for t in block.terms)
        return UserCopyCase(
            center=size * drawn,
            widths=tuple(c.fan_in for c in block.columns),
            penalty=m,
            scale=1.0 if constraint else block.terms[0].scale,
            build=together(block.terms),
            constraint=constraint,
            mask=mask,
        )
