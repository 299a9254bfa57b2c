"""Oracle of half a chain of potentials: each renewed step is held against the minimiser given its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.oracles.one_step import FROZEN_EXTREMES, FrozenCase, draw_frozen
from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class ColouredStepsCase(FrozenCase):
    """Steps of the other parity frozen; x is v [T, N, n] with all steps ``parity, parity + 2, ...`` renewed."""

    parity: int

    @property
    def sound(self) -> bool:  # noqa: D102
        return self.positive

    def free(self) -> tuple[tuple[int, ...], Array]:  # noqa: D102
        return tuple(range(self.parity, len(self.drive), 2)), self.potentials[self.parity :: 2].copy()

    def candidate(self, rule: type[ClosedForm]) -> Array:  # noqa: D102
        numbers = (self.drive, self.target, self.beta, self.rho, self.sigma, self.threshold)
        return rule.solve(self.potentials, *numbers, self.parity)  # type: ignore[attr-defined]

    def solution(self) -> Array:  # noqa: D102
        best = self.potentials.copy()
        best[self.parity :: 2] = self.renewed()
        return best

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        return self.gaps(x[self.parity :: 2])

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        return self.distances(x[self.parity :: 2])

    def defects(self, x: Array) -> tuple[str, ...]:
        """Frozen steps that moved."""
        frozen = slice(1 - self.parity, None, 2)
        return () if np.array_equal(x[frozen], self.potentials[frozen]) else ("steps of the other parity moved",)


@final
class ColouredStepsOracle(Oracle):
    """Potentials under the exact step, of which one parity is solved for; in trace form beta is 0."""

    extremes = FROZEN_EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials" or block.step != "exact" or block.order != "coloured":
            return "it knows potentials under the exact step, steps of one parity together"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> ColouredStepsCase:  # noqa: D102
        case = ColouredStepsCase(**draw_frozen(block, rng, extreme), parity=int(rng.integers(2)))
        return case.staked(extreme.fixed["odds"]) if "odds" in extreme.fixed else case
