"""What the engine adds to the updates that a sweep asks for: the share of a run that is spent outside its words.

64-100-10, N = 1437, T = 20. Words are every block solve, rollout and adjoint pass that an algorithm's sweep yields, the second
look at a batch that its Levenberg-Marquardt control asks for, and the prediction of a layer's potentials, which measuring
computes and the next sweep's first blocks take over. The rest is the engine's: drawing batches, measuring residuals, the rollout
that every record of an algorithm with kept potentials is of, history, looking for trouble.

Run: ``python -m tests.benchmarks.overhead [--backend numba]``. Processor time, medians of five runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import snnopt as so
from snnopt.backends import BACKENDS
from snnopt.data import digits
from snnopt.runtime.engine import Engine
from snnopt.runtime.kept import KeptSweeper
from snnopt.runtime.kept.dynamics import TraceDynamics
from snnopt.runtime.sweeper import Sweeper
from tests.benchmarks.networks import chain

RUNS, TIMESTEPS = 5, 20
ALGORITHMS: dict[str, so.algorithms.Algorithm] = {
    "online": so.Online(),
    "rollout": so.Rollout(max_iter=10),
    "full_dual": so.FullDual(max_iter=8, warm_up=1),
    "full_dual, look_every=2": so.FullDual(max_iter=8, warm_up=1, look_every=2),
    "consensus": so.Consensus(max_iter=8),
    "consensus, look_every=2": so.Consensus(max_iter=8, look_every=2),
    "exact_block": so.ExactBlock(max_iter=2),
    "perin2025": so.Perin2025(max_iter=2),
}


class Clock:
    """Processor time in the outermost of the functions that it times."""

    def __init__(self) -> None:
        self.spent, self.within = 0.0, False

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def call(*arguments: Any, **named: Any) -> Any:
            if self.within:
                return function(*arguments, **named)
            self.within, start = True, time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                self.spent, self.within = self.spent + time.process_time() - start, False

        return call


WORDS = ((Sweeper, "run"), (Sweeper, "roll_out"), (KeptSweeper, "run"), (TraceDynamics, "prediction"))


@contextmanager
def timed(clock: Clock, *methods: tuple[type, str]) -> Iterator[None]:
    """Time these methods of these classes."""
    kept = [(owner, name, getattr(owner, name)) for owner, name in methods]
    for owner, name, function in kept:
        setattr(owner, name, clock.timed(function))
    try:
        yield
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def share(algorithm: so.algorithms.Algorithm, backend: str) -> tuple[float, float]:
    """Share of a run outside words, and its seconds; checking the data and drawing the start are not counted."""
    d, plan, found = digits(seed=0), so.compile(chain(64, (100,)), algorithm), []
    for _ in range(RUNS):
        words, run = Clock(), Clock()
        with timed(words, *WORDS), timed(run, (Engine, "run")):
            plan.solve(d.X_train, d.y_train, timesteps=TIMESTEPS, seed=0, backend=backend)
        found.append((1 - words.spent / run.spent, run.spent))
    return float(np.median([s for s, _ in found])), float(np.median([w for _, w in found]))


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=tuple(BACKENDS), default="numpy")
    backend = parser.parse_args().backend
    print(f"| algorithm, backend {backend} | outside words | seconds |\n|---|---|---|")
    for name, algorithm in ALGORITHMS.items():
        outside, seconds = share(algorithm, backend)
        print(f"| {name} | {100 * outside:.1f}% | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
