"""Shards worked on by the workers of a Dask cluster: weights go out, sums come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from itertools import count
from operator import add
from typing import Any
from uuid import uuid4

from snnopt.errors import ExecutorError, ModelError, SnnoptError, missing_package, shown
from snnopt.runtime.executors.base import Array, Crew, Executor, Script, Setup, Traffic
from snnopt.runtime.executors.local import positive, whole_samples
from snnopt.runtime.executors.worker import Worker
from snnopt.runtime.shards.parts import Elsewhere, InMemory, Part, read_given
from snnopt.runtime.sums.found import Stage
from snnopt.runtime.sums.sums import Sums

PER_WORKER = 2
"""Shards a worker, where arrays are cut and nobody says otherwise."""
FAN_IN = 4
"""Sums that are added in one task of the tree."""
LOOK = 1.0
"""Seconds between two looks at whether the scheduler is there."""
GONE = 5.0
"""Seconds after which a scheduler that is not there is taken for dead."""


class DaskExecutor(Executor):
    """Works on shards where the workers of a Dask cluster are; needs the extra ``dask``.

    In a round, weights or penalties go to every worker, and sums come back, added in a tree; shards stay where they are. Whatever
    a worker keeps between rounds only saves it time, so a lost worker costs the recomputation of its shards. Workers run
    one shard at a time each; start several processes on a machine of many cores.

    Parameters
    ----------
    client : a ``distributed.Client``.
    timeout : seconds that a round may take, before the run ends with INTERRUPTED.
    samples : samples a shard, where arrays at hand have to be cut; None for two shards a worker.
    memory : bytes on each worker for shards and for what was found for them in earlier rounds of an iteration.
    """

    def __init__(
        self, client: Any, *, timeout: float = 300.0, samples: int | None = None, memory: float = 2**30
    ) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise missing_package("DaskExecutor", "dask.distributed", "dask") from None
        if not isinstance(client, Client):
            fix = "give a distributed.Client, e.g. of LocalCluster(n_workers=2, threads_per_worker=1)"
            raise ModelError("DaskExecutor", f"{shown(client)} is no client", fix)
        if client.asynchronous:
            raise ModelError("DaskExecutor", "the client is asynchronous", "make it without asynchronous=True")
        self.client, self.samples = client, whole_samples("DaskExecutor", samples)
        self.timeout = positive("DaskExecutor", "timeout", timeout, "seconds")
        self.memory = positive("DaskExecutor", "memory", memory, "bytes")
        self.traffic = Traffic()

    def size(self, count: int) -> int:  # noqa: D102
        return self.samples or max(1, -(-count // (PER_WORKER * max(1, len(living(self.client))))))

    def open(self, setup: Setup, parts: tuple[Part, ...]) -> Crew:  # noqa: D102
        self.traffic = Traffic()
        return DaskCrew(self, setup, parts)


class DaskCrew(Crew):
    """Shards as futures, each with a worker that it is at home on, as long as that lives."""

    def __init__(self, executor: DaskExecutor, setup: Setup, parts: tuple[Part, ...]) -> None:
        self.client, self.timeout, self.memory = executor.client, executor.timeout, executor.memory
        self.run, self.numbers = uuid4().hex, count()
        self.traffic = executor.traffic
        self.key, self.lost = -1, set[int]()
        with self._answers("shards could not be checked"):
            self.workers = self._alive()
            size = len(parts) / len(self.workers)
            self.homes = [int(k / size) for k in range(len(parts))]
            self.setup = self._submit(_same, "setup", (setup, self.memory))
            self.parts = [self._part(part) for part in parts]
        self.summaries = tuple(self.each("summary", dict.fromkeys(range(len(parts)), ())))

    def ask(self, script: Script) -> Sums:  # noqa: D102
        with self._answers(f"no sums came back in round {len(script.rounds)} of an iteration"):
            if script.key != self.key:
                self.key, self.lost = script.key, set[int]()
                self._move_in()
            while True:
                total = _added(self._wait(lambda: self._tree(script)))
                if isinstance(total, Sums):
                    return total
                assert not total <= self.lost, "a script that is told whole is always answered"
                self.lost |= total
                self.traffic.again += 1

    def _tree(self, script: Script) -> list[Any]:
        """Sums of at most ``FAN_IN`` parts of the workers."""
        futures = [self._at_home(home, script) for home in sorted({self.homes[k] for k in script.shards})]
        while len(futures) > FAN_IN:
            groups = [futures[n : n + FAN_IN] for n in range(0, len(futures), FAN_IN)]
            futures = [self._submit(_added, "added", group) for group in groups]
        return futures

    def _at_home(self, home: int, script: Script) -> Any:
        """Ask a worker for the sums of its shards, telling it the last round, or all if it has not run those before."""
        first = 0 if home in self.lost else len(script.rounds) - 1
        jobs = [
            (k, self.parts[k], None if script.picks is None else script.picks[k])
            for k in script.shards
            if self.homes[k] == home
        ]
        given = (script.key, (script.steps, script.backend), first, script.rounds[first:])
        return self._submit(_run, "sums", self.run, self.setup, home, jobs, *given, home=home)

    def each(self, method: str, given: Mapping[int, tuple[Any, ...]]) -> list[Any]:  # noqa: D102
        what = {"summary": "shards could not be checked", "rows": "samples could not be fetched"}
        with self._answers(what.get(method, "sites did not answer")):
            return self._wait(
                lambda: [
                    self._submit(
                        _call, method, self.run, self.setup, method, k, self.parts[k], *own, home=self.homes[k]
                    )
                    for k, own in given.items()
                ]
            )

    def close(self) -> None:  # noqa: D102
        self.parts, self.setup = [], None
        if self.client.status != "running":
            return
        with suppress(Exception):  # what is left on a worker is let go when the next runs begin
            self.client.run(_forget, self.run, on_error="ignore")

    def _part(self, part: Part) -> Any:
        import distributed

        if isinstance(part, Elsewhere):
            value = part.value
            found = value if isinstance(value, distributed.Future) else self.client.compute(value)
            return self._submit(_read, "part", found, part.where)
        return self._submit(_same, "part", part)

    def _submit(self, function: Callable[..., Any], name: str, *given: Any, home: int | None = None) -> Any:
        """Start a task; on the worker of a home if one is named, as long as that can be."""
        import dask

        where = None if home is None else [self.workers[home]]
        key = f"snnopt-{name}-{self.run}-{next(self.numbers)}"
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            return self.client.submit(
                function, *given, key=key, workers=where, allow_other_workers=where is not None, pure=False
            )

    def _alive(self) -> list[str]:
        """Addresses of the workers, once there is one."""
        end = time.monotonic() + self.timeout
        while not (found := living(self.client)):
            if time.monotonic() > end:
                raise ExecutorError(f"the cluster has had no worker for {self.timeout:g} s")
            time.sleep(0.1)
        return found

    def _move_in(self) -> bool:
        """Give homes on dead workers to living ones; whether there were any."""
        before, alive = self.workers, living(self.client)
        spare = [w for w in alive if w not in self.workers]
        if alive:
            self.workers = [w if w in alive else (spare.pop() if spare else alive[0]) for w in self.workers]
        return self.workers != before

    def _wait(self, start: Callable[[], list[Any]]) -> list[Any]:
        """Results of the tasks that ``start`` starts, or why there are none.

        Never longer than the time limit, and shorter where the scheduler is gone. Tasks are started again where a worker died
        that they were to run on: a scheduler that had no worker left for a moment may never run them.
        """
        end, gone = time.monotonic() + self.timeout, None
        futures, found = start(), list[Any]()
        while len(found) < len(futures):
            future, left = futures[len(found)], end - time.monotonic()
            try:
                found.append(future.result(timeout=max(0.0, min(LOOK, left))))
            except TimeoutError:
                if future.status == "error":  # of the task itself
                    raise
                if future.done():  # between the two calls
                    continue
                running = self.client.status == "running"
                gone = None if running else gone or time.monotonic()
                if gone is not None and time.monotonic() - gone > GONE:
                    raise ExecutorError("the scheduler is gone") from None
                if left <= 0:
                    raise ExecutorError(f"no answer in {self.timeout:g} s") from None
                if running and self._move_in():
                    futures, found = start(), []
        return found

    @contextmanager
    def _answers(self, what: str) -> Iterator[None]:
        """Say plainly what a cluster's silence or failure means."""
        import distributed

        try:
            yield
        except ExecutorError as error:
            raise ExecutorError(f"{what}: {error}") from None
        except SnnoptError:
            raise
        except distributed.scheduler.KilledWorker as error:
            cause = f"workers died again and again on the same task ({error.task})"
            raise ExecutorError(f"{what}: {cause}; give smaller shards, or workers with more memory") from None
        except (OSError, TimeoutError, distributed.CancelledError, distributed.comm.CommClosedError) as error:
            cause = f"{type(error).__name__}: {error}".rstrip(": ")
            raise ExecutorError(f"{what}: the cluster failed ({cause})") from None
        except (RuntimeError, MemoryError) as error:
            raise ExecutorError(f"{what}: {type(error).__name__}: {error}") from None


