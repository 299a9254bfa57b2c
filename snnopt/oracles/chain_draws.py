"""Instances of blocks of potentials in difference form, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.oracles.oracle import Extreme, decade
from snnopt.split import Block

Array = NDArray[Any]

ONE: dict[str, float] = {"steps": 1, "samples": 1, "units": 1}
CHAIN_EXTREMES = (
    Extreme("one of everything", ONE),
    Extreme("one step", {"steps": 1}),
    Extreme("two steps", {"steps": 2}),
    Extreme("three steps", {"steps": 3}),
    Extreme("one sample", {"samples": 1}),
    Extreme("one neuron", {"units": 1}),
    Extreme("ties", {"tie": 1.0}),
    Extreme("ties, one step", {"tie": 1.0, "steps": 1}),
    Extreme("both sides cost the same", {"level": 1.0}),
    Extreme("at the threshold, or an ulp off", {"spread": 0.0}),
    Extreme("no duals", {"dual": 0.0}),
    Extreme("no decay", {"beta": 1.0}),
    Extreme("hardly any memory", {"beta": 1e-3}),
    Extreme("no drive", {"spread": 0.0, "mean": 0.0}),
    Extreme("saturated", {"mean": 1e3, "dual": 0.0}),
    Extreme("never near", {"mean": -1e3, "spread": 1.0}),
    Extreme("rho 1e6", {"rho": 1e6}),
    Extreme("rho 1e-6", {"rho": 1e-6}),
    Extreme("sigma 1e6", {"sigma": 1e6}),
    Extreme("sigma 1e-6", {"sigma": 1e-6}),
    Extreme("no coupling", {"sigma": 0.0}),
    Extreme("rho and sigma 1e6", {"rho": 1e6, "sigma": 1e6}),
    Extreme("rho and sigma 1e-6", {"rho": 1e-6, "sigma": 1e-6}),
    Extreme("rho 1, sigma 1", {"rho": 1.0, "sigma": 1.0}),
)


def draw_chain(block: Block, rng: np.random.Generator, extreme: Extreme) -> dict[str, Any]:
    """Draw drive, target, beta, threshold and penalties, by name; the steps' and the dynamics' costs are of one size.

    ``spread`` and ``mean`` are of the drive around what holds v at theta, in units of theta; ``ratio`` is sigma over rho
    theta^2.
    """
    shape = (extreme.whole("steps", rng, 5), extreme.whole("samples", rng, 2), extreme.whole("units", rng, 2))
    beta = rng.choice([0.3, 0.5, 0.8, 0.9, 0.95, 1.0], shape[2] if rng.random() < 0.5 else 1)
    beta = np.full(1, extreme.fixed["beta"]) if "beta" in extreme.fixed else beta
    if block.form == "trace":
        beta = np.zeros(1)
    if "tie" in extreme.fixed:
        return _ties(rng, shape, block)
    theta = decade(rng, -1, 1) * rng.uniform(0.5, 1.5, shape[2] if rng.random() < 0.5 else 1)
    spread, mean = extreme.number("spread", decade(rng, -1, 0.5)), extreme.number("mean", 1.0)
    drive = theta * (mean * (1 - beta) + spread * rng.normal(size=shape))
    if spread == 0 and mean:
        drive = np.where(rng.random(shape) < 0.5, np.nextafter(drive, rng.choice([-np.inf, np.inf], shape)), drive)
    spikes = (rng.random(shape) < rng.uniform(0.1, 0.9)).astype(np.float64)
    target = spikes + extreme.number("dual", decade(rng, -1, 0.5)) * rng.normal(size=shape)
    if "level" in extreme.fixed:
        target = np.full(shape, 0.5)
    rho = extreme.number("rho", decade(rng))
    sigma = extreme.number("sigma", extreme.number("ratio", decade(rng, -1.5, 1.5)) * rho * float(theta.mean()) ** 2)
    return {"drive": drive, "target": target, "beta": beta, "threshold": theta, "rho": rho, "sigma": sigma}


def _ties(rng: np.random.Generator, shape: tuple[int, ...], block: Block) -> dict[str, Any]:
    """Numbers exact in binary, for which often two sides or two paths cost the same, or v is at the threshold by itself."""
    beta = np.zeros(1) if block.form == "trace" else rng.choice([0.5, 1.0], 1)
    drive = (1 - beta) + rng.choice([-0.5, -0.25, 0.0, 0.0, 0.25, 0.5], shape)
    target = rng.choice([-0.5, 0.0, 0.25, 0.5, 1.0, 1.5], shape)
    sigma = float(rng.choice([0.25, 0.5, 1.0])) * (1 + float(beta[0]) ** 2)
    return {"drive": drive, "target": target, "beta": beta, "threshold": np.ones(1), "rho": 2.0, "sigma": sigma}
