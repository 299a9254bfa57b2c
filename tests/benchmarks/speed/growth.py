"""How the time of ``online`` grows with the number of samples, steps, width and depth, and whether its memory grows.

Run: ``python -m tests.benchmarks.speed.growth [--repeats 5] [--only AXIS]``; prints Markdown. Random images held constant (drawn
anew in every step where inputs change), random labels; 64-100-10, T = 10, 2,000 samples in batches of 128, but for what varies,
over a factor of 16. Times are medians of the epochs after the first; the slope p is that of ``log seconds = p log size + c``. It
has no competitor: what it is held against is the order that the sweep's formulas have.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

import snnopt as so
from tests.benchmarks.networks import chain
from tests.benchmarks.speed.curves import slope


@dataclass(frozen=True)
class Case:
    """One network and its data."""

    samples: int = 2000
    steps: int = 10
    width: int = 100
    depth: int = 1
    inputs: int = 64
    batch: int = 128
    timed: bool = False


@dataclass(frozen=True)
class Axis:
    """What varies, and the order expected for large sizes."""

    sizes: tuple[int, ...]
    make: Callable[[int], Case]
    expected: str


AXES: dict[str, Axis] = {
    "samples": Axis((1000, 2000, 4000, 8000, 16000), lambda n: Case(samples=n), "1"),
    "steps": Axis((5, 10, 20, 40, 80), lambda n: Case(steps=n), "at most 1"),
    "width": Axis((64, 128, 256, 512, 1024), lambda n: Case(width=n), "1: one layer, and a read-out of 10"),
    "width, two layers": Axis((32, 64, 128, 256, 512), lambda n: Case(width=n, depth=2), "2 (products), 3 (solves)"),
    "depth": Axis((1, 2, 4, 8, 16), lambda n: Case(depth=n), "1, the first layer being cheaper"),
    "depth, inputs that change": Axis((1, 2, 4, 8, 16), lambda n: Case(depth=n, inputs=100, timed=True), "1"),
}


def arrays(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels."""
    rng = np.random.default_rng(0)
    shape = (case.steps, case.samples, case.inputs) if case.timed else (case.samples, case.inputs)
    return rng.random(shape, np.float32), rng.integers(0, 10, case.samples)


def seconds_per_epoch(case: Case, repeats: int) -> float:
    """Median over epochs, the first left out."""
    X, y = arrays(case)
    online = so.Online(epochs=repeats + 1, batch_size=case.batch)
    plan, found = so.compile(chain(case.inputs, (case.width,) * case.depth), online), []
    start = time.perf_counter()
    for _ in plan.iterate(X, y, timesteps=None if case.timed else case.steps, seed=0):
        found.append(time.perf_counter() - start)
        start = time.perf_counter()
    return statistics.median(found[1:])


def peak_megabytes(case: Case) -> float:
    """Peak of what numpy and Python allocate during an epoch, beyond the data."""
    X, y = arrays(case)
    plan = so.compile(chain(case.inputs, (case.width,) * case.depth), so.Online(epochs=1, batch_size=case.batch))
    first = slice(0, 2 * case.batch)
    plan.solve(X[first], y[first], timesteps=case.steps)  # what is made once is made here
    tracemalloc.start()
    try:
        plan.solve(X, y, timesteps=case.steps)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="epochs timed")
    parser.add_argument("--only", default="", help="axes whose name contains this")
    args = parser.parse_args()
    print(
        "| what grows | sizes | seconds an epoch | slope | slope of the last two | expected |\n|---|---|---|---|---|---|"
    )
    for name, axis in AXES.items():
        if args.only not in name:
            continue
        found = [seconds_per_epoch(axis.make(n), args.repeats) for n in axis.sizes]
        times, sizes = ", ".join(f"{t:.3g}" for t in found), ", ".join(map(str, axis.sizes))
        whole, last = slope(axis.sizes, found), slope(axis.sizes[-2:], found[-2:])
        print(f"| {name} | {sizes} | {times} | {whole:.2f} | {last:.2f} | {axis.expected} |", flush=True)
    if args.only in "memory":
        big = Case(inputs=784, batch=500)
        few, many = (peak_megabytes(replace(big, samples=n)) for n in (6_000, 60_000))
        print(f"\nPeak memory beyond the data, 784-100-10: {few:.1f} MB with 6,000 samples, {many:.1f} MB with 60,000.")


if __name__ == "__main__":
    main()
