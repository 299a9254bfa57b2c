"""Iterations over all samples, from a rollout each; step and ridge controlled by whether the solved loss fell."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import FullBatch
from snnopt.runtime.budgets import nudged
from snnopt.runtime.journal import blame, finite
from snnopt.runtime.loops.loop import ADVICE, Loop, Rollouts
from snnopt.runtime.records import Aims, full_batch_record
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.status import Status

Array = NDArray[Any]

SETTLED = 1e-6
"""Relative change of a full-batch loss that counts as rest."""
RUNAWAY = 2.0
"""A full-batch loss this many times the best one sends the run back to the best iterate, with a shorter step."""


class FullBatchLoop(Loop):
    """At most ``max_iter`` iterations; the step falls linearly to zero, and the best iterate is returned to when lost."""

    def __init__(self, rollouts: Rollouts, schedule: FullBatch) -> None:
        self.rollouts, self.sweeper, self.journal = rollouts, rollouts.sweeper, rollouts.journal
        self.schedule, self.done, self.stale = schedule, 0, 0
        self.last: tuple[Aims, float] | None = None

    @property
    def weights(self) -> dict[str, Array]:  # noqa: D102
        return self.sweeper.weights

    def run(self) -> Generator[None, None, tuple[Status, str]]:  # noqa: D102
        schedule, sweeper, journal = self.schedule, self.sweeper, self.journal
        whole = self.rollouts.source.batch(slice(None))
        if over := self._over():
            return over
        for iteration in range(self.done, schedule.max_iter):
            batch, before = self.rollouts.source.again(whole), sweeper.weights
            sweeper.fade = 1 - iteration / schedule.max_iter
            self.rollouts.sweep(batch)
            if not (np.isfinite(batch.solved_loss) and finite(sweeper.weights)):
                message = blame(sweeper.weights, f"iteration {iteration}", ADVICE)
                sweeper.weights = before
                return Status.DIVERGED, message
            improved = batch.solved_loss < journal.best_loss * (1 - 1e-4)
            aims, loss_before = (None, None) if self.last is None else self.last
            journal.add(
                full_batch_record(iteration, batch, aims, sweeper), batch.solved, schedule.max_iter - 1 - iteration
            )
            loss = batch.solved_loss
            if loss_before is not None:
                sweeper.control = sweeper.control.after_descent(loss < loss_before)
            settled = loss_before is not None and abs(loss_before - loss) <= SETTLED * abs(loss)
            if settled and not any(batch.rho.values()):
                return Status.CONVERGED, f"no flip of a spike pays and the loss rests, at iteration {iteration}"
            self.stale = 0 if improved else self.stale + 1
            self.last, self.done = (Aims.of(batch.looked, sweeper), loss), iteration + 1
            self.rollouts.look_after(batch)
            sweeper.weights = nudged(sweeper.wiring, sweeper.weights, batch.firing_rates(), sweeper.steps)
            if loss > RUNAWAY * journal.best_loss:
                assert journal.lowest is not None
                sweeper.go_back(journal.lowest)
                self.last = None
            yield
            if over := self._over():
                return over
        return Status.MAX_ITER, f"ran {schedule.max_iter} iterations"

    def _over(self) -> tuple[Status, str] | None:
        """Why to stop after the iterations done, if at all."""
        if self.stale >= self.schedule.patience:
            return Status.STALLED, f"the loss has not fallen for {self.stale} iterations; the best iterate is kept"
        if self.journal.out_of_time:
            limit = self.journal.time_limit
            return Status.TIME_LIMIT, f"the time limit of {limit:g} s was met at iteration {self.done - 1}"
        return None

    def snapshot(self) -> Tree:  # noqa: D102
        last = None if self.last is None else [self.last[0].spikes, self.last[0].wanted, self.last[1]]
        return {"done": self.done, "stale": self.stale, "last": last, "sweeper": self.sweeper.snapshot()}

    def restore(self, tree: Tree) -> None:  # noqa: D102
        self.done, self.stale, last = tree["done"], tree["stale"], tree["last"]
        self.last = None if last is None else (Aims(last[0], last[1]), last[2])
        self.sweeper.restore(tree["sweeper"])
