"""Oracle of the exact step: both branches enumerated for every entry, compared in rational arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.oracles.case import Case
from snnopt.oracles.oracle import Extreme, Oracle, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


class Entry(NamedTuple):
    """One potential, in exact arithmetic: ``rho/2 (v - v_0)^2 + sigma/2 (a - H(v - theta))^2``."""

    v0: Fraction
    s: Fraction
    da: Fraction
    theta: Fraction
    rho: Fraction
    sigma: Fraction

    def cost(self, v: Fraction, spike: int) -> Fraction:
        """The objective at v with H = ``spike``."""
        a = self.s + self.da / self.sigma
        return self.rho / 2 * (v - self.v0) ** 2 + self.sigma / 2 * (a - spike) ** 2

    @property
    def branches(self) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
        """Cost and minimiser on ``v <= theta``, then on ``v > theta`` (open: its infimum, at theta or above)."""
        silent, active = min(self.v0, self.theta), max(self.v0, self.theta)
        return (self.cost(silent, 0), silent), (self.cost(active, 1), active)

    @property
    def stakes(self) -> Fraction:
        """What the choice of a branch is about: demand, step penalty and distance to the threshold."""
        return abs(self.da) + self.sigma / 2 + self.rho / 2 * (self.v0 - self.theta) ** 2


@final
@dataclass(frozen=True, eq=False)
class ExactStepCase(Case):
    """``min_v  rho/2 (v - v_0)^2 + sigma/2 (a - H(v - theta))^2`` with ``a = s + da/sigma``, s = H(v_0 - theta).

    Potentials v_0 and demand da [T, N, n]; ``threshold`` is one number or [n]. A rule's move dv stands for any number
    that rounds to it: v counts as spiking if ``v_0 + dv > theta``, or if dv is what the next number above theta asks for.
    """

    potentials: Array
    demand: Array
    threshold: Array
    rho: float
    sigma: float

    axes: ClassVar = dict.fromkeys(("potentials", "demand"), ("time", "sample", "neuron")) | {"threshold": ("neuron",)}

    @property
    def spikes(self) -> Array:
        """H(v_0 - theta)."""
        return (self.potentials > self.threshold).astype(np.float64)

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's v - v_0."""
        return rule.move(self.potentials, self.spikes, self.demand, self.rho, self.sigma, self.threshold)  # type: ignore[attr-defined]

    def _entries(self) -> Iterator[tuple[tuple[int, ...], Entry]]:
        rho, sigma = Fraction(self.rho), Fraction(self.sigma)
        theta, spikes = np.broadcast_to(self.threshold, self.potentials.shape), self.spikes
        for at in np.ndindex(self.potentials.shape):
            v0, s, da, th = (Fraction(float(x[at])) for x in (self.potentials, spikes, self.demand, theta))
            yield at, Entry(v0, s, da, th, rho, sigma)

    def solution(self) -> Array:
        """The cheaper branch's minimiser, less v_0."""
        best = np.empty_like(self.potentials)
        for at, entry in self._entries():
            best[at] = float(min(entry.branches)[1] - entry.v0)
        return best

    def excess(self, x: Array, best: Array) -> float:
        """Largest over the entries: each is a problem of its own, its stakes the scale."""
        worst = -np.inf
        for at, entry in self._entries():
            v = entry.v0 + Fraction(float(x[at]))
            silent, active = _sides(float(self.potentials[at]), float(x[at]), float(entry.theta), v)
            cost = min(entry.cost(v, spike) for spike in (0, 1) if (silent, active)[spike])
            worst = max(worst, float((cost - min(entry.branches)[0]) / entry.stakes))
        return worst

    def distance(self, x: Array, best: Array) -> float | None:
        """Over entries where one branch is clearly cheaper, in volts (relative above one)."""
        worst = 0.0
        for at, entry in self._entries():
            (silent, _), (active, _) = entry.branches
            if abs(silent - active) > 1e-9 * entry.stakes:
                worst = max(worst, abs(float(x[at]) - float(best[at])) / max(1.0, abs(float(best[at]))))
        return worst


def _sides(v0: float, dv: float, theta: float, v: Fraction) -> tuple[bool, bool]:
    """Whether ``v_0 + dv``, dv rounded, can be silent, and whether it can spike."""
    if dv == 0:
        return v <= theta, v > theta
    return v <= theta or dv == theta - v0, v > theta or dv == np.nextafter(theta, np.inf) - v0


@final
class ExactStepOracle(Oracle):
    """Potentials in trace form under the exact step."""

    extremes = (
        Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1}),
        Extreme("at the threshold, or an ulp off", {"spread": 0.0}),
        Extreme("both branches cost the same", {"tie": 1.0}),
        Extreme("no demand", {"demand": 0.0}),
        Extreme("rho 1e6", {"rho": 1e6}),
        Extreme("rho 1e-6", {"rho": 1e-6}),
        Extreme("sigma 1e6", {"sigma": 1e6}),
        Extreme("sigma 1e-6", {"sigma": 1e-6}),
        Extreme("sigma and rho 1e-6", {"sigma": 1e-6, "rho": 1e-6}),
        Extreme("sigma and rho 1e6, demand 1e6", {"sigma": 1e6, "rho": 1e6, "demand": 1e6}),
        Extreme("tiny sigma, demand and distance", {"sigma": 1e-6, "demand": 1e-6, "spread": 1e-3}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials" or block.form != "trace" or block.step != "exact" or block.kept:
            return "it knows potentials from a rollout in trace form under the exact step"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> ExactStepCase:
        """Draw demands of the size at which a flip just pays or just does not, in either direction."""
        shape = (extreme.whole("steps", rng, 3), extreme.whole("samples", rng, 3), extreme.whole("units", rng, 3))
        if "tie" in extreme.fixed:
            return _tie(rng, shape)
        theta = decade(rng, -1, 1) * rng.uniform(0.5, 1.5, shape[2] if rng.random() < 0.5 else 1)
        v = theta + extreme.number("spread", decade(rng, -1, 0.5)) * rng.normal(size=shape)
        v = np.where(rng.random(shape) < 0.1, theta, v)
        v = np.where(rng.random(shape) < 0.1, np.nextafter(v, rng.choice([-np.inf, np.inf], shape)), v)
        rho, sigma = extreme.number("rho", decade(rng, -1, 1)), extreme.number("sigma", decade(rng, -1, 1))
        even = sigma / 2 + rho / 2 * (v - theta) ** 2
        demand = rng.choice([-1.0, 1.0], shape) * even * rng.choice([0.5, 0.9, 1.1, 2.0, 10.0], shape)
        if "demand" in extreme.fixed:
            demand = extreme.fixed["demand"] * rng.normal(size=shape)
        return ExactStepCase(potentials=v, demand=demand, threshold=theta, rho=rho, sigma=sigma)


def _tie(rng: np.random.Generator, shape: tuple[int, ...]) -> ExactStepCase:
    """Numbers exact in binary for which flipping and staying cost the same, some an ulp to either side."""
    v = 1.0 + rng.choice([-0.5, 0.0, 0.25, 0.5], shape)
    rho, sigma = 2.0, 0.5
    demand = np.where(v > 1, -1, 1) * (sigma / 2 + rho / 2 * (v - 1) ** 2)
    demand = np.where(rng.random(shape) < 0.3, np.nextafter(demand, rng.choice([-np.inf, np.inf], shape)), demand)
    return ExactStepCase(potentials=v, demand=demand, threshold=np.ones(1), rho=rho, sigma=sigma)
