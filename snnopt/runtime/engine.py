"""One run of an algorithm on data: its starting weights, its loop, and what is left when it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import Algorithm, KeptAlgorithm, Net, RolloutAlgorithm
from snnopt.algorithms.settings import Federation, MiniBatches
from snnopt.backends import chosen_kernels
from snnopt.blocks import Binding
from snnopt.errors import BlockError, ExecutorError
from snnopt.program import Program
from snnopt.runtime.acceleration import Acceleration
from snnopt.runtime.budgets import keep_budgets
from snnopt.runtime.checkpoints import CheckpointWriter
from snnopt.runtime.data import Samples
from snnopt.runtime.forward import Wiring
from snnopt.runtime.history import History
from snnopt.runtime.initial import starting_weights
from snnopt.runtime.journal import Held, Journal, Watch
from snnopt.runtime.logs import log_end, log_resumed, log_start
from snnopt.runtime.loops import FederatedLoop, FullBatchLoop, KeptLoop, Loop, MiniBatchLoop
from snnopt.runtime.loops.at_hand import AtHand
from snnopt.runtime.loops.loop import Rollouts
from snnopt.runtime.shards.sharded import Sharded
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.status import Status
from snnopt.runtime.stopping import Stopping
from snnopt.runtime.sweeper import Sweeper
from snnopt.runtime.threads import blas_threads
from snnopt.runtime.work import neuron_steps

Array = NDArray[Any]


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
        samples: Samples | Sharded,
        targets: dict[str, Array],
        *,
        seed: int,
        time_limit: float | None,
        validation: Held | None,
        start: dict[str, Array] | None,
        watch: Watch,
        penalties: Mapping[str, Any] | None = None,
        writer: CheckpointWriter | None = None,
        stopping: Stopping | None = None,
        accelerate: Acceleration | None = None,
        backend: str = "auto",
    ) -> None:
        self.program, self.samples, self.seed = program, samples, seed
        dtype = np.dtype(algorithm.dtype)
        kernels = chosen_kernels(backend, neuron_steps(program, algorithm, samples))
        wiring = self.wiring = Wiring(program, dtype, kernels)
        self.journal = Journal(wiring, validation, time_limit, watch, stopping or Stopping())
        rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[1])
        if start is None and isinstance(
            algorithm.schedule if isinstance(algorithm, RolloutAlgorithm) else None, Federation
        ):
            assert isinstance(samples, Sharded)
            start = samples.start(seed)  # at a site: no sample leaves its own
        weights = start or starting_weights(wiring, samples, seed)
        net = Net.of(tuple(b.block for b in bindings), tuple(c.name for c in program.couplings), samples.steps, rng)
        self.rows = samples.count
        self.accelerator = None if accelerate is None else accelerate.accelerator()
        self.loop = self._loop(bindings, algorithm, net, targets, weights, rng, penalties)
        self.iterates = self.loop.run()
        self.writer = writer
        self.latest: Tree = None
        self.left: float | None = None
        self.end: tuple[Status, str] | None = None
        log_start(algorithm.name, program, samples.count, samples.steps, kernels.name)

    def _loop(
        self,
        bindings: tuple[Binding, ...],
        algorithm: Algorithm,
        net: Net,
        targets: dict[str, Array],
        weights: dict[str, Array],
        rng: np.random.Generator,
        penalties: Mapping[str, Any] | None,
    ) -> Loop:
        wiring, samples, journal = self.wiring, self.samples, self.journal
        functions = algorithm.penalties(self.program) if penalties is None else penalties
        if isinstance(algorithm, KeptAlgorithm):
            assert isinstance(samples, Samples)
            made = (wiring, bindings, algorithm, net, samples, targets, weights, rng, journal, functions)
            return KeptLoop(*made, self.accelerator)
        assert isinstance(algorithm, RolloutAlgorithm)
        if isinstance(algorithm.schedule, Federation):
            assert isinstance(samples, Sharded)
            return FederatedLoop(wiring, bindings, algorithm.schedule, samples, weights, journal, self.seed)
        sweeper = Sweeper(wiring, bindings, algorithm, weights, samples.steps, functions)
        source = samples if isinstance(samples, Sharded) else AtHand(samples, targets, wiring.dtype)
        rollouts = Rollouts(algorithm, sweeper, net, source, journal)
        schedule = algorithm.schedule
        if isinstance(schedule, MiniBatches):
            self.rows = schedule.size(samples.count)
            return MiniBatchLoop(rollouts, schedule, rng)
        return FullBatchLoop(rollouts, schedule)

    def run(self) -> Outcome:
        """Run to a status; an interrupt or a numerical failure still returns the iterates found so far."""
        with self.quiet():
            while self.step():
                pass
        return self.outcome()

    def step(self) -> bool:
        """Go on to the next record; False if the run is over."""
        if self.end is not None:
            return False
        journal = self.journal
        if self.left is not None:
            journal.paused(time.perf_counter() - self.left)
        try:
            next(self.iterates)
            self._keep()
        except StopIteration as done:
            self.end = done.value
        except KeyboardInterrupt:
            self.end = Status.INTERRUPTED, f"stopped by the user after {len(journal.records)} records"
        except np.linalg.LinAlgError as error:
            fix = "raise ridge or use dtype='float64'"
            self.end = Status.NUMERICAL_ERROR, f"a solve failed ({error}) after {len(journal.records)} records; {fix}"
        except ExecutorError as error:
            self.end = Status.INTERRUPTED, f"{error} (after {len(journal.records)} records, whose best is kept)"
        except BlockError as error:
            self.end = Status.NUMERICAL_ERROR, f"{error} (after {len(journal.records)} records)"
        else:
            patience = journal.stopping.patience
            if patience is None or journal.stale < patience:
                self.left = time.perf_counter()
                return True
            what = {"loss": "loss has not fallen", "accuracy": "accuracy has not risen"}
            self.end = (
                Status.STALLED,
                f"the {what.get(journal.stopping.keep, 'score on the validation data has not risen')} for {patience} records; "
                "the best iterate is kept",
            )
        self._keep_last()
        status, message = self.end
        log_end(status, message, journal.records)
        return False

    def outcome(self) -> Outcome:
        """What there is so far; of a run that is not over, as if the user had stopped it."""
        journal, loop = self.journal, self.loop
        journal.look_back()
        if not isinstance(loop, MiniBatchLoop):  # whose records are of batches on the way
            journal.compare(self.samples.count)
        status, message = self.end or (Status.INTERRUPTED, f"left by the user after {len(journal.records)} records")
        best = loop.weights if journal.best is None else journal.best
        found = best
        try:
            best, last = (keep_budgets(self.wiring, w, self.samples, journal.remark) for w in (best, loop.weights))
        except ExecutorError as error:
            journal.remark(f"firing-rate budgets could not be made certain: {error}")
            last = loop.weights
        if best is not found:
            journal.remark(
                "biases of layers over their budget were lowered at the end, so the weights returned are not those of any "
                "record: result.score(X, y) tells what they are worth; more iterations may need less of that"
            )
        return Outcome(best, last, status, message, History(tuple(journal.records)), journal.told)

    def resume(self, tree: Tree) -> None:
        """Go on from what :meth:`snapshot` gave."""
        self.loop.restore(tree["loop"])
        self.journal.restore(tree["journal"])
        log_resumed(len(self.journal.records))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Numbers may stop being finite without a warning, since that is looked for; small products run on one thread."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"), blas_threads(self._largest_product()):
            yield

    def _keep(self) -> None:
        """Offer the state to the checkpoint."""
        if self.writer is not None:
            self.latest = {"loop": self.loop.snapshot(), "journal": self.journal.snapshot()}
            self._tell(self.writer.offer(self.latest))

    def _keep_last(self) -> None:
        """Write the last whole state, whenever the checkpoint was due."""
        if self.writer is not None and self.latest is not None:
            self._tell(self.writer.write(self.latest))

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None:
            self.journal.note(trouble)

    def _largest_product(self) -> float:
        """Multiply-adds of the largest current of one sweep, or of its largest solve for weights."""
        constant = {n for n, c in self.samples.constant.items() if c}
        maps = [m for c in self.program.couplings for m in c.maps]
        sizes = [
            (1 if m.source in constant else self.samples.steps) * m.positions * m.fan_in * m.channels for m in maps
        ]
        solves = [m.fan_in**2 * m.channels for m in maps if m.weight is not None]
        return float(max(self.rows * max(sizes), *solves, 0))
