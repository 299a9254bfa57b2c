"""Rows of the history: from one full batch, or gathered over an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.batch import Batch
from snnopt.runtime.history import Record
from snnopt.runtime.sweeper import Sweeper

Array = NDArray[Any]


def full_batch_record(iteration: int, batch: Batch, last: Batch | None, sweeper: Sweeper) -> Record:
    """The row of one full-batch iteration: the rollout with its read-out solved."""
    flips, gap = _compare(last, batch, sweeper) if last is not None else ({}, {})
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
        """Take in what an update changed on its own batch."""
        flips, gap = _compare(batch, again, sweeper)
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


def _compare(old: Batch, new: Batch, sweeper: Sweeper) -> tuple[dict[str, float], dict[str, float]]:
    """Per hidden layer: share of spikes that changed, and share that differ from what the block updates wanted."""
    flips, gap = {}, {}
    for layer, activity in new.activity.items():
        before = old.activity[layer]
        if activity.spikes is None or before.spikes is None:
            continue
        flips[layer] = new.mean(activity.spikes != before.spikes)
        rho, wanted = old.rho.get(layer, 0.0), old.wanted.get(layer)
        aim = before.spikes > 0
        if rho and wanted is not None:
            aim = sweeper.moves[layer].spikes(old, wanted, rho)
        gap[layer] = new.mean((activity.spikes > 0) != aim)
    return flips, gap
