"""Copies of weights that constraints and penalties beyond L2 act on: what the network is rolled out with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import Binding
from snnopt.blocks.copies import numbers
from snnopt.runtime.stacking import mask_of

Array = NDArray[Any]


class CopyOf:
    """The copy V of one block of weights, under the terms of its copy block; bias columns are passed through."""

    def __init__(self, binding: Binding) -> None:
        block = binding.block
        self.rule: Any = binding.rule
        self.scale, self.parameters = numbers(block.terms)
        self.penalised = any(t.role == "penalty" for t in block.terms)
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


class SplitWeights:
    """A weight block under constraints: W, its copy V under the terms, and a scaled dual U of W = V.

    With the dual, ``V <- prox(W + U)``, ``U <- U + W - V``, and ``m/2 ||W - V + U||^2`` joins the block; at rest m U is a
    (sub)gradient of the terms. Without it (constraints, where every sweep starts from a rollout of V) W accumulates the
    block's steps made at V, and ``V = prox(W)``: measured, W must be free to cross a gap between levels.
    """

    def __init__(self, copy: CopyOf, start: Array, dual: bool, share: float) -> None:
        self.copy, self.dual, self.share = copy, dual, share
        self.w, self.u, self.m = start, np.zeros_like(start), 0.0
        self.v = start if copy.penalised else copy.of(start, 1.0)
        self.on = np.zeros(start.shape[1], start.dtype)
        self.on[copy.weights] = 1

    def hold(self, gram: Array, cross: Array, at: Array) -> tuple[Array, Array]:
        """The block's Gram matrices [patterns, k, k] and cross products [k, channels] about ``at``, with the pull to V - U.

        m is ``share`` of the mean square of the features.
        """
        if not self.dual:
            return gram, cross
        m = self.share * float(np.mean(np.diagonal(gram[0])))
        m = max(m, float(np.finfo(gram.dtype).tiny) * 1e6)
        self.u = self.u * self.u.dtype.type(self.m / m if self.m else 1.0)
        self.m = m
        pull = gram.dtype.type(m) * self.on
        return gram + np.diag(pull), cross + (pull * (self.v - self.u - at)).T

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

    def go_back(self, to: Array) -> None:
        """Start again from V."""
        self.w, self.v, self.u = to, to, np.zeros_like(to)


def copies_of(bindings: tuple[Binding, ...]) -> dict[int, CopyOf]:
    """The copies by the identity of the uses that they share with their weight block."""
    return {id(b.block.uses): CopyOf(b) for b in bindings if b.block.kind == "copy"}


def weight_penalties(terms: Any, weights: dict[str, Array]) -> float:
    """Sum of the objective's penalties on weights: L2, L1 and group lasso."""
    total = 0.0
    for t in terms:
        values = [weights[n].astype(np.float64) for n in t.variables if n in weights]
        if t.kind == "l2":
            total += t.scale / 2 * sum(float(np.sum(w**2)) for w in values)
        elif t.kind == "l1":
            total += t.scale * sum(float(np.sum(np.abs(w))) for w in values)
        elif t.kind == "group_lasso":
            total += t.scale * sum(float(np.sqrt(np.sum(w**2, 0)).sum()) for w in values)
    return total
