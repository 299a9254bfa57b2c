"""Oracle of the potentials of a layer that does not spike: a quadratic, solved by CVXPY."""

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
class AnalogueCase(Case):
    """``min_x  -<da, x> + rho/2 ||x||^2`` in x = v - v_0; the demand da [T, N, n]."""

    demand: Array
    rho: float

    axes: ClassVar = {"demand": ("time", "sample", "neuron")}

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's v - v_0."""
        return rule.move(self.demand, self.rho)  # type: ignore[attr-defined]

    def objective(self, x: Array) -> float:
        """The block's objective at v = v_0 + x."""
        return -float((self.demand * x).sum()) + self.rho / 2 * float((x**2).sum())

    def solution(self) -> Array:
        """CVXPY's minimiser."""
        zeros = np.zeros((1, self.demand.size))
        x = least_squares(np.array([[np.sqrt(self.rho)]]), zeros, -self.demand.reshape(1, -1))
        return x.reshape(self.demand.shape)

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        return relative_excess(self.objective(x), self.objective(best), 0.0, 1e-300)

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        return relative_distance(x, best, 1e-300)


@final
class AnalogueOracle(Oracle):
    """Potentials in trace form of layers that do not spike."""

    extremes = (
        Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1}),
        Extreme("no demand", {"demand": 0.0}),
        Extreme("rho 1e6", {"rho": 1e6}),
        Extreme("rho 1e-6", {"rho": 1e-6}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials" or block.form != "trace" or block.step != "none":
            return "it knows potentials in trace form without a step"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> AnalogueCase:  # noqa: D102
        shape = (extreme.whole("steps", rng, 3), extreme.whole("samples", rng, 3), extreme.whole("units", rng, 3))
        return AnalogueCase(
            demand=extreme.number("demand", decade(rng)) * rng.normal(size=shape),
            rho=extreme.number("rho", decade(rng)),
        )
