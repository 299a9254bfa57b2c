"""Rows of the history: from one full batch, or gathered over an epoch."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from numpy.typing import NDArray

from snnopt.runtime.batch import Batch
from snnopt.runtime.history import Record
from snnopt.runtime.sums.found import Found
from snnopt.runtime.sweeper import Sweeper

Array = NDArray[Any]


LOOKED_AT = 32
"""Samples, evenly spread, that flips and gaps are counted on, at least: every spike of theirs."""


@dataclass(frozen=True)
class Aims:
    """What one sweep saw and wanted of some of its samples: spikes of the rollout, and of the block updates, as booleans by
    hidden layer.
    """

    spikes: dict[str, Array]
    wanted: dict[str, Array]

    @staticmethod
    def of(batch: Batch, sweeper: Sweeper) -> Aims:
        """Of a batch that has been swept."""
        spikes, wanted, some = dict[str, Array](), dict[str, Array](), looked_at(batch.count)
        for layer, activity in batch.activity.items():
            if activity.spikes is None:
                continue
            spikes[layer] = wanted[layer] = activity.spikes[:, some] > 0
            rho, moves = batch.rho.get(layer, 0.0), batch.wanted.get(layer)
            if rho and moves is not None:
                wanted[layer] = sweeper.moves[layer].spikes(activity, moves, rho, some)
        return Aims(spikes, wanted)

    def against(self, new: Batch) -> tuple[dict[str, float], dict[str, float]]:
        """Shares of the spikes of a later rollout that changed, and that differ from what was wanted, by layer."""
        flips, gap, some = {}, {}, looked_at(new.count)
        for layer, before in self.spikes.items():
            now = new.activity[layer].spikes
            assert now is not None
            fires = now[:, some] > 0
            flips[layer] = new.mean(fires != before, some)
            gap[layer] = new.mean(fires != self.wanted[layer], some)
        return flips, gap


def looked_at(count: int) -> slice:
    """The samples that flips and gaps are counted on, of so many."""
    return slice(None, None, max(1, count // LOOKED_AT))


def full_batch_record(iteration: int, batch: Found, last: Aims | None, sweeper: Sweeper) -> Record:
    """The row of one full-batch iteration: the rollout with its read-out solved."""
    flips, gap = ({}, {}) if last is None else last.against(batch.looked)
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

    def add(self, batch: Found) -> None:
        """Take in one batch."""
        self.losses.append(batch.loss)
        self.accuracies.append(batch.accuracy)
        self.counts.append(batch.count)
        self.rho = batch.rho

    def look(self, batch: Found) -> None:
        """Take in a batch's firing rates."""
        for layer, rate in batch.firing_rates().items():
            self.rates.setdefault(layer, []).append(rate)

    def probe(self, batch: Found, again: Found, sweeper: Sweeper) -> None:
        """Take in what an update changed on its own batch; once an epoch."""
        if self.flips:
            return
        flips, gap = Aims.of(batch.looked, sweeper).against(again.looked)
        for layer in flips:
            self.flips.setdefault(layer, []).append(flips[layer])
            self.gaps.setdefault(layer, []).append(gap[layer])

    def record(self, epoch: int, sweeper: Sweeper) -> Record:
        """The epoch's row."""
        rates, flips, gaps = ({n: fmean(v) for n, v in d.items()} for d in (self.rates, self.flips, self.gaps))
        loss, accuracy = (fmean(x, self.counts) for x in (self.losses, self.accuracies))
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
