"""Rows of the history: from one full batch, or gathered over an epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.batch import Batch
from snnopt.runtime.history import Record
from snnopt.runtime.sweeper import Sweeper

Array = NDArray[Any]


@dataclass(frozen=True)
class Aims:
    """What one sweep saw and wanted: the rollout's spikes, and the block updates' own, as booleans by hidden layer."""

    spikes: dict[str, Array]
    wanted: dict[str, Array]

    @staticmethod
    def of(batch: Batch, sweeper: Sweeper) -> Aims:
        """Of a batch that has been swept."""
        spikes, wanted = dict[str, Array](), dict[str, Array]()
        for layer, activity in batch.activity.items():
            if activity.spikes is None:
                continue
            spikes[layer] = wanted[layer] = activity.spikes > 0
            rho, moves = batch.rho.get(layer, 0.0), batch.wanted.get(layer)
            if rho and moves is not None:
                wanted[layer] = sweeper.moves[layer].spikes(batch, moves, rho)
        return Aims(spikes, wanted)

    def against(self, new: Batch) -> tuple[dict[str, float], dict[str, float]]:
        """Shares of the spikes of a later rollout that changed, and that differ from what was wanted, by layer."""
        flips, gap = {}, {}
        for layer, before in self.spikes.items():
            now = new.activity[layer].spikes
            assert now is not None
            flips[layer], gap[layer] = new.mean((now > 0) != before), new.mean((now > 0) != self.wanted[layer])
        return flips, gap


def full_batch_record(iteration: int, batch: Batch, last: Aims | None, sweeper: Sweeper) -> Record:
    """The row of one full-batch iteration: the rollout with its read-out solved."""
    flips, gap = ({}, {}) if last is None else last.against(batch)
    return _record(
        iteration, batch.solved_loss, batch.solved_accuracy, batch.firing_rates(), flips, gap, batch.rho, sweeper
    )


class EpochMeans:
    """Means over the batches of an epoch."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self.counts: list[int] = []
        self.rates: dict[str, list[float]] = {}
        self.flips: dict[str, list[float]] = {}
        self.gaps: dict[str, list[float]] = {}
        self.rho: dict[str, float] = {}

    def add(self, batch: Batch) -> None:
        """Take in one batch."""
        self.losses.append(batch.loss)
        self.accuracies.append(batch.accuracy)
        self.counts.append(batch.count)
        for layer, rate in batch.firing_rates().items():
            self.rates.setdefault(layer, []).append(rate)
        self.rho = dict(batch.rho)

    def probe(self, batch: Batch, again: Batch, sweeper: Sweeper) -> None:
        """Take in what an update changed on its own batch; once an epoch, as looking costs as much as a rollout."""
        if self.flips:
            return
        flips, gap = Aims.of(batch, sweeper).against(again)
        for layer in flips:
            self.flips.setdefault(layer, []).append(flips[layer])
            self.gaps.setdefault(layer, []).append(gap[layer])

    def record(self, epoch: int, sweeper: Sweeper) -> Record:
        """The epoch's row."""
        rates, flips, gaps = ({n: float(np.mean(v)) for n, v in d.items()} for d in (self.rates, self.flips, self.gaps))
        loss = float(np.average(self.losses, weights=self.counts))
        accuracy = float(np.average(self.accuracies, weights=self.counts))
        return _record(epoch, loss, accuracy, rates, flips, gaps, self.rho, sweeper)


def _record(
    iteration: int,
    loss: float,
    accuracy: float,
    rates: dict[str, float],
    flips: dict[str, float],
    gap: dict[str, float],
    rho: dict[str, float],
    sweeper: Sweeper,
) -> Record:
    layers = list(rates)
    nan = dict.fromkeys(layers, float("nan"))
    ridge = sweeper.control.ridge * sweeper.algorithm.weight_block.ridge
    return Record(iteration, loss, accuracy, rates, nan | flips, nan | gap, nan | rho, sweeper.control.step, ridge)
