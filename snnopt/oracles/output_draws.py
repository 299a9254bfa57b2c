"""Instances of output blocks, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.oracles.losses import EXACT
from snnopt.oracles.oracle import Extreme, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]

OUTPUT_EXTREMES = (
    Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1}),
    Extreme("one step", {"steps": 1}),
    Extreme("one sample", {"samples": 1}),
    Extreme("one unit", {"units": 1}),
    Extreme("two units", {"units": 2}),
    Extreme("no drive: all units tie", {"data": 0.0}),
    Extreme("whole numbers: margins tie", {"whole": 1.0}),
    Extreme("no dual", {"dual": 0.0}),
    Extreme("no decay", {"beta": 1.0}),
    Extreme("no memory", {"beta": 0.0}),
    Extreme("saturated", {"data": 1e3}),
    Extreme("saturated, a strong loss", {"data": 1e3, "scale": 1e3}),
    Extreme("rho 1e6", {"rho": 1e6}),
    Extreme("rho 1e-6", {"rho": 1e-6}),
    Extreme("rho 1", {"rho": 1.0}),
    Extreme("scale 1e6", {"scale": 1e6}),
    Extreme("scale 1e-6", {"scale": 1e-6}),
    Extreme("rho 1e6, scale 1e-6", {"rho": 1e6, "scale": 1e-6}),
    Extreme("rho 1e-6, scale 1e6", {"rho": 1e-6, "scale": 1e6}),
    Extreme("rho 1e-6, saturated", {"rho": 1e-6, "data": 1e3}),
)


def unknown_loss(block: Block) -> str | None:
    """Return a reason if a block has not one loss that has a definition, or terms besides."""
    losses = [t.kind for t in block.terms if t.role == "loss"]
    unknown = [kind for kind in losses if kind not in EXACT]
    if len(losses) != 1 or unknown:
        return f"it has no definition of {', '.join(unknown) or f'{len(losses)} losses'}"
    return unknown_terms(block, ())


def draw_output(block: Block, rng: np.random.Generator, extreme: Extreme) -> dict[str, Any]:
    """Draw the numbers of an output case, by name."""
    steps, samples = extreme.whole("steps", rng, 4), extreme.whole("samples", rng, 3)
    units, loss = extreme.whole("units", rng, 4), block.terms[0]
    shape, size = (steps, samples, units), extreme.number("data", decade(rng, -1, 1))
    prediction, dual = size * rng.normal(size=shape), extreme.number("dual", size) * rng.normal(size=shape)
    if "whole" in extreme.fixed:
        prediction, dual = np.round(prediction), np.round(dual)
    beta = rng.choice([0.0, 0.5, 0.9, 1.0], units if rng.random() < 0.5 else 1)
    if block.form == "trace":
        beta = np.zeros(1)
    elif "beta" in extreme.fixed:
        beta = np.full(1, extreme.fixed["beta"])
    real = loss.kind == "squared_error" and rng.random() < 0.5
    assert loss.over is not None
    return {
        "kind": loss.kind,
        "prediction": prediction,
        "dual": dual,
        "beta": np.broadcast_to(beta, units).copy(),
        "omega": _omega(*loss.over, shape, rng),
        "rho": extreme.number("rho", decade(rng)),
        "scale": extreme.number("scale", loss.scale * decade(rng)),
        "target": rng.normal(size=shape[1:]) if real else rng.integers(0, units, samples),
    }


def _omega(kind: str, width: int, shape: tuple[int, int, int], rng: np.random.Generator) -> Array:
    """The weights in time of a functional; now and then for series of unequal length."""
    steps, samples, _ = shape
    omega = np.zeros(shape)
    if kind == "max":
        np.put_along_axis(omega, rng.integers(0, steps, (1, *shape[1:])), 1.0, 0)
        return omega
    unequal = rng.random() < 0.3
    for n, length in enumerate(rng.integers(1, steps + 1, samples) if unequal else [steps] * samples):
        seen = {"mean": length, "last": 1, "window": min(width, length)}[kind]
        omega[length - seen : length, n] = 1 / seen
    return omega if unequal else omega[:, 0, 0]
