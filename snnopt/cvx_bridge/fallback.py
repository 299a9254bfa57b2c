"""Blocks that have no closed form yet, solved by CVXPY where the user asks for it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import Fallback
from snnopt.cvx_bridge.prox import CvxProx, ProxError
from snnopt.errors import CompileError
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]

SHORT = 1.0
"""Seconds below which a solve is tried twice when a problem is compiled."""


def fallback(block: Block) -> CvxCopy:
    """Return CVXPY's solver of a block.

    Raises
    ------
    CompileError
        The block is not a copy of weights under ``so.cvx`` terms, or its terms cannot be one problem.
    """
    where = f"layer {' + '.join(block.layers)!r}, block {block.name!r}"
    if block.kind != "copy":
        fix = "change or drop the term that it stops at; plan.explain() of the problem without it shows its closed form"
        raise CompileError(where, "it has no closed form, and CVXPY is asked for copies of weights only", fix)
    other = [t for t in block.terms if t.kind != "cvx"]
    if other:
        names = ", ".join(t.name for t in other)
        raise CompileError(where, f"{names} beside a cvx term", "write it in CVXPY's language too, in the same so.cvx")
    if len(block.terms) > 1 and any(t.role == "penalty" for t in block.terms):
        raise CompileError(where, "several cvx terms, a penalty among them", "add them up in one so.cvx, as CVXPY does")
    outside = {n for t in block.terms for n in t.variables} - {c.weight for c in block.columns}
    if outside:
        fix = "give the layer one connection, or connections of one kind"
        raise CompileError(where, f"its cvx term is also on {', '.join(sorted(outside))}, of another block", fix)
    return CvxCopy(block)


@final
class CvxCopy(Fallback):
    """``min_V  term(V) + m/2 ||V - C||^2`` for a block's ``so.cvx`` terms; the problem is built once and re-solved."""

    def __init__(self, block: Block) -> None:
        self.terms = block.terms
        shape, mask = synapses(block)
        constraint = all(t.role == "constraint" for t in self.terms)
        self.prox = CvxProx(together(self.terms), shape, constraint, " + ".join(block.layers), mask)
        try:
            self.seconds = self._timed(shape)
            if self.seconds < SHORT:  # the first one compiles the problem
                self.seconds = self._timed(shape)
        except ProxError as error:
            raise CompileError(f"cvx term on layer {self.prox.layer!r}", str(error), "mend the term") from None

    def _timed(self, shape: tuple[int, int]) -> float:
        """Seconds that one solve takes."""
        start = time.perf_counter()
        self.prox.solve(np.random.default_rng(0).standard_normal(shape), 1.0)
        return time.perf_counter() - start

    @property
    def formula(self) -> str:  # noqa: D102
        cost = f"{1e3 * self.seconds:.0f} ms" if self.seconds < 1 else f"{self.seconds:.0f} s"
        return f"V = argmin of the above   (BY CVXPY, A SOLVE IN EVERY SWEEP, EACH ABOUT {cost})"

    def solve(
        self,
        center: Array,
        penalty: float,
        scale: float,
        parameters: Mapping[str, float],
        parts: Sequence[slice],
        mask: Array | None,
    ) -> Array:
        """Return V [channels, k]; the signature of a copy's closed forms.

        Raises
        ------
        ProxError
            The problem is infeasible or unbounded, or the solver gives up.
        """
        return self.prox.solve(center, penalty, scale)

    def value(self, v: Array) -> float:
        """The terms at V, without their factor; a penalty's copy has one term."""
        return self.prox.value(v)


def synapses(block: Block) -> tuple[tuple[int, int], NDArray[np.bool_] | None]:
    """The shape [channels, k] of a copy block's matrix, biases excluded, and which of its entries exist (None: all)."""
    shape = (block.columns[0].channels, sum(c.fan_in for c in block.columns))
    if all(c.mask is None for c in block.columns):
        return shape, None
    masks = [np.ones((c.channels, c.fan_in), bool) if c.mask is None else c.mask for c in block.columns]
    return shape, np.concatenate(masks, 1)


def together(terms: Sequence[Term]) -> Any:
    """One function of the weights: the term's own, or all constraints in one list."""
    builds = [t.build for t in terms if t.build is not None]
    if len(builds) == 1:
        return builds[0]

    def build(w: Any) -> list[Any]:
        found = [b(w) for b in builds]
        return [c for part in found for c in (part if isinstance(part, list | tuple) else [part])]

    return build
