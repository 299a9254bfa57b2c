"""Mini-batch sweeps from a rollout, with running Gram sums."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from snnopt.algorithms.from_rollout import RolloutAlgorithm
from snnopt.algorithms.settings import SHARE, WHOLE, MiniBatches, ReadoutStep, WeightStep
from snnopt.algorithms.words import Net, Sweep
from snnopt.penalties import DitheredStep
from snnopt.split import StepRule


@dataclass(frozen=True)
class Online(RolloutAlgorithm):
    """``online``: every mini-batch is rolled out, its demands travel back, and ridge solves turn them into weights.

    The potentials move by the dithered-step rule under a trust region of ``step * move`` thresholds (root mean square), which
    sets each layer's rho; that step falls linearly to zero over the run, the read-out's does not. The weight block uses Gram sums
    that run over batches, so a batch needs only its own cross products, and memory does not grow with the number of samples.

    Parameters
    ----------
    epochs : passes over the data, in whole batches drawn anew each time (up to one batch's rest is left out); 0.5 for half of
        large data.
    batch_size : samples a batch; None takes a twelfth of the data, at least 32 and at most 256.
    step, move : wanted change of the potentials, ``step * move`` times the threshold, RMS, at the start.
    ridge : proximal weight mu of the weight block, times rho and the mean square of each map's features.
    readout_step, readout_ridge : step of the read-out's majorised Newton, and its mu, in the same unit.
    dither : quantile of ``|v - threshold|`` that the half-width of the dithering is set to.
    memory : forgetting factor of the Gram sums, per batch.
    gram_share : share of all samples that enter the weights' Gram sums.
    rank : where a map has more than twice as many features as this, its Gram matrix enters by a Nystrom approximation of this
        rank, its diagonal kept, and a solve costs in proportion to it.
    refresh : the most batches between two renewals of the Gram sums of hidden weights and of their factors: none at first, one
        more after every four renewals. A renewal takes ``gram_share`` of the samples of each batch since the last, from its own.
    hold : the longest window of steps, of even length as far as T allows, over which the demand on a layer's current is averaged
        before it is passed back, as if its weights saw each window's mean of what feeds them; 1 for the exact adjoint. None takes
        5 where all inputs are constant in time, and 1 where they change. Layers that feed themselves or read through delays, and
        series of unequal lengths, take 1.
    dtype : ``"float32"`` or ``"float64"``.
    """

    epochs: float = 10
    batch_size: int | None = field(default=None, metadata=WHOLE)
    step: float = 6.0
    move: float = 0.1
    ridge: float = 0.7
    readout_step: float = 0.3
    readout_ridge: float = 1e-2
    dither: float = field(default=0.5, metadata=SHARE)
    memory: float = field(default=0.99, metadata=SHARE)
    gram_share: float = field(default=0.2, metadata=SHARE)
    rank: int = field(default=64, metadata=WHOLE)
    refresh: int = field(default=8, metadata=WHOLE)
    hold: int | None = field(default=None, metadata=WHOLE)

    name: ClassVar[str] = "online"
    step_rule: ClassVar[StepRule] = "dithered"
    summary: ClassVar[str] = "mini-batches from a rollout, running Gram sums, dithered step, trust region in volts"

    def sweep(self, net: Net) -> Sweep:
        """Roll out, solve the read-out, pass demands back, then each layer's potentials and weights, last first."""
        yield net.rollout
        yield net.readout
        yield net.demands
        for layer in reversed(net.hidden):
            yield layer.potentials
            yield layer.weights

    @property
    def schedule(self) -> MiniBatches:  # noqa: D102
        return MiniBatches(self.epochs, self.batch_size)

    @property
    def step_coupling(self) -> DitheredStep:  # noqa: D102
        return DitheredStep(self.dither, self.step * self.move)

    @property
    def held(self) -> int | None:  # noqa: D102
        return self.hold

    @property
    def weight_block(self) -> WeightStep:  # noqa: D102
        return WeightStep(self.ridge, self.memory, self.gram_share, 1.0, self.refresh, self.rank)

    @property
    def readout_block(self) -> ReadoutStep:  # noqa: D102
        return ReadoutStep(self.readout_step, self.readout_ridge, self.memory)
