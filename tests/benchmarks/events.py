"""Event data: the published rules beside every other algorithm, with one, two and three hidden layers.

Run: ``python -m tests.benchmarks.events [--depths 1 2 3] [--seconds 120] [--iterations 1000] [--full]``. The data are
``snnopt.data.saccade_digits``, a stand-in for N-MNIST: 17 x 17 pixels, 50 steps, 200 training and 200 test samples. Each
algorithm runs to its end or to the time limit: best train accuracy, iteration and time there, and the accuracies of the
weights returned. The loss is the published one, squared error of the last potentials, except where a row says cross-entropy
(of mean potentials; ``online`` with half its step and a narrower dithering there). With ``--full``, one run of ``online`` at the
published size 2312-512-10 over 150 steps; with ``--splits 5``, that row over so many splits with 800 test samples each.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np

import snnopt as so
from models import saccades_perin2025
from snnopt.data import Dataset, saccade_digits
from snnopt.report.baseline import random_hidden_baseline

UNITS = 128
BETTER = ", cross-entropy"
BETTER_ONLINE = so.Online(step=3.0, dither=0.3)


def algorithms(iterations: int) -> dict[str, so.algorithms.Algorithm]:
    """What is compared, by what it is called in the table; the published settings for the published rules."""
    a = so.algorithms
    published: dict[str, Any] = {"rho": 1.0, "sigma": 0.1, "max_iter": iterations, "warm_up": 300}
    return {
        "perin2025, as published": a.Perin2025(clip="published", last_step="published", **published),
        "perin2025, exact box": a.Perin2025(**published),
        "exact_block": a.ExactBlock(max_iter=iterations),
        "full_dual": a.FullDual(max_iter=iterations),
        "consensus": a.Consensus(max_iter=iterations),
        "rollout": a.Rollout(),
        "online": a.Online(),
        f"rollout{BETTER}": a.Rollout(),
        f"online{BETTER}": BETTER_ONLINE,
    }


def measure(
    problem: so.Problem, algorithm: so.algorithms.Algorithm, d: Dataset, seconds: float, seed: int
) -> dict[str, object]:
    """Best training accuracy of the rollout, when it was first reached, and the test accuracy of the weights returned."""
    plan = so.compile(problem, algorithm)
    start = time.perf_counter()
    result = plan.solve(d.X_train, d.y_train, seed=seed, time_limit=seconds)
    whole = time.perf_counter() - start
    accuracies = np.array([r.accuracy for r in result.history])
    best = int(accuracies.argmax())
    return {
        "train, best": round(100 * float(accuracies[best]), 1),
        "at iteration": result.history.records[best].iteration,
        "at second": round(result.history.records[best].seconds, 2),
        "train, returned": round(100 * result.score(d.X_train, d.y_train), 1),
        "test, returned": round(100 * result.score(d.X_test, d.y_test), 1),
        "iterations": len(result.history),
        "seconds": round(whole, 1),
        "status": str(result.status),
    }


def published_size() -> None:
    """``online`` at 2312-512-10, 150 steps."""
    d = saccade_digits(size=34, steps=150)
    published: dict[str, Any] = {**saccades_perin2025.PUBLISHED, "loss": "cross-entropy", "over": "mean"}
    row = measure(saccades_perin2025.build(**published), BETTER_ONLINE, d, 600.0, 0)
    print(json.dumps({"network": "2312-512-10, T = 150", "algorithm": f"online{BETTER}", **row}), flush=True)


def over_splits(depth: int, splits: int) -> None:
    """Test accuracy of ``online, cross-entropy`` and of random hidden layers on several splits: mean and standard error."""
    problem = saccades_perin2025.build(hidden=(UNITS,) * depth, loss="cross-entropy", over="mean")
    plan, found = so.compile(problem, BETTER_ONLINE), []
    for seed in range(splits):
        d = saccade_digits(seed=seed, test=800)
        b = random_hidden_baseline(problem, d.X_train, d.y_train, d.X_test, d.y_test, seed=seed)
        result = plan.solve(d.X_train, d.y_train, seed=seed)
        found.append([100 * result.score(d.X_train, d.y_train), 100 * result.score(d.X_test, d.y_test), 100 * b.test])
    mean, error = np.mean(found, 0), np.std(found, 0, ddof=1) / np.sqrt(splits)
    names = ("train", "test", "test, random hidden layers + ridge")
    row = {n: f"{m:.1f} +- {e:.1f}" for n, m, e in zip(names, mean, error, strict=True)}
    print(json.dumps({"hidden layers": depth, "algorithm": f"online{BETTER}", "splits": splits, **row}), flush=True)


def main() -> None:
    """Measure, and print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depths", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--seconds", type=float, default=120.0, help="time limit of each run")
    parser.add_argument("--iterations", type=int, default=1000, help="at most, for the algorithms that keep potentials")
    parser.add_argument("--only", default="", help="algorithms whose name contains this")
    parser.add_argument("--splits", type=int, default=0, help="only online, over so many splits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--full", action="store_true", help="also online at the published size")
    arguments = parser.parse_args()
    d = saccade_digits(seed=arguments.seed)
    for depth in arguments.depths:
        if arguments.splits:
            over_splits(depth, arguments.splits)
            continue
        problem = saccades_perin2025.build(hidden=(UNITS,) * depth)
        better = saccades_perin2025.build(hidden=(UNITS,) * depth, loss="cross-entropy", over="mean")
        network = f"578-{'-'.join([str(UNITS)] * depth)}-10"
        b = random_hidden_baseline(problem, d.X_train, d.y_train, d.X_test, d.y_test, seed=arguments.seed)
        row: dict[str, object] = {"train, returned": round(100 * b.train, 1), "test, returned": round(100 * b.test, 1)}
        print(json.dumps({"network": network, "algorithm": "random hidden layers + ridge", **row}), flush=True)
        for name, algorithm in algorithms(arguments.iterations).items():
            if arguments.only in name:
                chosen = better if name.endswith(BETTER) else problem
                row = measure(chosen, algorithm, d, arguments.seconds, arguments.seed)
                print(json.dumps({"network": network, "algorithm": name, **row}), flush=True)
    if arguments.full:
        published_size()


if __name__ == "__main__":
    main()
