"""Data beyond one process: workers against one, the engine's own time in a round, bytes, a killed worker, memory when streaming.

``rollout`` throughout. One worker process against two is timed on the same shards, in turns, since other load on the machine
changes from minute to minute: the ratio is that of medians. Every process has one thread, as Dask sets its workers up. What a
round costs beside the work is timed on a few samples, where there is hardly any work. Peak memory is Linux's count for a
process of its own, the interpreter and libraries included.

Run: ``python -m tests.benchmarks.distributed [--samples 200000]``. Needs dask.distributed; the file for streaming takes 627 MB,
and the largest comparison of workers 16 GB of memory.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import Any, Literal

for pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(pool, "1")

import numpy as np  # noqa: E402

import snnopt as so  # noqa: E402

FEATURES, HIDDEN, CLASSES, T = 784, 100, 10, 10
KEPT = 16e9
"""Bytes that all workers together may keep."""


def plan(iterations: int, dtype: Literal["float32", "float64"] = "float64", hidden: int = HIDDEN) -> so.Plan:
    """784-100-10, or another number of hidden neurons."""
    x = so.Input(FEATURES)
    h = so.LIF(beta=0.9)(so.Dense(hidden)(x))
    y = so.LI(beta=0.9)(so.Dense(CLASSES)(h))
    return so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Rollout(max_iter=iterations, dtype=dtype))


def data(samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Clusters in [0, 1]."""
    rng = np.random.default_rng(seed)
    labels, centres = (
        rng.integers(0, CLASSES, samples),
        np.random.default_rng(9).random((CLASSES, FEATURES), np.float32),
    )
    return (0.7 * centres[labels] + 0.3 * rng.random((samples, FEATURES), np.float32)), labels


def cluster(workers: int) -> Any:
    """Worker processes of one thread."""
    from distributed import LocalCluster

    return LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0")


