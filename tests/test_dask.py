"""Workers in processes of their own: the same weights as from one, whoever dies, and a status whatever fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster

import snnopt as so
from snnopt.errors import ExecutorError
from snnopt.runtime.executors.dask import DaskCrew
from tests.shards import Deadly, T, apart, problem, rollout, samples

X, Y = samples()
CLOSE = 1e-10
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of processes that are killed here on purpose


@contextmanager
def processes(workers: int) -> Iterator[LocalCluster]:
    made = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    found = LocalCluster(processes=True, n_workers=workers, **made)
    yield found
    with suppress(KeyError):  # its own books, of workers that were killed or shut down here
        found.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with processes(3) as found:
        yield found


@pytest.fixture
def victims() -> Iterator[Client]:
    """Workers for a test that kills them: not every one of them is started anew."""
    with processes(2) as found, Client(found) as client:
        yield client


@pytest.fixture(scope="module")
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster) as found:
        yield found


def test_three_two_and_one_worker(cluster: LocalCluster, client: Client) -> None:
    """Twenty iterations; shards of all sizes, none among them. One argument is changed. Leaves two workers, for the others."""
    plan = so.compile(problem((9,)), so.Rollout(max_iter=20, dtype="float64"))
    expected = plan.solve(X, Y, timesteps=T)
    cuts = [X[:1], X[1:1], X[1:60], X[60:]]
    parts = list(zip(cuts, np.split(Y, [1, 1, 60]), strict=True))
    for workers in (3, 1, 2):
        cluster.scale(workers)
        client.wait_for_workers(workers)
        while len(client.scheduler_info(n_workers=-1)["workers"]) != workers:
            time.sleep(0.02)
        executor = so.DaskExecutor(client, timeout=60)
        given = (so.Shards(parts),) if workers == 3 else (X, Y)
        assert apart(expected, plan.solve(*given, timesteps=T, executor=executor)) < CLOSE
        assert executor.traffic.rounds == 20 * 4


def test_bytes_are_those_of_a_run_on_one_machine(client: Client) -> None:
    here, there = so.LocalExecutor(samples=30), so.DaskExecutor(client, timeout=60)
    for executor in (here, there):
        rollout(3).solve(X, Y, timesteps=T, executor=executor)
    assert here.traffic == there.traffic and there.traffic.again == 0


def kinds(folder: Path) -> dict[str, Any]:
    np.save(folder / "x.npy", X)
    np.save(folder / "y.npy", Y)
    halves = [slice(0, 50), slice(50, None)]
    load = dask.delayed(lambda some: (X[some], Y[some]))
    return {
        "Dask arrays": so.Shards.cut(da.from_array(X, chunks=(31, 4)), da.from_array(Y, chunks=45)),
        "delayed": so.Shards([load(some) for some in halves]),
        "files": so.Shards([(folder / "x.npy", folder / "y.npy")]),
        "functions": so.Shards([(lambda some=some: (X[some], Y[some])) for some in halves]),
    }


def test_kinds_of_shards(client: Client, tmp_path: Path) -> None:
    plan, executor = rollout(4), so.DaskExecutor(client, timeout=60)
    expected = plan.solve(X, Y, timesteps=T)
    for name, shards in kinds(tmp_path).items():
        assert apart(expected, plan.solve(shards, timesteps=T, executor=executor)) < CLOSE, name
    future = client.submit(lambda: (X, Y))
    assert apart(expected, plan.solve(so.Shards([future]), timesteps=T, executor=executor)) < CLOSE
    as_arrays = plan.solve(
        da.from_array(X, chunks=(30, 6)), da.from_array(Y, chunks=30), timesteps=T, executor=executor
    )
    assert apart(expected, as_arrays) < CLOSE
    with pytest.raises(so.DataError, match="give executor="):
        plan.solve(so.Shards([future]), timesteps=T)


def test_workers_that_die_cost_nothing_but_time(victims: Client, tmp_path: Path) -> None:
    """Five times, in the middle of reading a shard in a random round."""
    fatal = np.random.default_rng(0).choice(np.arange(12, 90), 5, replace=False)
    log = tmp_path / "log"
    made = [Deadly(str(log), frozenset(map(int, fatal)), (X[k::9], Y[k::9])) for k in range(9)]
    plan, executor = rollout(4), so.DaskExecutor(victims, timeout=60, memory=1)  # so all are read in every round
    start = plan.solve(X, Y, timesteps=T, time_limit=1e-9).weights
    expected = plan.solve(X, Y, timesteps=T, weights=start)
    found = plan.solve(so.Shards(made), timesteps=T, weights=start, executor=executor)
    assert found.status is expected.status, found.message
    assert apart(expected, found) < CLOSE
    assert log.stat().st_size > max(fatal), "all five died"


def test_online_in_data_parallel_form(client: Client) -> None:
    """Batches of a share of one shard of each worker; the sums of a batch are added."""
    executor = so.DaskExecutor(client, timeout=60)
    plan = so.compile(problem(), so.Online(epochs=2, batch_size=45, dtype="float64"))
    found = plan.solve(X, Y, timesteps=T, executor=executor)
    assert found.status is so.Status.COMPLETED and len(found.history) == 2
    assert found.score(X, Y) > 0.5
    once = so.compile(problem(), so.Online(epochs=1, batch_size=90, gram_share=1.0, dtype="float64"))
    halves = so.Shards([(X[:45], Y[:45]), (X[45:], Y[45:])])
    expected = once.solve(X, Y, timesteps=T)
    assert apart(expected, once.solve(halves, timesteps=T, executor=executor)) < CLOSE, "one batch of all samples"


class Fails:
    """A shard that can be read a number of times, and then does what it is told; it waits until there is a file to end it."""

    def __init__(self, folder: Path, reads: int, how: str) -> None:
        self.folder, self.reads, self.how = folder, reads, how

    def __call__(self) -> Any:
        log = self.folder / "log"
        with log.open("ab") as file:
            file.write(b".")
        if log.stat().st_size > self.reads:
            if self.how == "memory":
                raise MemoryError("not enough")
            while not (self.folder / "end").exists():
                time.sleep(0.05)
        return X, Y


@pytest.mark.parametrize(("how", "words"), [("memory", "MemoryError: not enough"), ("hangs", "no answer in 4 s")])
def test_what_fails_on_a_worker_ends_in_a_status(client: Client, how: str, words: str, tmp_path: Path) -> None:
    """In the middle of a run; the weights found until then are returned."""
    rollout(1).solve(so.Shards([lambda: (X, Y)] * 4), timesteps=T, executor=so.DaskExecutor(client, timeout=60))
    executor = so.DaskExecutor(client, timeout=4 if how == "hangs" else 60, memory=1)
    shards = so.Shards([Fails(tmp_path, 15, how), *[lambda: (X, Y)] * 3])  # two a worker, so that none stays in memory
    found = rollout().solve(shards, timesteps=T, executor=executor)
    (tmp_path / "end").touch()
    assert found.status is so.Status.INTERRUPTED and words in found.message
    assert 0 < len(found.history) < 20 and found.score(X, Y) > 0.2
    if how == "memory":
        with pytest.raises(ExecutorError, match=r"could not be checked.*not enough"):
            rollout().solve(shards, timesteps=T, executor=executor)


def test_sites_on_workers(client: Client) -> None:
    sites = so.Shards([(X[Y < 1], Y[Y < 1]), (X[Y >= 1], Y[Y >= 1])])
    plan = so.compile(problem(), so.Federated(rounds=3, dtype="float64"))
    found = plan.solve(sites, timesteps=T, executor=so.DaskExecutor(client, timeout=60))
    assert apart(plan.solve(sites, timesteps=T), found) < CLOSE


def test_a_bad_shard_is_named_by_its_worker(client: Client) -> None:
    shards = so.Shards([(X, Y), lambda: (X * np.nan, Y)])
    with pytest.raises(so.DataError, match="shard 1, input 'x': 540 values"):
        rollout().solve(shards, timesteps=T, executor=so.DaskExecutor(client, timeout=60))


def test_progress_stops_and_checkpoints_are_as_on_one_machine(client: Client, tmp_path: Path) -> None:
    plan, executor, file = rollout(6), so.DaskExecutor(client, timeout=60), tmp_path / "run.npz"
    expected = plan.solve(X, Y, timesteps=T, executor=executor)
    stopped = plan.solve(X, Y, timesteps=T, executor=executor, checkpoint=file, callback=lambda r: r.iteration == 3)
    assert stopped.status is so.Status.INTERRUPTED and len(stopped.history) == 4
    resumed = plan.solve(X, Y, timesteps=T, executor=executor, resume=file)
    assert apart(expected, resumed) < CLOSE and len(resumed.history) == 6
    assert plan.solve(X, Y, timesteps=T, executor=executor, time_limit=1e-9).status is so.Status.TIME_LIMIT


def test_an_answer_that_comes_just_as_its_wait_ends_is_taken() -> None:
    class Late:
        status, waits = "finished", 0

        def done(self) -> bool:
            return True

        def result(self, timeout: float) -> int:
            self.waits += 1
            if self.waits == 1:
                raise TimeoutError
            return 3

    crew = DaskCrew.__new__(DaskCrew)
    crew.timeout = 60
    assert crew._wait(lambda: [Late()]) == [3]


def test_a_dead_scheduler_and_a_cluster_without_workers() -> None:
    made = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        LocalCluster(processes=False, n_workers=1, **made) as cluster,
        Client(cluster) as client,
    ):
        executor = so.DaskExecutor(client, timeout=20)

        def kill(record: so.Record) -> None:
            if record.iteration == 2:
                client.loop.add_callback(cluster.scheduler.close)

        found = rollout().solve(X, Y, timesteps=T, executor=executor, callback=kill)
        assert found.status is so.Status.INTERRUPTED and 3 <= len(found.history) < 20
        with pytest.raises(ExecutorError, match="could not be checked"):
            rollout().solve(X, Y, timesteps=T, executor=so.DaskExecutor(client, timeout=1))


@pytest.mark.parametrize("wrong", [None, "tcp://localhost:8786", 3, Client])
def test_what_is_no_client(wrong: Any) -> None:
    with pytest.raises(so.ModelError, match="is no client"):
        so.DaskExecutor(wrong)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": "10"}, {"samples": 0}, {"memory": -1}])
def test_wrong_settings(client: Client, options: dict[str, Any]) -> None:
    with pytest.raises(so.ModelError, match=next(iter(options))):
        so.DaskExecutor(client, **options)
