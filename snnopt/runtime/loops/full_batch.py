"""Iterations over all samples, from a rollout each; step and ridge controlled by whether the solved loss fell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import FullBatch
from snnopt.runtime.batch import Batch
from snnopt.runtime.budgets import nudged
from snnopt.runtime.journal import blame, finite
from snnopt.runtime.loops.loop import ADVICE, Loop, Rollouts
from snnopt.runtime.records import full_batch_record
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
        self.schedule = schedule

    @property
    def weights(self) -> dict[str, Array]:  # noqa: D102
        return self.sweeper.weights

    def run(self) -> tuple[Status, str]:  # noqa: D102
        schedule, sweeper, journal = self.schedule, self.sweeper, self.journal
        whole, stale = self.rollouts.batch(slice(None)), 0
        last: Batch | None = None
        for iteration in range(schedule.max_iter):
            batch, before = whole.again(), sweeper.weights
            sweeper.fade = 1 - iteration / schedule.max_iter
            self.rollouts.sweep(batch)
            if not (np.isfinite(batch.solved_loss) and finite(sweeper.weights)):
                message = blame(sweeper.weights, f"iteration {iteration}", ADVICE)
                sweeper.weights = before
                return Status.DIVERGED, message
            improved = batch.solved_loss < journal.best_loss * (1 - 1e-4)
            record = full_batch_record(iteration, batch, last, sweeper)
            journal.add(record, batch.solved, schedule.max_iter - 1 - iteration)
            if last is not None:
                sweeper.control = sweeper.control.after_descent(batch.solved_loss < last.solved_loss)
            settled = last is not None and abs(last.solved_loss - batch.solved_loss) <= SETTLED * abs(batch.solved_loss)
            if settled and not any(batch.rho.values()):
                return Status.CONVERGED, f"no flip of a spike pays and the loss rests, at iteration {iteration}"
            stale, last = 0 if improved else stale + 1, batch
            self.rollouts.look_after(batch)
            sweeper.weights = nudged(sweeper.wiring, sweeper.weights, batch.firing_rates(), sweeper.steps)
            if batch.solved_loss > RUNAWAY * journal.best_loss:
                assert journal.best is not None
                sweeper.go_back(journal.best)
                last = None
            if stale >= schedule.patience:
                return Status.STALLED, f"the loss has not fallen for {stale} iterations; the best iterate is kept"
            if journal.out_of_time:
                return Status.TIME_LIMIT, f"the time limit of {journal.time_limit:g} s was met at iteration {iteration}"
        return Status.MAX_ITER, f"ran {schedule.max_iter} iterations"
