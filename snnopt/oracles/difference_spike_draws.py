"""Random numbers for blocks of spikes in difference form, and the corners that they would miss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.oracles.modelled import draw_models
from snnopt.oracles.oracle import SPIKE_PENALTIES, Extreme, decade
from snnopt.split import Block

Array = NDArray[Any]


def draw_numbers(block: Block, rng: np.random.Generator, extreme: Extreme) -> dict[str, Any]:
    """Draw what a case holds. Minimisers without a box lie around ``centre``, which is drawn about 0 and 1.

    A layer's own map is its recurrence less its reset, at lag 1; those of others are of any size, at lags 0 to 2.
    """
    steps, samples = extreme.whole("steps", rng, 4), extreme.whole("samples", rng, 3)
    units, own = (
        extreme.whole("units", rng, 4),
        [q.coupling in block.layers for q in block.quadratics if not q.linearised],
    )
    rows = max([units if o else extreme.whole("rows", rng, 4) for o in own], default=1)
    maps, lags = np.zeros((len(own), rows, units)), np.ones(len(own), np.int64)
    for s, mine in enumerate(own):
        if mine:
            maps[s, :units] = _own_map(rng, extreme, units)
            continue
        used = extreme.whole("rows", rng, rows)
        maps[s, :used] = decade(rng, -1, 0.5) * rng.normal(size=(used, units))
        maps[s] *= rng.random(units) < 0.9  # some neurons are not read
        lags[s] = int(extreme.number("lag", float(rng.integers(0, 3))))
    if "twins" in extreme.fixed:
        maps[:] = maps[..., :1]
    spikes = (rng.random((steps, samples, units)) < 0.5).astype(np.float64)
    spread, noise = extreme.number("spread", decade(rng, -1, 0.5)), extreme.number("noise", decade(rng, -2, 0))
    centre = spikes + spread * rng.normal(size=spikes.shape)
    if "inside" in extreme.fixed:
        centre = rng.uniform(0.2, 0.8, spikes.shape)
    constants = noise * rng.normal(size=(len(own), steps, samples, rows))
    for s, lag in enumerate(lags):
        constants[s, lag:] += centre[: max(steps - lag, 0)] @ maps[s].T
    constants *= (maps != 0).any(2)[:, None, None]
    dual = extreme.number("dual", decade(rng, -1, 0)) * rng.normal(size=spikes.shape)
    priced = -rng.uniform(0, 1) * decade(rng) + 0.5 * rng.normal(size=spikes.shape)
    sigma = extreme.number("sigma", decade(rng))
    size = min(1.0, 1e3 * sigma) * extreme.number("linear", float(rng.integers(0, 2)))
    return {
        "maps": maps,
        "constants": constants,
        "rho": np.array([extreme.number("rho", decade(rng)) for _ in own]),
        "lags": lags,
        "spikes": spikes,
        "dual": spikes - centre if "inside" in extreme.fixed else dual,
        "linear": size * priced,
        "sigma": sigma,
        **draw_models(block, rng, extreme, spikes, 0.3),
    }


def _own_map(rng: np.random.Generator, extreme: Extreme, units: int) -> Array:
    """``gain W_rec - diag(reset)`` with recurrence, with reset, or with both."""
    kind = int(extreme.number("own", float(rng.integers(0, 3))))
    recurrent, reset = rng.uniform(0.2, 2) * rng.normal(size=(units, units)), np.diag(rng.uniform(0.1, 2, units))
    return float(kind > 0) * recurrent - float(kind < 2) * reset


SIZES = (
    Extreme("one step", {"steps": 1}),
    Extreme("one sample", {"samples": 1}),
    Extreme("one neuron", {"units": 1}),
    Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1, "rows": 1}),
    Extreme("read in the same step", {"lag": 0.0}),
    Extreme("read two steps later", {"lag": 2.0, "steps": 4}),
    Extreme("read beyond the end", {"lag": 2.0, "steps": 2}),
    Extreme("reset only", {"own": 0.0, "steps": 3}),
    Extreme("recurrence only", {"own": 2.0, "steps": 3}),
)
PENALTIES = (
    Extreme("no dual, nothing linear", {"dual": 0.0, "linear": 0.0}),
    Extreme("linear 1e3", {"linear": 1e3}),
    Extreme("nothing to move", {"dual": 0.0, "linear": 0.0, "spread": 0.0, "noise": 0.0}),
    Extreme("neurons read alike", {"twins": 1.0, "units": 3}),
    Extreme("neurons read alike, sigma 1e-6", {"twins": 1.0, "units": 3, "sigma": 1e-6, "linear": 0.0}),
    *SPIKE_PENALTIES,
)
