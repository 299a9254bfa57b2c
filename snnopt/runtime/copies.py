"""Copies of weights that constraints and penalties beyond L2 act on: what the network is rolled out with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import Binding
from snnopt.blocks.copies import VALUES, numbers
from snnopt.program import InvalidProgram, Program, Term
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stacking import mask_of
from snnopt.split import SMOOTH

Array = NDArray[Any]


class CopyOf:
    """The copy V of one block of weights, under the terms of its copy block; bias columns are passed through."""

    def __init__(self, binding: Binding) -> None:
        block = binding.block
        self.rule: Any = binding.rule
        self.scale, self.parameters = numbers(block.terms)
        self.penalised, self.constrained = (
            any(t.role == role for t in block.terms) for role in ("penalty", "constraint")
        )
        self.weights, self.parts = [], []
        at = packed = 0
        for c in block.columns:
            self.weights += list(range(at, at + c.fan_in))
            self.parts.append(slice(packed, packed + c.fan_in))
            at, packed = at + c.width, packed + c.fan_in
        mask = mask_of(block)
        self.mask = None if mask is None else mask[:, self.weights]
        self.terms = block.terms

    def of(self, matrix: Array, penalty: float) -> Array:
        """V: the prox of the terms at a block's matrix [channels, k], with weight ``penalty`` on the distance."""
        out = matrix.copy()
        center = np.ascontiguousarray(matrix[:, self.weights])
        out[:, self.weights] = self.rule.solve(center, penalty, self.scale, self.parameters, self.parts, self.mask)
        return out


AT_ONCE = 1e6
"""Weight of the distance, over that of penalties, with which a copy starts: nothing moves that no constraint asks for."""


class SplitWeights:
    """A weight block under constraints: W, its copy V under the terms, and a scaled dual U of W = V.

    With the dual, ``V <- prox(W + U)``, ``U <- U + W - V``, and ``m/2 ||W - V + U||^2`` joins the block; at rest m U is a
    (sub)gradient of the terms. Without it (constraints, where every sweep starts from a rollout of V) W accumulates the
    block's steps made at V, and ``V = prox(W)``: measured, W must be free to cross a gap between levels.
    """

    def __init__(self, copy: CopyOf, start: Array, dual: bool, share: float) -> None:
        self.copy, self.dual, self.share = copy, dual, share
        self.w, self.u, self.m = start, np.zeros_like(start), 0.0
        self.v = copy.of(start, AT_ONCE * copy.scale if copy.penalised else 1.0) if copy.constrained else start
        self.on = np.zeros(start.shape[1], start.dtype)
        self.on[copy.weights] = 1

    def hold(self, grams: Sequence[Array], cross: Array, at: Array) -> tuple[list[Array], Array]:
        """The Gram matrices of a block's uses [patterns, k, k], which add up, and its cross products [k, channels] about ``at``,
        with the pull to V - U.

        m is ``share`` of the mean diagonal of their sum; where all are zero it stays as it was.
        """
        if not self.dual:
            return list(grams), cross
        first, *others = grams
        m = self.share * sum(float(np.mean(np.diagonal(g, axis1=1, axis2=2))) for g in grams)
        m = m or self.m or float(np.finfo(first.dtype).tiny) * 1e6
        self.u = self.u * self.u.dtype.type(self.m / m if self.m else 1.0)
        self.m = m
        pull = first.dtype.type(m) * self.on
        return [first + np.diag(pull), *others], cross + (pull * (self.v - self.u - at)).T

    def step(self, at: Array, change: Array) -> Array:
        """Take in the block's change about ``at`` (biases may have been moved since the last step); return the new V."""
        if self.dual:
            self.w = at + change
            self.v = self.copy.of(self.w + self.u * self.on, self.m)
            self.u = self.u + (self.w - self.v) * self.on
        else:
            self.w = np.where(self.on > 0, self.w, at) + change
            self.v = self.copy.of(self.w, 1.0)
        return self.v

    def energy(self, w: Array) -> float:
        """``m/2 (||W - V + U||^2 - ||U||^2)``; 0 before m is chosen."""
        pulled, u = ((x * self.on).astype(np.float64) for x in (w - self.v + self.u, self.u))
        return self.m / 2 * float(np.sum(pulled**2) - np.sum(u**2))

    def snapshot(self) -> Tree:
        """W, V, U and m."""
        return [self.w, self.v, self.u, self.m]

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        self.w, self.v, self.u, self.m = tree

    def go_back(self, to: Array) -> None:
        """Start again from V."""
        self.w, self.v, self.u = to, to, np.zeros_like(to)


def copies_of(bindings: tuple[Binding, ...]) -> dict[int, CopyOf]:
    """The copies by the identity of the uses that they share with their weight block."""
    return {id(b.block.uses): CopyOf(b) for b in bindings if b.block.kind == "copy"}


class WeightPenalties:
    """The objective's penalties on weights, by term; those of a user's own are evaluated by what solves their copy.

    Raises
    ------
    InvalidProgram
        Nothing knows the value of a penalty.
    """

    def __init__(self, program: Program, bindings: tuple[Binding, ...]) -> None:
        known = {v.name for v in program.variables if v.kind == "weight"}
        self.terms = [t for t in program.terms if t.role == "penalty" and known.issuperset(t.variables)]
        copies = {id(t): b for b in bindings if b.block.kind == "copy" for t in b.block.terms}
        self.solvers = {n: b for n, b in copies.items() if hasattr(b.rule, "value")}
        for t in self.terms:
            if t.kind not in VALUES and id(t) not in self.solvers:
                raise InvalidProgram(f"term {t.name}: nothing knows its value")

    def __call__(self, weights: Mapping[str, Array], copied: Mapping[str, Array] | None = None) -> float:
        """Their sum; penalties that copies hold at the weights ``copied``, where those are given."""
        total = 0.0
        for t in self.terms:
            w = weights if copied is None or t.kind in SMOOTH else copied
            total += t.scale * self._value(t, w)
        return total

    def _value(self, term: Term, weights: Mapping[str, Array]) -> float:
        if term.kind in SMOOTH:  # in the weights' own dtype, without a copy
            return sum(VALUES[term.kind](weights[n]) for n in term.variables)
        if term.kind in VALUES:
            return sum(VALUES[term.kind](weights[n].astype(np.float64)) for n in term.variables)
        binding: Any = self.solvers[id(term)]
        whole = np.concatenate([weights[c.weight].astype(np.float64) for c in binding.block.columns], 1)
        return binding.rule.value(whole)
