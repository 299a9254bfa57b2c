"""Consensus on weights, for sites that may not share data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from snnopt.algorithms.from_rollout import RolloutAlgorithm
from snnopt.algorithms.online import Online
from snnopt.algorithms.settings import SHARE, WHOLE, Federation, ReadoutStep, WeightStep
from snnopt.algorithms.words import Net, Sweep
from snnopt.errors import CompileError
from snnopt.penalties import DitheredStep
from snnopt.program import Program
from snnopt.split import Block, StepRule, spike_budgets


@dataclass(frozen=True)
class Federated(RolloutAlgorithm):
    """``federated``: every shard is a site that trains on its own samples; sites agree on weights by ADMM.

    With f_i the objective of site i, N_i its number of samples and u_i its scaled dual, a round is ::

        w_i <- some epochs of online on  f_i(w) + pull/2 |w - z + u_i|^2,  from z
        z   <- sum_i N_i (w_i + u_i) / sum_i N_i
        u_i <- u_i + dual_step (w_i - z)

    The quadratic term enters by its prox after every mini-batch, ``w <- (w + pull (z - u_i)) / (1 + pull)``: pull is in units of
    the curvature of a mini-batch's own step. What leaves a site are w_i, its number of samples, the largest value of its inputs,
    a checksum, and for the history loss, hits and numbers of spikes at z; what comes to it are z and u_i. Starting weights are
    scaled at the first site.

    Source: consensus with local objectives (Boyd et al., Foundations and Trends in Machine Learning 3, 2011, section 7.1); here
    they are neither convex nor minimised exactly.

    Parameters
    ----------
    rounds : exchanges of weights.
    epochs : passes of a site over its data in a round.
    batch_size : samples a mini-batch of a site; None takes a twelfth of its data, at least 32 and at most 256.
    pull : how strongly a site is held near the others.
    dual_step : of the scaled duals.
    step : of the potentials, as in :class:`Online`; it falls linearly to zero over the rounds, and the read-out's with it.
    dtype : ``"float32"`` or ``"float64"``.
    """

    rounds: int = field(default=20, metadata=WHOLE)
    epochs: int = field(default=1, metadata=WHOLE)
    batch_size: int | None = field(default=None, metadata=WHOLE)
    pull: float = 0.1
    dual_step: float = field(default=0.3, metadata=SHARE)
    step: float = 6.0

    name: ClassVar[str] = "federated"
    step_rule: ClassVar[StepRule] = "dithered"
    summary: ClassVar[str] = "consensus on weights between sites that keep their data; online on each"

    @property
    def local(self) -> Online:
        """What a site runs."""
        return Online(epochs=self.epochs, batch_size=self.batch_size, step=self.step, dtype=self.dtype)

    def sweep(self, net: Net) -> Sweep:
        """That of ``online``, on a site."""
        yield from self.local.sweep(net)

    def split(self, program: Program, penalties: Mapping[str, Any]) -> tuple[Block, ...]:  # noqa: D102
        blocks = super().split(program, penalties)
        kept = [b.name for b in blocks if b.kind == "copy"] + [f"{n}'s budget" for n in spike_budgets(program)]
        if kept:
            cause = f"{', '.join(kept)}: the mean of weights that keep a constraint need not keep it"
            fix = "leave constraints and penalties but so.L2 and so.SpikeCost out, or train where the data are together"
            raise CompileError("algorithm 'federated'", cause, fix)
        return blocks

    @property
    def schedule(self) -> Federation:  # noqa: D102
        return Federation(self.rounds, self.epochs, self.batch_size, self.pull, self.dual_step)

    @property
    def step_coupling(self) -> DitheredStep:  # noqa: D102
        return self.local.step_coupling

    @property
    def held(self) -> int | None:  # noqa: D102
        return self.local.held

    @property
    def weight_block(self) -> WeightStep:  # noqa: D102
        return self.local.weight_block

    @property
    def readout_block(self) -> ReadoutStep:  # noqa: D102
        return replace(self.local.readout_block, fades=True)  # or sites would pull apart to the end
