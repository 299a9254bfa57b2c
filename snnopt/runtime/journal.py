"""What every run writes down: records, the best iterate, notes, and the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.data import Samples
from snnopt.runtime.evaluate import readouts, score
from snnopt.runtime.forward import Wiring
from snnopt.runtime.history import Record
from snnopt.runtime.logs import log_note, log_record
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stopping import Stopping
from snnopt.split import spike_budgets

Array = NDArray[Any]
Watch = Callable[[Record, int], None]
"""Called with each record and the number of iterations or epochs to come; must not change anything."""
Held = tuple[Samples, dict[str, Array]]
"""Validation data and their targets."""


SLACK = 0.02
"""How far over its budget a layer may fire, relative, before an iterate is worse than any that keeps it."""


class Journal:
    """Records of one run; validation and whatever watches are not counted as training time.

    The best iterate is chosen among those that keep the firing-rate budgets, by ``stopping.keep``; ``lowest`` is that of least
    loss among them, and ``stale`` how many records there are since the best one.
    """

    def __init__(
        self, wiring: Wiring, validation: Held | None, time_limit: float | None, watch: Watch, stopping: Stopping
    ) -> None:
        self.began = time.perf_counter()
        self.wiring, self.validation, self.time_limit, self.watch = wiring, validation, time_limit, watch
        self.records: list[Record] = []
        self.notes: dict[str, int] = {}
        self.stopping, self.budgets = stopping, spike_budgets(wiring.program)
        self.best: dict[str, Array] | None = None
        self.best_at, self.stale, self.best_rank = -1, 0, (float("inf"),) * 3
        self.lowest: dict[str, Array] | None = None
        self.best_loss = self.best_excess = float("inf")
        self.shown = self.earlier = 0.0

    def add(self, record: Record, weights: dict[str, Array], left: int) -> None:
        """Take in a record and the weights that it is about; keep them if their loss is the least so far."""
        start, validation = time.perf_counter(), float("nan")
        seconds = start - self.began - self.shown
        if self.validation is not None:
            samples, targets = self.validation
            validation = score(readouts(self.wiring, weights, samples), targets)
        record = replace(record, seconds=seconds, validation=validation)
        self.records.append(record)
        excess = self._excess(record)
        if self.lowest is None or (excess, record.loss) < (self.best_excess, self.best_loss):
            self.lowest, self.best_loss, self.best_excess = weights, record.loss, excess
        rank = (excess, -self._merit(record), record.loss)
        self.stale += 1
        if self.best is None or rank < self.best_rank:
            self.best, self.best_rank, self.best_at, self.stale = weights, rank, len(self.records) - 1, 0
        log_record(record)
        self.watch(record, left)
        self.shown += time.perf_counter() - start

    def _excess(self, record: Record) -> float:
        """How far over its budget a layer fires, relative, beyond the slack."""
        return max([0.0, *(record.firing_rate[n] / b - 1 - SLACK for n, b in self.budgets.items())])

    def _merit(self, record: Record) -> float:
        """What an iterate is kept for, beside its loss; NaN counts as the worst."""
        if self.stopping.keep == "loss":
            return 0.0
        merit = record.accuracy if self.stopping.keep == "accuracy" else record.validation
        return -math.inf if math.isnan(merit) else merit

    def look_back(self) -> None:
        """Note where the loss never fell."""
        if self.best_at == 0 and len(self.records) > 1 and self.stopping.keep == "loss":
            self.remark(
                f"no later iterate has a lower loss than the first one, {self.records[0].loss:.3g}: lower the algorithm's step, "
                "raise its ridge, or check the scale of data and starting weights"
            )

    def compare(self, samples: int) -> None:
        """Note where the iterate of least loss classifies much worse than another one did, by more than chance would have it."""
        if self.stopping.keep != "loss" or self.best_at < 0:
            return
        within = [r for r in self.records if self._excess(r) <= self.best_rank[0]]
        kept, best = self.records[self.best_at], max(within, key=lambda r: (r.accuracy, -r.loss))
        if best.accuracy > kept.accuracy + MUCH + 1 / math.sqrt(samples):
            self.remark(
                f"the weights returned have the least loss (iteration {kept.iteration}, accuracy {kept.accuracy:.1%}); iteration "
                f"{best.iteration} classified {best.accuracy:.1%} right: stop=so.Stopping(keep='accuracy') returns that one"
            )

    def snapshot(self) -> Tree:
        """All of it as plain data."""
        return {
            "elapsed": time.perf_counter() - self.began,
            "shown": self.shown,
            "records": tuple(self.records),
            "notes": dict(self.notes),
            "best": [self.best, self.best_at, self.stale, self.best_rank],
            "lowest": [self.lowest, self.best_loss, self.best_excess],
        }

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot; the clock runs on from where it stood."""
        self.began, self.shown = time.perf_counter() - tree["elapsed"], tree["shown"]
        self.earlier = tree["elapsed"] - tree["shown"]
        self.records = [Record(**r) for r in tree["records"]]
        self.notes = tree["notes"]
        self.best, self.best_at, self.stale, rank = tree["best"]
        self.best_rank = (rank[0], rank[1], rank[2])
        self.lowest, self.best_loss, self.best_excess = tree["lowest"]

    def paused(self, seconds: float) -> None:
        """Do not count the last ``seconds``: somebody else had them."""
        self.shown += seconds

    def note(self, text: str) -> None:
        """Keep something that the user should know, once."""
        kind = text.partition(" (")[0]
        first = next((n for n in self.notes if n.partition(" (")[0] == kind), None)
        if first is None:
            log_note(text)
            self.notes[text] = 1
        else:
            self.notes[first] += 1

    def remark(self, text: str) -> None:
        """Keep something about what is returned, however often it is asked for."""
        self.notes.setdefault(text, 1)

    @property
    def told(self) -> tuple[str, ...]:
        """The notes, each kind once, with how often it came again."""
        return tuple(n if k == 1 else f"{n} [{k} times in all]" for n, k in self.notes.items())

    @property
    def out_of_time(self) -> bool:
        """Whether the time limit is over; it is of this call, whatever went before a checkpoint."""
        spent = time.perf_counter() - self.began - self.shown - self.earlier
        return self.time_limit is not None and spent > self.time_limit


MUCH = 0.05
"""Accuracy that the iterate of least loss may lose before the user is told."""


def finite(weights: dict[str, Array]) -> bool:
    """Whether all weights are numbers; their squares tell, unless those are too large to be."""
    flat = (w.ravel(order="K") for w in weights.values())
    return all(math.isfinite(np.dot(w, w)) or bool(np.isfinite(w).all()) for w in flat)


def blame(weights: dict[str, Array], when: str, advice: str) -> str:
    """Say when numbers stopped being finite, and in which weights."""
    bad = [n for n, w in weights.items() if not np.isfinite(w).all()]
    where = f" (weights {', '.join(map(repr, bad))})" if bad else ""
    return f"numbers are no longer finite in {when}{where}; the iterates before are kept. {advice}"
