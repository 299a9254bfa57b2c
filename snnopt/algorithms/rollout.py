"""Full-batch sweeps from a rollout, with the exact step rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from snnopt.algorithms.from_rollout import RolloutAlgorithm
from snnopt.algorithms.settings import SHARE, WHOLE, FullBatch, ReadoutStep, WeightStep
from snnopt.algorithms.words import Net, Sweep
from snnopt.penalties import FlippedStep
from snnopt.split import StepRule


@dataclass(frozen=True)
class Rollout(RolloutAlgorithm):
    """``rollout``: every iteration is rolled out; spikes flip by the exact two-branch rule, a given share at a time.

    No surrogate gradient: a potential either stays or crosses its threshold, where that pays. sigma is set so that a
    share of ``flips`` of the spikes pays, rho to ``distance`` times the mean demand; the weight block's step is
    over-relaxed, falls linearly to zero over the run, and is controlled by actual over promised decrease of the loss; a
    loss that runs away sends the run back to its best iterate.

    Parameters
    ----------
    max_iter : iterations at most.
    flips : share of spikes flipped in an iteration, at the start.
    distance : rho over the mean absolute demand.
    step : over-relaxation of the weight step.
    ridge : proximal weight mu of the weight block, times rho and the mean square of each map's features.
    readout_step, readout_ridge : step of the read-out's majorised Newton (1: the majoriser's minimiser, for a squared error
        the exact minimiser), and its mu.
    patience : iterations without a better loss before the run is called stalled.
    dtype : ``"float32"`` or ``"float64"``.
    """

    max_iter: int = field(default=60, metadata=WHOLE)
    flips: float = field(default=0.05, metadata=SHARE)
    distance: float = 60.0
    step: float = 16.0
    ridge: float = 1e-2
    readout_step: float = field(default=0.25, metadata=SHARE)
    readout_ridge: float = 1e-2
    patience: int = field(default=15, metadata=WHOLE)

    name: ClassVar[str] = "rollout"
    step_rule: ClassVar[StepRule] = "exact"
    summary: ClassVar[str] = "full batch from a rollout, exact two-branch step, trust region on the share of flips"

    def sweep(self, net: Net) -> Sweep:
        """Roll out, solve the read-out, pass demands back, then each layer's potentials and weights, last first."""
        yield net.rollout
        yield net.readout
        yield net.demands
        for layer in reversed(net.hidden):
            yield layer.potentials
            yield layer.weights

    @property
    def schedule(self) -> FullBatch:  # noqa: D102
        return FullBatch(self.max_iter, self.patience)

    @property
    def step_coupling(self) -> FlippedStep:  # noqa: D102
        return FlippedStep(self.flips, self.distance)

    @property
    def weight_block(self) -> WeightStep:  # noqa: D102
        return WeightStep(self.ridge, 0.0, 1.0, self.step)

    @property
    def readout_block(self) -> ReadoutStep:  # noqa: D102
        return ReadoutStep(self.readout_step, self.readout_ridge, 0.0)
