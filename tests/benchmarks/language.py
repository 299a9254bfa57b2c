"""What the language can say, trained: accuracy over three seeds beside the random hidden layer, and compile times.

Run: ``python -m tests.benchmarks.language [--algorithm rollout] [--only NAME]``. Needs no competitor: the tables of the main
job have one; here the question is whether every kind of graph and neuron is trained.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import snnopt as so
from models import (
    digits_conv,
    digits_mlp,
    digits_skip,
    motions_recurrent,
    pulse_order,
    vowels_recurrent,
)
from snnopt import data
from snnopt.data import Dataset
from snnopt.report.baseline import random_hidden_baseline

SEEDS = range(3)
STEPS = 10


@dataclass(frozen=True)
class Row:
    """One line of the table: a model, its data, and settings that are not the defaults."""

    build: Callable[[], so.Problem]
    dataset: Callable[[int], Dataset]
    settings: dict[str, Any] = field(default_factory=dict)


def order(task: str) -> Callable[[int], Dataset]:
    """The pulse task by seed."""
    return lambda seed: data.pulse_order(seed=seed, task=task)


SMALL = {"batch_size": 100}
ROWS: dict[str, Row] = {
    "digits, convolutional": Row(digits_conv.build, data.digits),
    "digits, skip connections": Row(digits_skip.build, data.digits),
    "digits, ALIF": Row(lambda: digits_mlp.build(neuron=so.ALIF), data.digits),
    "digits, CubaLIF": Row(lambda: digits_mlp.build(neuron=so.CubaLIF), data.digits),
    "BasicMotions, recurrent LIF": Row(motions_recurrent.build, data.basic_motions),
    "JapaneseVowels, recurrent LIF": Row(vowels_recurrent.build, data.japanese_vowels),
    **{
        f"pulses, {task.replace('_', ' ')}, {memory}": Row(
            lambda memory=memory, k=classes: pulse_order.build(memory, classes=k),  # type: ignore[misc]
            order(task),
            SMALL,
        )
        for task, classes in (("order", 4), ("exclusive_or", 2))
        for memory in pulse_order.MEMORIES
    },
}


def measure(row: Row, algorithm: str, seed: int) -> tuple[float, float, float]:
    """Test accuracy, the baseline's, and training time."""
    problem, d = row.build(), row.dataset(seed)
    d = replace(d, X_train=shaped(d, d.X_train, problem), X_test=shaped(d, d.X_test, problem))
    steps = None if d.timed else STEPS
    chosen = so.Rollout() if algorithm == "rollout" else so.Online(**row.settings)
    plan = so.compile(problem, chosen)
    start = time.perf_counter()
    result = plan.solve(d.X_train, d.y_train, timesteps=steps, lengths=d.lengths_train, seed=seed)
    seconds = time.perf_counter() - start
    random = random_hidden_baseline(
        problem,
        *(d.X_train, d.y_train, d.X_test, d.y_test),
        timesteps=steps,
        lengths=d.lengths_train,
        test_lengths=d.lengths_test,
        seed=seed,
    )
    return result.score(d.X_test, d.y_test, lengths=d.lengths_test), random.test, seconds


def shaped(d: Dataset, x: np.ndarray, problem: so.Problem) -> np.ndarray:
    """Samples in the shape that the model's input declares, in single precision."""
    lead = 2 if d.timed else 1
    return x.reshape(*x.shape[:lead], *problem.network.inputs[0].shape).astype(np.float32)


def compile_times() -> None:
    """Seconds to declare and compile chains."""
    for depth in (10, 200):
        found = []
        for _ in range(3):
            start = time.perf_counter()
            x = so.Input(64)
            signal: Any = x
            for _ in range(depth):
                signal = so.LIF(beta=0.9)(so.Dense(100)(signal))
            y = so.LI(beta=0.9)(so.Dense(10)(signal))
            so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)))
            found.append(time.perf_counter() - start)
        print(f"declare and compile {depth} layers: {np.median(found):.3f} s (worst {max(found):.3f})")


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithm", choices=("online", "rollout"), default="online")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    arguments = parser.parse_args()
    compile_times()
    print(f"| task and network | random hidden layer + ridge | {arguments.algorithm}, test accuracy | seconds |")
    print("|---|---|---|---|")
    for name, row in ROWS.items():
        if arguments.only not in name:
            continue
        found = np.array([measure(row, arguments.algorithm, seed) for seed in SEEDS])
        test, random = (f"{100 * v.mean():.1f} ({100 * v.min():.1f} to {100 * v.max():.1f})" for v in found.T[:2])
        print(f"| {name} | {random} | {test} | {np.median(found[:, 2]):.2f} |", flush=True)


if __name__ == "__main__":
    main()