def living(client: Any) -> list[str]:
    """Addresses of the workers that the client knows of."""
    return sorted(client.scheduler_info(n_workers=-1).get("workers", ()))


_WORKERS: dict[str, Worker] = {}
"""What this process keeps for a run, by its name."""
_LOCK = threading.Lock()
RUNS = 2
"""Runs that a process keeps anything for."""


def _worker(run: str, setup: tuple[Setup, float]) -> Worker:
    with _LOCK:
        if run not in _WORKERS:
            for old in list(_WORKERS)[: max(0, len(_WORKERS) - RUNS + 1)]:
                del _WORKERS[old]
            _WORKERS[run] = Worker(*setup)
        return _WORKERS[run]


def _forget(run: str) -> None:
    _WORKERS.pop(run, None)


def _same(x: Any) -> Any:
    return x


def _read(given: Any, where: str) -> Part:
    return InMemory(read_given(given, where), where)


def _call(run: str, setup: tuple[Setup, float], method: str, k: int, part: Part, *given: Any) -> Any:
    return getattr(_worker(run, setup), method)(k, part, *given)


def _run(
    run: str,
    setup: tuple[Setup, float],
    home: int,
    jobs: Sequence[tuple[int, Part, Array | None]],
    key: int,
    made: tuple[int, str],
    first: int,
    rounds: Sequence[Sequence[Stage]],
) -> Sums | frozenset[int]:
    """The sums over a home's shards; its number where the rounds before ``first`` were not run on all of them."""
    worker, total = _worker(run, setup), None
    for k, part, picks in jobs:
        sums = worker.run(k, part, key, made, picks, first, rounds)
        if sums is None:
            return frozenset([home])
        total = sums if total is None else total + sums
    assert total is not None
    return total


def _added(found: Sequence[Sums | frozenset[int]]) -> Sums | frozenset[int]:
    """The sum; or the homes that have to be told all, if there are any."""
    lost = [x for x in found if isinstance(x, frozenset)]
    if lost:
        return frozenset().union(*lost)
    return reduce(add, found)
