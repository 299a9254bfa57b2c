"""The loop: batches, sweeps, control of step and ridge, stopping, best iterate, history."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import Algorithm, Net
from snnopt.algorithms.settings import FullBatch, MiniBatches
from snnopt.blocks import Binding
from snnopt.program import Program
from snnopt.runtime.batch import Batch
from snnopt.runtime.data import Samples
from snnopt.runtime.evaluate import accuracy
from snnopt.runtime.history import History, Record
from snnopt.runtime.initial import calibrate, draw
from snnopt.runtime.records import EpochMeans, full_batch_record
from snnopt.runtime.revive import revive
from snnopt.runtime.status import Status
from snnopt.runtime.sweeper import Sweeper
from snnopt.runtime.threads import blas_threads

Array = NDArray[Any]
Watch = Callable[[Record, int], None]
"""Called with each record and the number of iterations or epochs to come; must not change anything."""

PROBE_EVERY = 4
"""Mini-batches between two looks at actual against predicted decrease."""
CALIBRATION_SAMPLES = 256
SETTLED = 1e-6
"""Relative change of a full-batch loss that counts as rest."""
RUNAWAY = 2.0
"""A full-batch loss this many times the best one sends the run back to the best iterate, with a shorter step."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run leaves: best and last weights (as matrices), and how it went."""

    best: dict[str, Array]
    last: dict[str, Array]
    status: Status
    message: str
    history: History
    notes: tuple[str, ...]


