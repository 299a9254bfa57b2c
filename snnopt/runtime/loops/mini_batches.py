"""Passes over shuffled mini-batches; step and ridge controlled by actual over predicted decrease."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import MiniBatches
from snnopt.runtime.journal import blame, finite
from snnopt.runtime.loops.loop import ADVICE, Loop, Rollouts
from snnopt.runtime.records import EpochMeans
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.status import Status
from snnopt.runtime.sums.found import Found

Array = NDArray[Any]

LOOK_EVERY, PROBE_EVERY = 4, 8
"""Mini-batches between two looks at firing rates, and at actual against predicted decrease."""
FIRST_PROBE = 3
"""Mini-batches before the first of the latter, where a run has as many."""


class MiniBatchLoop(Loop):
    """``epochs`` passes in whole batches; the potentials' step falls linearly to zero over the run."""

    def __init__(self, rollouts: Rollouts, schedule: MiniBatches, rng: np.random.Generator) -> None:
        self.rollouts, self.sweeper, self.journal = rollouts, rollouts.sweeper, rollouts.journal
        self.schedule, self.rng, self.epoch, self.done = schedule, rng, 0, 0
        self.sweeper.judges_solved = False

    @property
    def weights(self) -> dict[str, Array]:  # noqa: D102
        return self.sweeper.weights

    def run(self) -> Generator[None, None, tuple[Status, str]]:  # noqa: D102
        schedule, source, sweeper = self.schedule, self.rollouts.source, self.sweeper
        size, last = schedule.size(source.count), math.ceil(schedule.epochs)
        first = min(FIRST_PROBE, max(0, math.ceil(schedule.epochs * (source.count // size)) - 1))
        for epoch in range(self.epoch + 1, last + 1):
            row = EpochMeans()
            for share, index in source.epoch(self.rng, size):
                passes = epoch - 1 + share
                if passes >= schedule.epochs:
                    break
                sweeper.fade = 1 - passes / schedule.epochs
                batch, before = source.batch(index), sweeper.weights
                self.rollouts.sweep(batch)
                if not (np.isfinite(batch.loss) and finite(sweeper.weights)):
                    message = blame(sweeper.weights, f"epoch {epoch}", ADVICE)
                    sweeper.weights = before
                    return Status.DIVERGED, message
                row.add(batch)
                if self.done % PROBE_EVERY == first:
                    self._probe(batch, row)
                if self.done % LOOK_EVERY == 0 or share == 0:
                    row.look(batch)
                    self.rollouts.look_after(batch)
                self.done += 1
                if self.journal.out_of_time:
                    break
            self.journal.add(row.record(epoch, sweeper), sweeper.weights, last - epoch)
            if self.journal.out_of_time:  # a part of an epoch is no place to go on from
                limit = f"the time limit of {self.journal.time_limit:g} s"
                return Status.TIME_LIMIT, f"{limit} was met in epoch {epoch}"
            self.epoch = epoch
            yield
        return Status.COMPLETED, f"ran the {schedule.epochs:g} epochs asked for"

    def snapshot(self) -> Tree:  # noqa: D102
        state = self.rng.bit_generator.state
        return {"epoch": self.epoch, "done": self.done, "sweeper": self.sweeper.snapshot(), "rng": state}

    def restore(self, tree: Tree) -> None:  # noqa: D102
        self.epoch, self.done, self.rng.bit_generator.state = tree["epoch"], tree["done"], tree["rng"]
        self.sweeper.restore(tree["sweeper"])

    def _probe(self, batch: Found, row: EpochMeans) -> None:
        """Roll the batch out again with its new weights, and let the controller compare."""
        again = self.rollouts.source.again(batch)
        self.sweeper.roll_out(again, last=True)
        row.probe(batch, again, self.sweeper)
        self.sweeper.control = self.sweeper.control.after(batch.loss - again.loss, batch.promised)
