"""Oracle of a read-out's potentials at one step: CVXPY on them, all other steps frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import LOSS_FUNCTIONS, ClosedForm
from snnopt.blocks.published_output_step import PublishedOutputStep
from snnopt.oracles.judged import Judged
from snnopt.oracles.oracle import Extreme, Oracle
from snnopt.oracles.output_draws import OUTPUT_EXTREMES, draw_output, unknown_loss
from snnopt.oracles.outputs import OutputCase
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class OutputStepCase(OutputCase):
    """An :class:`OutputCase` with the ``potentials`` v [T, N, n] frozen but for one step; x is v[step], [N, n]."""

    potentials: Array
    step: int

    axes: ClassVar = OutputCase.axes | {"potentials": ("time", "sample", "unit")}

    @property
    def sound(self) -> bool:  # noqa: D102
        return self.fits and self.step < len(self.potentials)

    @property
    def shape(self) -> tuple[int, ...]:  # noqa: D102
        return self.potentials.shape[1:]

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """Hand the rule its step and that step's neighbours; the published rule, what it asks for."""
        v, h, t, solve = self.potentials, self.prediction - self.dual, self.step, rule.solve  # type: ignore[attr-defined]
        first, last = t == 0, t == len(v) - 1
        if issubclass(rule, PublishedOutputStep):
            q = self.prediction[t] if first else self.beta * v[t - 1] + self.prediction[t]
            return solve(q, self.rho * self.dual[t], self.scale, self.target)
        rest = (self.taken * v).sum(0) - self.taken[t] * v[t]
        omega = self.omega[t] if self.omega.ndim == 3 else float(self.omega[t])
        return solve(
            h[t],
            None if last else h[t + 1],
            None if first else v[t - 1],
            None if last else v[t + 1],
            rest,
            omega,
            self.beta,
            self.rho,
            LOSS_FUNCTIONS[self.kind],
            self.scale,
            self.target,
        )

    def sample(self, n: int) -> Judged:
        """The whole chain's problem, with the other steps' part moved to the right side."""
        whole, (steps, _, units) = self.chain(n), self.potentials.shape
        mine = np.arange(steps * units) // units == self.step
        frozen = np.where(mine, 0.0, self.potentials[:, n].ravel())
        a, b, offset = whole.a[:, mine], whole.b - whole.a @ frozen, whole.maps @ frozen
        kept = a.any(1)
        return Judged(self.kind, self.scale, self.target[n], whole.maps[:, mine], offset, a[kept], b[kept])


@final
class OutputStepOracle(Oracle):
    """Output blocks with one loss, one step at a time, in difference form."""

    extremes = (*OUTPUT_EXTREMES, Extreme("first step", {"step": 0}), Extreme("last step", {"step": -1}))

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "outputs" or block.order != "one" or block.form != "difference":
            return "it knows outputs in difference form, one step at a time"
        return unknown_loss(block)

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> OutputStepCase:  # noqa: D102
        numbers = draw_output(block, rng, extreme)
        shape = numbers["prediction"].shape
        potentials = float(np.abs(numbers["prediction"]).max()) * rng.normal(size=shape)
        step = int(extreme.number("step", int(rng.integers(shape[0])))) % shape[0]
        step = {"all": step, "before last": min(step, max(shape[0] - 2, 0)), "last": shape[0] - 1}[block.at]
        return OutputStepCase(potentials=potentials, step=step, **numbers)
