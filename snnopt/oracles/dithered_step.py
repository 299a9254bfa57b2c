"""Oracle of the dithered step: the density from the dither's own distribution, the move from CVXPY."""

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

TINY = 1e-200


def expected_spike(u: Array, width: float) -> Array:
    """``E H(u - xi) = P(xi < u)``, xi the sum of two offsets uniform on (-width/2, width/2); takes complex u."""
    z = u / width
    low = np.where(z.real < -1, 0, (1 + z) ** 2 / 2)
    high = np.where(z.real > 1, 1, 1 - (1 - z) ** 2 / 2)
    return np.where(z.real < 0, low, high)


def density(u: Array, width: float) -> Array:
    """Derivative of the expected spike, exact to rounding (by a complex step)."""
    return np.asarray(expected_spike(u + TINY * 1j, width).imag / TINY)


@final
@dataclass(frozen=True, eq=False)
class DitheredCase(Case):
    """``min_v  -da p(v_0 - theta) (v - v_0) + rho/2 (v - v_0)^2``; potentials v_0 and demand da [T, N, n].

    ``threshold`` is one number or [n], ``width`` the half-width of the dither.
    """

    potentials: Array
    demand: Array
    threshold: Array
    width: float
    rho: float

    axes: ClassVar = dict.fromkeys(("potentials", "demand"), ("time", "sample", "neuron")) | {"threshold": ("neuron",)}

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's v - v_0."""
        slope = rule.slope(self.potentials, self.threshold, self.width)  # type: ignore[attr-defined]
        return rule.move(self.demand, slope, self.rho)  # type: ignore[attr-defined]

    @property
    def pull(self) -> Array:
        """The coefficient of v - v_0: the derivative of the expected reward ``da E H``."""
        return self.demand * density(self.potentials - self.threshold, self.width)

    @property
    def peak(self) -> float:
        """Largest move that the demand could cause, were every potential at its threshold."""
        return float(np.abs(self.demand).max()) / self.width / self.rho

    def objective(self, x: Array) -> float:
        """The block's objective at v = v_0 + x."""
        return -float((self.pull * x).sum()) + self.rho / 2 * float((x**2).sum())

    def solution(self) -> Array:
        """CVXPY's minimiser, as a change of v_0."""
        zeros = np.zeros((1, self.demand.size))
        x = least_squares(np.array([[np.sqrt(self.rho)]]), zeros, -self.pull.reshape(1, -1))
        return x.reshape(self.demand.shape)

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        least = max(1e-6 * self.rho / 2 * self.peak**2, 1e-300)
        return relative_excess(self.objective(x), self.objective(best), 0.0, least)

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        return relative_distance(x, best, max(1e-6 * self.peak, 1e-300))


@final
class DitheredStepOracle(Oracle):
    """Potentials in trace form under a dithered step."""

    extremes = (
        Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1}),
        Extreme("all at the threshold", {"spread": 0.0}),
        Extreme("at the dither's edges", {"edges": 1.0}),
        Extreme("no demand", {"demand": 0.0}),
        Extreme("rho 1e6", {"rho": 1e6}),
        Extreme("rho 1e-6", {"rho": 1e-6}),
        Extreme("narrow dither", {"width": 1e-6, "spread": 1e-6}),
        Extreme("wide dither", {"width": 1e6}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials" or block.form != "trace" or block.step != "dithered":
            return "it knows potentials in trace form under a dithered step"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> DitheredCase:  # noqa: D102
        shape = (extreme.whole("steps", rng, 3), extreme.whole("samples", rng, 3), extreme.whole("units", rng, 3))
        theta = decade(rng, -1, 1) * rng.uniform(0.5, 1.5, shape[2] if rng.random() < 0.5 else 1)
        width = extreme.number("width", decade(rng, -1, 1))
        distance = extreme.number("spread", width) * rng.uniform(-1.5, 1.5, shape)
        if "edges" in extreme.fixed:
            theta, width = np.ones_like(theta), 0.5  # exact in binary
            distance = rng.choice([-width, 0.0, width], shape)
        return DitheredCase(
            potentials=theta + distance,
            demand=extreme.number("demand", decade(rng)) * rng.normal(size=shape),
            threshold=theta,
            width=width,
            rho=extreme.number("rho", decade(rng)),
        )
