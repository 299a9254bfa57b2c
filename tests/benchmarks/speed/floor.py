"""How far an epoch of ``online`` is from what this machine's arithmetic and memory would allow.

Run: ``python -m tests.benchmarks.speed.floor [--suite NAME ...] [--repeats 5]``; prints Markdown. The floor is

    multiply-adds / sgemm rate  +  bytes / copy bandwidth

with the counts of ``work.py``: products and solves that the sweep's formulas need, and reads and writes of arrays [T, N, n] that
a step over time or a filter must make. Rate and bandwidth are measured in the same process with as many threads as the engine
takes, at the shape of the epoch's largest product and on arrays of the widest layer. Beside it stands what the products and
solves take when each is timed alone at its own shape. What both leave out: rollouts that control the step (every eighth batch's),
drawing batches, and everything in Python. It has no competitor but the machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass

import numpy as np

import snnopt as so
from snnopt.algorithms.settings import MiniBatches
from tests.benchmarks.speed.machine import cores, cpu, limited_to
from tests.benchmarks.speed.sides.ours import OurSettings, algorithm, begin
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import SUITES, Suite
from tests.benchmarks.speed.work import (
    Work,
    engine_threads,
    epoch_work,
    median_seconds,
    product_seconds,
    seconds_alone,
)


@dataclass(frozen=True)
class Rates:
    """Multiply-adds and copied bytes (read and written) in a second."""

    multiply_adds: float
    bytes: float

    def floor(self, work: Work) -> float:
        """Seconds that the work takes at these rates."""
        return work.multiply_adds / self.multiply_adds + work.bytes / self.bytes


def rates(work: Work, entries: int) -> Rates:
    """Of this machine: at the shape of the largest product, and on copies of so many numbers."""
    largest = max(work.products, key=lambda p: p.rows * p.inner * p.columns)
    source = np.random.default_rng(0).random(entries, np.float32)
    target = np.empty_like(source)
    copied = 2 * source.nbytes / median_seconds(lambda: np.copyto(target, source))
    return Rates(largest.multiply_adds / largest.times / product_seconds(largest), copied)


def epoch_seconds(suite: Suite, split: Split, online: so.Online) -> float:
    """Median time of an epoch, the first left out."""
    found, start = [], time.perf_counter()
    for _ in begin(suite, split, online, seed=0):
        found.append(time.perf_counter() - start)
        start = time.perf_counter()
    return statistics.median(found[1:])


def line(name: str, suite: Suite, repeats: int) -> str:
    """A row of the table."""
    split = suite.data(0)
    online = algorithm(suite, OurSettings(epochs=repeats + 1))
    work = epoch_work(suite, len(split.y), not split.timed, online)
    batch = MiniBatches(online.epochs, online.batch_size).size(len(split.y))
    with engine_threads(work):
        measured_rates = rates(work, suite.steps * batch * max(suite.net.sizes[1:]))
        alone = seconds_alone(work)
    measured, least = epoch_seconds(suite, split, online), measured_rates.floor(work)
    cells = [
        f"{suite.title}, {suite.net}, T = {suite.steps}, batch {batch}",
        f"{work.multiply_adds / 1e9:.3g}",
        f"{work.bytes / 1e9:.3g}",
        f"{2 * measured_rates.multiply_adds / 1e9:.0f}",
        f"{measured_rates.bytes / 1e9:.1f}",
        f"{least:.3g}",
        f"{alone:.3g}",
        f"{measured:.3g}",
        f"{measured / least:.1f}",
        f"{least / measured:.0%}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", nargs="+", choices=tuple(SUITES), default=["digits", "deep", "rate", "pulses"])
    parser.add_argument("--repeats", type=int, default=5, help="epochs timed")
    parser.add_argument("--threads", type=int, default=cores(), help="at most; all cores by default")
    args = parser.parse_args()
    heads = ["suite", "G multiply-adds an epoch", "GB of passes", "sgemm, Gflop/s", "copy, GB/s", "floor, s"]
    heads += ["products and solves alone, s", "measured, s", "measured / floor", "floor / measured"]
    print(
        f"{cpu()}, {args.threads} threads at most\n\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads), flush=True
    )
    for name in args.suite:
        with limited_to(args.threads):
            print(line(name, SUITES[name], args.repeats), flush=True)


if __name__ == "__main__":
    main()
