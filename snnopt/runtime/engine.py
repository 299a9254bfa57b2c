"""One run of an algorithm on data: its starting weights, its loop, and what is left when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import Algorithm, KeptAlgorithm, Net, RolloutAlgorithm
from snnopt.algorithms.settings import MiniBatches
from snnopt.blocks import Binding
from snnopt.errors import BlockError
from snnopt.program import Program
from snnopt.runtime.budgets import keep_budgets
from snnopt.runtime.data import Samples
from snnopt.runtime.forward import Wiring
from snnopt.runtime.history import History
from snnopt.runtime.initial import calibrate, draw
from snnopt.runtime.journal import Held, Journal, Watch
from snnopt.runtime.loops import FullBatchLoop, KeptLoop, Loop, MiniBatchLoop
from snnopt.runtime.loops.loop import Rollouts
from snnopt.runtime.status import Status
from snnopt.runtime.sweeper import Sweeper
from snnopt.runtime.threads import blas_threads

Array = NDArray[Any]

CALIBRATION_SAMPLES = 256


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
        validation: Held | None,
        start: dict[str, Array] | None,
        watch: Watch,
        penalties: Mapping[str, Any] | None = None,
    ) -> None:
        self.program, self.samples = program, samples
        dtype = np.dtype(algorithm.dtype)
        wiring = self.wiring = Wiring(program, dtype)
        self.journal = Journal(wiring, validation, time_limit, watch)
        rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[1])
        weights = start or starting_weights(wiring, samples, seed)
        net = Net.of(tuple(b.block for b in bindings), tuple(c.name for c in program.couplings), samples.steps, rng)
        self.rows = samples.count
        if isinstance(algorithm, KeptAlgorithm):
            functions = algorithm.penalties(program) if penalties is None else penalties
            made = (wiring, bindings, algorithm, net, samples, targets, weights, rng, self.journal, functions)
            self.loop: Loop = KeptLoop(*made)
            return
        assert isinstance(algorithm, RolloutAlgorithm)
        sweeper = Sweeper(wiring, bindings, algorithm, weights, samples.steps, penalties)
        rollouts = Rollouts(algorithm, sweeper, net, samples, targets, self.journal)
        schedule = algorithm.schedule
        if isinstance(schedule, MiniBatches):
            self.rows = schedule.size(samples.count)
            self.loop = MiniBatchLoop(rollouts, schedule, rng)
        else:
            self.loop = FullBatchLoop(rollouts, schedule)

    def run(self) -> Outcome:
        """Run to a status; an interrupt or a numerical failure still returns the iterates found so far."""
        journal = self.journal
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"), blas_threads(self._largest_product()):
                status, message = self.loop.run()
        except KeyboardInterrupt:
            status, message = Status.INTERRUPTED, f"stopped by the user after {len(journal.records)} records"
        except np.linalg.LinAlgError as error:
            status = Status.NUMERICAL_ERROR
            message = (
                f"a solve failed ({error}) after {len(journal.records)} records; raise ridge or use dtype='float64'"
            )
        except BlockError as error:
            status, message = Status.NUMERICAL_ERROR, f"{error} (after {len(journal.records)} records)"
        best = self.loop.weights if journal.best is None else journal.best
        best, last = (keep_budgets(self.wiring, w, self.samples, journal.note) for w in (best, self.loop.weights))
        return Outcome(best, last, status, message, History(tuple(journal.records)), tuple(journal.notes))

    def _largest_product(self) -> float:
        """Multiply-adds of the largest current of one sweep."""
        constant = {n for n, c in self.samples.constant.items() if c}
        maps = [m for c in self.program.couplings for m in c.maps]
        sizes = [
            (1 if m.source in constant else self.samples.steps) * m.positions * m.fan_in * m.channels for m in maps
        ]
        return float(self.rows * max(sizes))


def starting_weights(wiring: Wiring, samples: Samples, seed: int) -> dict[str, Array]:
    """The weights that a run with ``seed`` starts from, as matrices: random, such that every layer fires on the samples."""
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])
    some = slice(0, None, max(1, samples.count // CALIBRATION_SAMPLES))
    few, start = samples.take(some, wiring.dtype), draw(wiring.program, rng, wiring.dtype)
    return calibrate(wiring, start, few, samples.steps, samples.lengths_of(some))
