"""Oracle of a read-out's potentials, all steps together: CVXPY on the potentials themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import LOSS_FUNCTIONS, ClosedForm
from snnopt.oracles.judged import Judged
from snnopt.oracles.oracle import Extreme, Oracle
from snnopt.oracles.output_draws import OUTPUT_EXTREMES, draw_output, unknown_loss
from snnopt.oracles.outputs import OutputCase
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class OutputChainCase(OutputCase):
    """An :class:`OutputCase` minimised over all potentials; x is v, [T, N, n]."""

    @property
    def sound(self) -> bool:  # noqa: D102
        return self.fits

    @property
    def shape(self) -> tuple[int, ...]:  # noqa: D102
        return self.prediction.shape

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """Hand the rule the drive ``i - u``."""
        drive, loss = self.prediction - self.dual, LOSS_FUNCTIONS[self.kind]
        return rule.solve(drive, self.beta, self.omega, self.rho, loss, self.scale, self.target)  # type: ignore[attr-defined]

    def sample(self, n: int) -> Judged:  # noqa: D102
        return self.chain(n)


@final
class OutputChainOracle(Oracle):
    """Output blocks with one loss, all steps together, in both forms."""

    extremes = OUTPUT_EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "outputs" or block.order != "together":
            return "it knows outputs, all steps together"
        return unknown_loss(block)

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> OutputChainCase:  # noqa: D102
        return OutputChainCase(**draw_output(block, rng, extreme))