class Engine:
    """One run of an algorithm on data."""

    def __init__(
        self,
        program: Program,
        bindings: tuple[Binding, ...],
        algorithm: Algorithm,
        samples: Samples,
        targets: dict[str, Array],
        *,
        seed: int,
        time_limit: float | None,
        validation: tuple[Samples, dict[str, Array]] | None,
        start: dict[str, Array] | None,
        watch: Watch,
    ) -> None:
        self.began = time.perf_counter()
        self.program, self.algorithm, self.samples, self.targets = program, algorithm, samples, targets
        self.time_limit, self.validation, self.watch = time_limit, validation, watch
        self.dtype = np.dtype(algorithm.dtype)
        draw_seed, order_seed = np.random.SeedSequence(seed).spawn(2)
        self.order = np.random.default_rng(order_seed)
        weights = start or draw(program, np.random.default_rng(draw_seed), self.dtype)
        self.sweeper = Sweeper(program, bindings, algorithm, weights, samples.steps)
        if start is None:
            stride = max(1, samples.count // CALIBRATION_SAMPLES)
            some = slice(0, None, stride)
            few = samples.take(some, self.dtype)
            self.sweeper.weights = calibrate(self.sweeper.wiring, weights, few, samples.steps, samples.lengths_of(some))
        self.net = Net.of(tuple(b.block for b in bindings), tuple(c.name for c in program.couplings))
        self.records: list[Record] = []
        self.notes: dict[str, None] = {}
        self.best, self.best_loss = self.sweeper.weights, np.inf
        self.shown = 0.0

    def run(self) -> Outcome:
        """Run to a status; an interrupt or a numerical failure still returns the iterates found so far."""
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"), blas_threads(self._largest_product()):
                schedule = self.algorithm.schedule
                status, message = self._batches(schedule) if isinstance(schedule, MiniBatches) else self._full(schedule)
        except KeyboardInterrupt:
            status, message = Status.INTERRUPTED, f"stopped by the user after {len(self.records)} records"
        except np.linalg.LinAlgError as error:
            status = Status.NUMERICAL_ERROR
            message = (
                f"a weight solve failed ({error}) after {len(self.records)} records; raise ridge or use dtype='float64'"
            )
        if not self.records:
            self.best = self.sweeper.weights
        return Outcome(
            self.best, self.sweeper.weights, status, message, History(tuple(self.records)), tuple(self.notes)
        )

    def _largest_product(self) -> float:
        """Multiply-adds of the largest current of one sweep."""
        schedule = self.algorithm.schedule
        rows = schedule.size(self.samples.count) if isinstance(schedule, MiniBatches) else self.samples.count
        constant = {n for n, c in self.samples.constant.items() if c}
        maps = [m for c in self.program.couplings for m in c.maps]
        sizes = [
            (1 if m.source in constant else self.samples.steps) * m.positions * m.fan_in * m.channels for m in maps
        ]
        return float(rows * max(sizes))

    def _batch(self, index: Array | slice) -> Batch:
        targets = {n: y[index] for n, y in self.targets.items()}
        return Batch(self.samples.take(index, self.dtype), targets, self.samples.lengths_of(index))

    def _sweep(self, batch: Batch) -> None:
        for word in self.algorithm.sweep(self.net):
            self.sweeper.run(word, batch)

    def _batches(self, schedule: MiniBatches) -> tuple[Status, str]:
        size, count = schedule.size(self.samples.count), self.samples.count
        starts = range(0, count - size + 1, size)
        total, done = schedule.epochs * len(starts), 0
        for epoch in range(1, schedule.epochs + 1):
            order, row = self.order.permutation(count), EpochMeans()
            for start in starts:
                self.sweeper.fade = 1 - done / total
                batch, before = self._batch(order[start : start + size]), self.sweeper.weights
                self._sweep(batch)
                if not (np.isfinite(batch.loss) and self._weights_finite()):
                    return self._diverged(before, f"epoch {epoch}")
                row.add(batch)
                if done % PROBE_EVERY == 0:
                    self._probe(batch, row)
                self._look_after(batch)
                done += 1
                if self._out_of_time():
                    break
            self._record(row.record(epoch, self.sweeper), self.sweeper.weights, schedule.epochs - epoch)
            if self._out_of_time():
                return Status.TIME_LIMIT, f"the time limit of {self.time_limit:g} s was met in epoch {epoch}"
        return Status.COMPLETED, f"ran the {schedule.epochs} epochs asked for"

    def _probe(self, batch: Batch, row: EpochMeans) -> None:
        """Roll the batch out again with its new weights, and let the controller compare."""
        again = batch.again()
        self.sweeper.roll_out(again)
        row.probe(batch, again, self.sweeper)
        self.sweeper.control = self.sweeper.control.after(
            batch.loss - again.loss, batch.predicted_readout + batch.predicted_weights
        )

    def _full(self, schedule: FullBatch) -> tuple[Status, str]:
        whole, stale = self._batch(slice(None)), 0
        last: Batch | None = None
        for iteration in range(schedule.max_iter):
            batch, before = whole.again(), self.sweeper.weights
            self.sweeper.fade = 1 - iteration / schedule.max_iter
            self._sweep(batch)
            if not (np.isfinite(batch.solved_loss) and self._weights_finite()):
                return self._diverged(before, f"iteration {iteration}")
            improved = batch.solved_loss < self.best_loss * (1 - 1e-4)
            self._record(
                full_batch_record(iteration, batch, last, self.sweeper), batch.solved, schedule.max_iter - 1 - iteration
            )
            if last is not None:
                self.sweeper.control = self.sweeper.control.after_descent(batch.solved_loss < last.solved_loss)
            settled = last is not None and abs(last.solved_loss - batch.solved_loss) <= SETTLED * abs(batch.solved_loss)
            if settled and not any(batch.rho.values()):
                return Status.CONVERGED, f"no flip of a spike pays and the loss rests, at iteration {iteration}"
            stale, last = 0 if improved else stale + 1, batch
            self._look_after(batch)
            if batch.solved_loss > RUNAWAY * self.best_loss:
                self.sweeper.weights, self.sweeper.control, last = self.best, self.sweeper.control.back(), None
                for moves in self.sweeper.moves.values():
                    moves.forget()
            if stale >= schedule.patience:
                return Status.STALLED, f"the loss has not fallen for {stale} iterations; the best iterate is kept"
            if self._out_of_time():
                return Status.TIME_LIMIT, f"the time limit of {self.time_limit:g} s was met at iteration {iteration}"
        return Status.MAX_ITER, f"ran {schedule.max_iter} iterations"

    def _record(self, record: Record, weights: dict[str, Array], left: int) -> None:
        start, validation = time.perf_counter(), float("nan")
        seconds = start - self.began - self.shown
        if self.validation is not None:
            validation = accuracy(self.sweeper.wiring, self.program, weights, *self.validation)
        record = replace(record, seconds=seconds, validation=validation)
        self.records.append(record)
        if record.loss < self.best_loss:
            self.best, self.best_loss = weights, record.loss
        self.watch(record, left)
        self.shown += time.perf_counter() - start

    def _look_after(self, batch: Batch) -> None:
        """Name silent and saturated layers, and wake the silent ones."""
        for layer, rate in batch.firing_rates().items():
            if 0 < rate < 1:
                continue
            what = "is silent" if rate == 0 else "fires at every step"
            self.notes[
                f"layer {layer!r} {what} on a whole batch ({len(self.records)} records in); its bias is moved. If this "
                "repeats, check the scale of its input, its threshold, or lower the algorithm's step"
            ] = None
            self.sweeper.weights = revive(self.program.by_name[layer], self.sweeper.weights, up=rate == 0)

    def _out_of_time(self) -> bool:
        return self.time_limit is not None and time.perf_counter() - self.began > self.time_limit

    def _weights_finite(self) -> bool:
        return all(bool(np.isfinite(w).all()) for w in self.sweeper.weights.values())

    def _diverged(self, before: dict[str, Array], when: str) -> tuple[Status, str]:
        bad = [n for n, w in self.sweeper.weights.items() if not np.isfinite(w).all()]
        where = f" (weights {', '.join(map(repr, bad))})" if bad else ""
        self.sweeper.weights = before
        return Status.DIVERGED, (
            f"numbers are no longer finite in {when}{where}; the iterates before are kept. Lower the algorithm's step or "
            "raise its ridge, and check the scale of the data"
        )
