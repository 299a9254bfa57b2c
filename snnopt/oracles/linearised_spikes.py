"""Oracle of the linearised spike block: a quadratic, solved by CVXPY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.cvx_bridge import least_squares
from snnopt.oracles.case import Case, relative_distance, relative_excess
from snnopt.oracles.oracle import Extreme, Oracle, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class SpikesCase(Case):
    """``min_a  -<da, a> + sigma/2 ||a - s||^2``; spikes s and demand da [T, N, n]."""

    spikes: Array
    demand: Array
    sigma: float

    axes: ClassVar = dict.fromkeys(("spikes", "demand"), ("time", "sample", "neuron"))

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's a, less s."""
        return rule.solve(self.spikes, self.demand, self.sigma) - self.spikes  # type: ignore[attr-defined]

    def objective(self, x: Array) -> float:
        """The block's objective at a = s + x."""
        return -float((self.demand * (self.spikes + x)).sum()) + self.sigma / 2 * float((x**2).sum())

    def solution(self) -> Array:
        """CVXPY's minimiser, as a change of s."""
        zeros = np.zeros((1, self.demand.size))
        x = least_squares(np.array([[np.sqrt(self.sigma)]]), zeros, -self.demand.reshape(1, -1))
        return x.reshape(self.demand.shape)

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        return relative_excess(self.objective(x), self.objective(best), self.objective(np.zeros_like(x)))

    def distance(self, x: Array, best: Array) -> float | None:
        """Relative to the largest change; rounding leaves ulps of a itself."""
        return relative_distance(x, best, 1e-6)


@final
class SpikesOracle(Oracle):
    """Spike blocks whose couplings all enter by their gradient."""

    extremes = (
        Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1}),
        Extreme("no demand", {"demand": 0.0}),
        Extreme("sigma 1e6", {"sigma": 1e6}),
        Extreme("sigma 1e-6", {"sigma": 1e-6}),
        Extreme("demand 1e6, sigma 1e-6", {"demand": 1e6, "sigma": 1e-6}),
        Extreme("demand 1e-6, sigma 1e-6", {"demand": 1e-6, "sigma": 1e-6}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "spikes" or not block.linear or block.quadratics:
            return "it knows linearised spikes"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> SpikesCase:  # noqa: D102
        shape = (extreme.whole("steps", rng, 3), extreme.whole("samples", rng, 3), extreme.whole("units", rng, 3))
        return SpikesCase(
            spikes=(rng.random(shape) < 0.5).astype(np.float64),
            demand=extreme.number("demand", decade(rng)) * rng.normal(size=shape),
            sigma=extreme.number("sigma", decade(rng)),
        )
