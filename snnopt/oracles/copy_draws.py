"""Instances of copy blocks: the block's own terms, with numbers that decide something."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from snnopt.oracles.copies import PENALTIES, CopyCase
from snnopt.oracles.oracle import Extreme, decade
from snnopt.split import Block

CopyType = TypeVar("CopyType", bound=CopyCase)

COPY_EXTREMES = (
    Extreme("one entry", {"units": 1, "fan_in": 1}),
    Extreme("one neuron", {"units": 1}),
    Extreme("one source", {"fan_in": 1}),
    Extreme("C = 0", {"size": 0.0}),
    Extreme("small C", {"size": 1e-6}),
    Extreme("large C", {"size": 1e6}),
    Extreme("ties", {"ties": 1.0}),
    Extreme("all of one size", {"ties": 2.0, "units": 3, "fan_in": 2}),
    Extreme("all of one size, k = 2", {"ties": 2.0, "units": 3, "fan_in": 2, "k": 2}),
    Extreme("many weights", {"units": 3, "fan_in": 2}),
    Extreme("m 1e6", {"m": 1e6}),
    Extreme("m 1e-6", {"m": 1e-6}),
    Extreme("scale 1e6, m 1", {"scale": 1e6, "m": 1.0}),
    Extreme("scale 1e-6, m 1", {"scale": 1e-6, "m": 1.0}),
    Extreme("scale 1, m 1e-6", {"scale": 1.0, "m": 1e-6}),
    Extreme("scale 1, m 1e6", {"scale": 1.0, "m": 1e6}),
    Extreme("scale 0", {"scale": 0.0}),
    Extreme("no lower bound", {"low": -np.inf}),
    Extreme("no upper bound", {"high": np.inf}),
    Extreme("no bounds", {"low": -np.inf, "high": np.inf}),
    Extreme("both bounds zero", {"low": 0.0, "high": 0.0}),
    Extreme("k = 1", {"k": 1}),
    Extreme("one synapse a neuron, three in all", {"units": 3, "fan_in": 2, "k": 3, "k of a row": 1}),
    Extreme("k beyond the number of weights", {"k": 99}),
    Extreme("2 bits", {"bits": 2}),
    Extreme("3 bits", {"bits": 3}),
    Extreme("4 bits", {"bits": 4}),
    Extreme("8 bits", {"bits": 8}),
    Extreme("16 bits", {"bits": 16}),
    Extreme("every synapse exists", {"density": 1.0}),
    Extreme("no synapse exists", {"density": 0.0}),
    Extreme("neurons without a synapse", {"density": 0.2, "units": 3}),
)


def draw_copy(make: Callable[..., CopyType], block: Block, rng: np.random.Generator, extreme: Extreme) -> CopyType:
    """Draw an instance of a copy block: its own terms with numbers that decide something at the size of C."""
    most = 4 if len(block.columns) == 1 else 2
    widths = [extreme.whole("fan_in", rng, most) for _ in block.columns]
    shape = (extreme.whole("units", rng, 3), sum(widths))
    size, m = extreme.number("size", decade(rng, -1, 1)), extreme.number("m", decade(rng))
    tied = {1.0: [-1.0, -0.5, 0.0, 0.5, 1.0], 2.0: [-1.0, 1.0]}.get(extreme.number("ties", 0.0))
    center = size * (rng.normal(size=shape) if tied is None else rng.choice(tied, shape))
    mask = None
    if any(c.mask is not None for c in block.columns):
        mask = rng.random(shape) < extreme.number("density", 0.7)
    bounded = sum(t.kind in ("box", "sign") for t in block.terms)
    through_zero = bounded > 1 or any(t.kind in ("grid", "cardinality", "fan_in") for t in block.terms)
    cone = any(t.kind == "group_lasso" for t in block.terms)
    terms = []
    for t in block.terms:
        scale, given = t.scale, dict(t.parameters)
        if t.kind in PENALTIES:
            width = np.sqrt(shape[0]) if t.kind == "group_lasso" else 1.0
            scale = extreme.number("scale", float(m * (size or 1.0) * width * rng.uniform(0, 1.2)))
        elif t.kind == "box" and not cone:
            given = dict(zip(("low", "high"), _bounds(rng, size or 1.0, through_zero, extreme), strict=True))
        elif t.kind == "sign":
            given = {"sign": float(rng.choice([-1, 1]))}
        elif t.kind in ("cardinality", "fan_in"):
            wide = center.size if t.kind == "cardinality" else shape[1]
            row = t.kind == "fan_in" and "k of a row" in extreme.fixed
            given = {"k": float(extreme.whole("k of a row" if row else "k", rng, wide + 1))}
        elif t.kind == "grid":
            given = {"bits": extreme.number("bits", float(rng.choice([2, 3, 4, 8])))}
        named = tuple((name, float(value) if np.isfinite(value) else None) for name, value in given.items())
        terms.append((t.kind, float(scale), named))
    return make(
        center=center,
        variable=np.repeat(np.arange(len(widths)), widths),
        penalty=m,
        terms=tuple(terms),
        mask=mask,
    )


def _bounds(rng: np.random.Generator, size: float, through_zero: bool, extreme: Extreme) -> tuple[float, float]:
    """Bounds that some of C meets and some does not; anywhere, or around zero."""
    low = -size * rng.uniform(0, 1.5) if through_zero else size * rng.uniform(-1.5, 1)
    high = size * rng.uniform(0, 1.5) if through_zero else low + size * rng.uniform(0, 2)
    return extreme.number("low", low), extreme.number("high", max(high, extreme.number("low", high)))
