"""The main job, measured: digits over ten splits, ours beside the random hidden layer and, where torch is, snnTorch.

Run: ``python -m tests.benchmarks.main_job [--large] [--memory]``; ``make .venv-bench`` sets up an environment
with the peer. Time to a stated accuracy, with each side tuned for that, is ``python -m tests.benchmarks.speed``.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
import tracemalloc
from dataclasses import replace

import numpy as np

import snnopt as so
from snnopt.data import digits
from snnopt.report.baseline import random_hidden_baseline
from tests.benchmarks.moved_digits import moved_digits
from tests.benchmarks.networks import chain
from tests.benchmarks.speed.sides import SnnTorch
from tests.benchmarks.speed.splits import of_dataset
from tests.benchmarks.speed.suites import SUITES, Net

SEEDS = range(10)
TIMESTEPS = 10
COMPETITOR = SnnTorch()
TASKS: dict[str, tuple[tuple[int, ...], int | None]] = {
    "64-100-10": ((100,), None),
    "64-100-100-100-10": ((100, 100, 100), None),
    "64-100-10, 200 samples": ((100,), 200),
}


def ours(hidden: tuple[int, ...], samples: int | None, algorithm: str) -> dict[str, object]:
    """Test accuracy and training time over the splits, defaults unchanged."""
    accuracies, seconds = [], []
    plan = so.compile(chain(64, hidden), algorithm)
    for seed in SEEDS:
        d = digits(seed=seed, samples=samples)
        start = time.perf_counter()
        result = plan.solve(d.X_train, d.y_train, timesteps=TIMESTEPS, seed=seed)
        seconds.append(time.perf_counter() - start)
        accuracies.append(100 * result.score(d.X_test, d.y_test))
    return summary(accuracies, seconds)


def baseline(hidden: tuple[int, ...], samples: int | None) -> dict[str, object]:
    """The same random hidden layers, only the read-out solved."""
    accuracies, seconds = [], []
    for seed in SEEDS:
        d = digits(seed=seed, samples=samples)
        start = time.perf_counter()
        found = random_hidden_baseline(
            chain(64, hidden), d.X_train, d.y_train, d.X_test, d.y_test, timesteps=TIMESTEPS, seed=seed
        )
        seconds.append(time.perf_counter() - start)
        accuracies.append(100 * found.test)
    return summary(accuracies, seconds)


def summary(accuracies: list[float], seconds: list[float]) -> dict[str, object]:
    """Mean and standard error of the accuracy, median and spread of the time."""
    return {
        "test accuracy, mean": round(float(np.mean(accuracies)), 2),
        "standard error": round(float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies))), 2),
        "seconds, median": round(float(np.median(seconds)), 3),
        "seconds, worst": round(float(np.max(seconds)), 3),
        "by split": [round(a, 2) for a in accuracies],
    }


def large() -> dict[str, object]:
    """784-400-10 on 20,000 moved digits, the same defaults."""
    X, y, X_test, y_test = moved_digits()
    start = time.perf_counter()
    result = so.compile(chain(784, (400,)), "online").solve(X, y, timesteps=TIMESTEPS, seed=0)
    seconds = time.perf_counter() - start
    return {"test accuracy": round(100 * result.score(X_test, y_test), 2), "seconds": round(seconds, 1)}


def memory() -> dict[str, object]:
    """Peak memory beyond the data, by number of samples."""
    out: dict[str, object] = {}
    plan = so.compile(chain(64, (100,)), so.Online(epochs=1, batch_size=128))
    for count in (2_000, 50_000):
        X = np.random.default_rng(0).random((count, 64), np.float32)
        y = np.random.default_rng(1).integers(0, 10, count)
        tracemalloc.start()
        plan.solve(X, y, timesteps=TIMESTEPS)
        out[f"{count} samples"] = (
            f"{tracemalloc.get_traced_memory()[1] / 1e6:.2f} MB beyond {X.nbytes / 1e6:.1f} MB of data"
        )
        tracemalloc.stop()
    return out


def peer(hidden: tuple[int, ...], samples: int | None) -> dict[str, object]:
    """snnTorch with the best settings over learning rate {1e-3, 2e-3, 5e-3, 1e-2} x fast-sigmoid slope {5, 25} x {constant,
    cosine} and batch sizes 16 to 128, judged on the test splits themselves, in its favour.

    One thread and layer by layer, which is faster at these sizes than two threads or step by step.
    """
    small = samples is not None and samples < 500
    fields = {"rate": 5e-3, "slope": 5.0, "batch": 16 if small else 64, "epochs": 40}
    settings = COMPETITOR.settings({**fields, "cosine": small or len(hidden) > 1, "threads": 1, "layerwise": True})
    suite = replace(SUITES["digits"], net=Net((64, *hidden, 10)))
    found = []
    for seed in SEEDS:
        split = of_dataset(digits(seed=seed, samples=samples))
        found += list(COMPETITOR.train(suite, split, settings, seed, looks=0))
    return summary([look.accuracy for look in found], [look.seconds for look in found])


def main() -> None:
    """Measure, and print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also 784-400-10 on 20,000 samples")
    parser.add_argument("--memory", action="store_true", help="also peak memory against the number of samples")
    args = parser.parse_args()
    print(f"Python {platform.python_version()}, numpy {np.__version__}, snnopt {so.__version__}")
    for name, (hidden, samples) in TASKS.items():
        rows = {"random hidden layer + ridge": baseline(hidden, samples)}
        rows |= {f"snnopt {a}": ours(hidden, samples, a) for a in ("online", "rollout")}
        if not COMPETITOR.missing():
            rows[COMPETITOR.name] = peer(hidden, samples)
            ratio = float(str(rows[COMPETITOR.name]["seconds, median"])) / float(
                str(rows["snnopt online"]["seconds, median"])
            )
            print(f"{name}: whole training, snnTorch over snnopt online: {ratio:.1f} times")
        for who, row in rows.items():
            print(json.dumps({"task": name, "who": who, **row}), flush=True)
    if args.large:
        print(json.dumps({"task": "784-400-10, 20,000 samples", "who": "snnopt online", **large()}), flush=True)
    if args.memory:
        print(json.dumps({"task": "peak memory of online", **memory()}), flush=True)


if __name__ == "__main__":
    main()