def two_against_one(samples: int, shards: int, hidden: int, turns: int) -> None:
    """An iteration on one worker and on two, in turns: seconds by the clock, and processor time of the busiest worker.

    Workers keep all their shards, and send sums straight to the client.
    """
    from distributed import Client

    X, y = data(samples)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    busy: dict[int, list[float]] = {1: [], 2: []}
    own = list[float]()
    for _ in range(turns):
        for workers in (1, 2):
            with cluster(workers) as here, Client(here, direct_to_workers=True) as client:
                executor = so.DaskExecutor(client, samples=-(-samples // shards), memory=KEPT / workers)
                before: list[Any] = []

                def look(client: Any = client, before: list[Any] = before) -> None:
                    before.append((client.run(time.process_time), time.thread_time()))

                result = plan(6, hidden=hidden).solve(
                    X, y, timesteps=T, executor=executor, callback=lambda r: look() if r.iteration in (1, 5) else None
                )
            seconds[workers] += [
                b.seconds - a.seconds for a, b in zip(result.history[1:], result.history[2:], strict=False)
            ]
            (workers0, own0), (workers1, own1) = before
            busy[workers].append(max(workers1[w] - workers0[w] for w in workers1) / 4)
            own.append((own1 - own0) / 4)
    a, b = (1e3 * statistics.median(seconds[k]) for k in (1, 2))
    c, d = (1e3 * statistics.median(busy[k]) for k in (1, 2))
    print(
        f"784-{hidden}-10, {samples} samples in {shards} shards of {c / shards:.0f} ms, an iteration: {a:.0f} ms on one worker, "
        f"{b:.0f} ms on two: {a / b:.2f} times; processor time {c:.0f} ms of the one, {d:.0f} ms of the busier of two, "
        f"{1e3 * statistics.median(own):.0f} ms of the client's own thread",
        flush=True,
    )


def ceiling() -> None:
    """How much more two processes do than one on this machine now, with nothing of ours in them."""
    code = (
        "import time, numpy as np; a = np.random.rand(400, 400); t = time.perf_counter()\n"
        "for _ in range(150): a @ a\n"
        "print(time.perf_counter() - t)"
    )

    def seconds(processes: int) -> float:
        started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(processes)]
        return max(float(p.communicate()[0]) for p in started)

    found = [2 * seconds(1) / seconds(2) for _ in range(3)]
    print(f"two unrelated processes of matrix products do {statistics.median(found):.2f} times the work of one")


def overhead() -> None:
    """Milliseconds an iteration and a round on a few samples, in this process and on two workers."""
    from distributed import Client

    X, y = data(64)
    with cluster(2) as two, Client(two) as client:
        for name, executor in (
            ("this process", so.LocalExecutor(samples=32)),
            ("two workers", so.DaskExecutor(client)),
        ):
            result = plan(30, hidden=20).solve(X, y, timesteps=T, executor=executor)
            each = statistics.median(np.diff([r.seconds for r in result.history]))
            rounds = executor.traffic.rounds / len(result.history)
            print(f"64 samples, {name}: {1e3 * each:.1f} ms an iteration, {1e3 * each / rounds:.1f} ms a round")


def traffic() -> None:
    """Bytes an iteration, in float64."""
    executor = so.LocalExecutor(samples=100)
    counted = []
    for iterations in (1, 2):
        plan(iterations).solve(*data(300), timesteps=T, executor=executor)
        counted.append((executor.traffic.down, executor.traffic.up))
    (down1, up1), (down2, up2) = counted
    print(f"784-100-10, float64: {down2 - down1} bytes down and {up2 - up1} up an iteration; {up1} up in the first")


def killed(samples: int) -> None:
    """A worker process killed five times at random moments."""
    from distributed import Client

    X, y = data(samples)
    expected = plan(20).solve(X, y, timesteps=T)
    with cluster(2) as two, Client(two) as client:
        done, times = threading.Event(), list[float]()

        def kill() -> None:
            rng = np.random.default_rng()
            while len(times) < 5 and not done.wait(float(rng.uniform(0.2, 2.0))):
                alive = [w.process.pid for w in two.workers.values() if w.process and w.process.is_alive()]
                if alive:
                    os.kill(int(rng.choice(alive)), signal.SIGKILL)
                    times.append(time.perf_counter())

        thread = threading.Thread(target=kill)
        thread.start()
        found = plan(20).solve(X, y, timesteps=T, executor=so.DaskExecutor(client, samples=samples // 4))
        done.set()
        thread.join()
    apart = max(np.abs(expected.weights[n] - w).max() / np.abs(w).max() for n, w in found.weights.items())
    print(f"{len(times)} kills during {len(found.history)} iterations: {found.status}, weights {apart:.1e} apart")


CODE = """
    import sys, time
    import snnopt as so
    from tests.benchmarks.distributed import T, plan
    name, samples, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    def most():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
    base = most()
    rollout = plan(2, "float32")
    chosen = rollout if name == "rollout" else so.compile(rollout.problem, so.Online(epochs=1))
    import numpy as np
    X, y = np.load(path + "/x.npy", mmap_mode="r"), np.load(path + "/y.npy", mmap_mode="r")
    start = time.perf_counter()
    result = chosen.solve(X, y, timesteps=T, executor=so.LocalExecutor())
    peak = most()
    print(f"{name}, {samples} samples of 784 x T {T} from disk: {len(result.history)} records in "
          f"{time.perf_counter() - start:.0f} s, peak memory {peak:.0f} MB ({base:.0f} MB before)")
"""


def streamed(samples: int) -> None:
    """Peak memory on data that are larger than it."""
    with tempfile.TemporaryDirectory() as folder:
        x = np.lib.format.open_memmap(f"{folder}/x.npy", "w+", np.float32, (samples, FEATURES))
        y = np.lib.format.open_memmap(f"{folder}/y.npy", "w+", np.int64, (samples,))
        for k in range(0, samples, 10_000):
            x[k : k + 10_000], y[k : k + 10_000] = data(min(10_000, samples - k), k)
        x.flush()
        y.flush()
        del x, y
        for name in ("rollout", "online"):
            command = [sys.executable, "-c", textwrap.dedent(CODE), name, str(samples), folder]
            print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip(), flush=True)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, default=200_000, help="to stream from disk (default: 200000)")
    parser.add_argument("--turns", type=int, default=3, help="of one worker against two (default: 3)")
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    assert Path("tests").is_dir(), "run it in the checkout"
    traffic()
    overhead()
    ceiling()
    for samples, shards, hidden in ((24_000, 2, HIDDEN), (48_000, 4, 400), (96_000, 8, 400)):
        two_against_one(samples, shards, hidden, args.turns)
    killed(4000)
    streamed(args.samples)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
