"""Blocks of every kind that the compiler makes, for rules that are verified without a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from snnopt.lower import lower
from snnopt.model import (
    L1,
    L2,
    LI,
    LIF,
    Box,
    Cardinality,
    Constraint,
    CrossEntropy,
    Delay,
    Dense,
    FanIn,
    Grid,
    GroupLasso,
    Hinge,
    Input,
    Network,
    Problem,
    Sign,
    SquaredError,
    Window,
)
from snnopt.program import LinearMap
from snnopt.split import Block, StepRule, split_kept, split_rollout

STEP_RULES: tuple[StepRule, ...] = ("exact", "dithered")
KEPT: dict[str, dict[str, Any]] = {
    "difference": {"form": "difference"},
    "boxed, coloured": {"form": "difference", "box": "exact", "order": "coloured"},
    "clipped": {"form": "difference", "box": "published"},
    "one by one": {"form": "difference", "order": "one", "box": "exact"},
    "as published": {"form": "difference", "order": "one", "box": "published", "published": True},
    "trace": {"form": "trace"},
}
"""Splittings of an ADMM with kept potentials."""
LINEARISED: dict[str, dict[str, Any]] = {
    "linearised": {"form": "difference", "linearised": frozenset("hgy")},
    "linearised, boxed, one by one": {
        "form": "difference",
        "order": "one",
        "box": "exact",
        "linearised": frozenset("hgy"),
    },
    "linearised, clipped": {"form": "difference", "box": "published", "linearised": frozenset("hgy")},
    "linearised, trace": {"form": "trace", "linearised": frozenset("hgy")},
    "linearised in part": {"form": "difference", "linearised": frozenset("g")},
    "linearised in part, boxed": {"form": "difference", "box": "exact", "linearised": frozenset("g")},
    "linearised in part, trace": {"form": "trace", "linearised": frozenset("g")},
}
"""Those whose blocks of spikes see all dynamics, or those of one layer, by their slope."""


CONSTRAINED = (
    "box",
    "sign",
    "cardinality",
    "fan-in",
    "grid",
    "box and sign",
    "l1",
    "group lasso",
    "box and group lasso",
)
"""Titles of problems that are here for their copies."""


@lru_cache(maxsize=1)
def catalogue() -> tuple[Block, ...]:
    """Blocks with and without biases, L2, masks, shared weights and constraints, with each loss, step rule and splitting."""
    blocks: dict[str, Block] = {}
    for title, block in _all():
        key = f"{title}: {block.name}, {block.form}, {block.step}"
        blocks.setdefault(key, replace(block, name=f"{title}: {block.name}"))
    plain = [b for b in blocks.values() if b.uses or b.kept or b.name.startswith("plain") or b.step == "none"]
    return tuple(plain) + tuple(_masked(b) for b in plain if len(b.uses) == 1 and b.kind != "copy")


def _all() -> Iterator[tuple[str, Block]]:
    for title, problem in _problems().items():
        for step in STEP_RULES:
            for block in split_rollout(lower(problem), step):
                if title not in CONSTRAINED or block.kind == "copy":  # the rest is that of the plain problem
                    yield title, block
    for title, problem in _keepable().items():
        for way, arguments in KEPT.items():
            for block in split_kept(lower(problem), **arguments):
                if block.kind != "weights" or (title, way) in (("error", "difference"), ("error", "trace")):
                    yield f"{title}, {way}", block
    for way, arguments in LINEARISED.items():
        for block in split_kept(lower(_keepable()["error"]), **arguments):
            if block.kind == "spikes":  # the rest is that of the splittings without
                yield way, block


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

    hinge = Problem(Network(x, y), 0.7 * Hinge(y, over=Window(2)))
    bounds: dict[str, list[Constraint]] = {
        "box": [Box(h.weights, -0.5, 0.7)],
        "sign": [Sign(h.weights, -1)],
        "cardinality": [Cardinality(h.weights, 3)],
        "fan-in": [FanIn(h.weights, 2)],
        "grid": [Grid(h.weights, 3)],
        "box and sign": [Box(h.weights, -0.5, 0.7), Sign(h.weights, 1)],
    }
    constrained = {n: Problem(Network(x, y), CrossEntropy(y), constraints=c) for n, c in bounds.items()}
    penalised = {
        "l1": Problem(Network(x, y), CrossEntropy(y) + 0.3 * L1(h.weights)),
        "group lasso": Problem(Network(x, y), CrossEntropy(y) + 0.3 * GroupLasso(h.weights)),
        "box and group lasso": Problem(
            Network(x, y), CrossEntropy(y) + 0.3 * GroupLasso(h.weights), constraints=[Box(h.weights, -0.5, 0.7)]
        ),
    }
    plain_ones = {"plain": plain, "sums": sums, "shared": twice, "analogue": peak, "fixed": fixed, "hinge": hinge}
    return plain_ones | constrained | penalised


def _keepable() -> dict[str, Problem]:
    """Those of them that every splitting with kept potentials takes, and one for each loss."""
    x = Input(3, name="x")
    h = LIF(beta=0.9, name="h")(Dense(4)(x))
    g = LIF(beta=0.7, reset_mechanism="none", name="g")(Dense(4)(h))
    y = LI(beta=0.8, name="y")(Dense(3)(g))
    losses = {
        "error": 2.0 * SquaredError(y, over="last"),
        "entropy": CrossEntropy(y, over="mean"),
        "margin": 0.5 * Hinge(y, over=Window(2)),
    }
    return {n: Problem(Network(x, y), loss + 0.1 * L2(h.weights)) for n, loss in losses.items()}


def _masked(block: Block) -> Block:
    """The same block with masks on its maps."""

    def mask(m: LinearMap) -> LinearMap:
        return replace(m, mask=np.ones((m.channels, m.fan_in), bool))

    uses = tuple(replace(u, parts=tuple(tuple(mask(m) for m in part) for part in u.parts)) for u in block.uses)
    return replace(block, name=f"{block.name}, masked", uses=uses)
