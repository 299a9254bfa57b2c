"""Blocks of every kind that the compiler makes, for rules that are verified without a plan."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from snnopt.lower import lower
from snnopt.model import L2, LI, LIF, CrossEntropy, Delay, Dense, Input, Network, Problem, SquaredError, Window
from snnopt.program import LinearMap
from snnopt.split import Block, StepRule, split_rollout

STEP_RULES: tuple[StepRule, ...] = ("exact", "dithered")


@lru_cache(maxsize=1)
def catalogue() -> tuple[Block, ...]:
    """Blocks with and without biases, L2, masks and shared weights, with each loss and each step rule."""
    blocks: dict[str, Block] = {}
    for step in STEP_RULES:
        for title, problem in _problems().items():
            for block in split_rollout(lower(problem), step):
                blocks.setdefault(f"{title}: {block.name}, {block.step}", replace(block, name=f"{title}: {block.name}"))
    plain = [b for b in blocks.values() if b.uses or b.name.startswith("plain") or b.step == "none"]
    return tuple(plain) + tuple(_masked(b) for b in plain if len(b.uses) == 1)


def _problems() -> dict[str, Problem]:
    """Small problems by title; sizes do not matter, since oracles draw their own."""
    x, u = Input(3, name="x"), Input(2, name="u")

    h = LIF(beta=0.9, name="h")(Dense(4)(x))
    y = LI(beta=0.8, name="y")(Dense(3)(h))
    plain = Problem(Network(x, y), CrossEntropy(y, over="mean") + 0.1 * L2(h.weights) + 0.3 * L2(y.weights))

    g = LIF(beta=0.5, name="h", recurrent=Dense())(Dense(4, bias=False)(x) + Dense(4)(u))
    z = LI(beta=1.0, name="y")(Dense(3, bias=False)(g))
    sums = Problem(Network([x, u], z), 2.0 * SquaredError(z, over="last"))

    shared = Dense(4)
    h1, h2 = LIF(beta=0.9, name="h1")(shared(x)), LIF(beta=0.7, name="h2")(Dense(3)(x))
    h3 = LIF(beta=0.7, name="h3")(shared(h2))
    w = LI(beta=0.9, name="y")(Dense(3)(h1) + Dense(3)(h3))
    twice = Problem(Network(x, w), SquaredError(w, over=Window(2)) + 0.2 * L2(h1.weights))

    c = Dense(3)
    analogue = LI(beta=0.6, name="h")(c(x) + c(Delay(1)(x)))
    v = LI(beta=0.9, name="y")(Dense(3)(analogue))
    peak = Problem(Network(x, v), CrossEntropy(v, over="max") + 0.5 * SquaredError(v, over="last"))

    e = LIF(beta=0.9, name="h")(Dense(3)(x))
    f = LI(beta=0.8, name="y")(e)
    fixed = Problem(Network(x, f), CrossEntropy(f) + 0.1 * L2(e.weights))
    return {"plain": plain, "sums": sums, "shared": twice, "analogue": peak, "fixed": fixed}


def _masked(block: Block) -> Block:
    """The same block with masks on its maps."""

    def mask(m: LinearMap) -> LinearMap:
        return replace(m, mask=np.ones((m.channels, m.fan_in), bool))

    uses = tuple(replace(u, parts=tuple(tuple(mask(m) for m in part) for part in u.parts)) for u in block.uses)
    return replace(block, name=f"{block.name}, masked", uses=uses)
