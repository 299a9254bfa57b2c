"""Our side: ``so.Online`` with its defaults, but for what a suite says, and the number of epochs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import snnopt as so
from tests.benchmarks.speed.curves import Look
from tests.benchmarks.speed.sides.side import Side
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import Suite
from tests.benchmarks.speed.work import engine_threads, epoch_work, seconds_alone


@dataclass(frozen=True)
class OurSettings:
    """``so.Online(epochs=..., **suite.settings)``."""

    epochs: int


class Ours(Side):
    """A look after every epoch, which is where a record of the history is written."""

    name = "snnopt online"
    short = "ours"

    def missing(self) -> tuple[str, ...]:
        return ()

    def versions(self) -> dict[str, str]:
        return {"snnopt": so.__version__, "numpy": np.__version__}

    def first(self, suite: Suite, split: Split, threads: int, quick: bool) -> list[Any]:
        return [OurSettings(n) for n in suite.lengths]

    def second(self, suite: Suite, best: Any, quick: bool) -> list[Any]:
        return []

    def settings(self, fields: dict[str, Any]) -> OurSettings:
        return OurSettings(**fields)

    def train(self, suite: Suite, split: Split, settings: OurSettings, seed: int) -> Iterator[Look]:
        start, seconds = time.perf_counter(), 0.0
        steps = None if split.timed else suite.steps
        plan = so.compile(suite.problem(), algorithm(suite, settings))
        states = plan.iterate(split.X, split.y, timesteps=steps, seed=seed)
        while (state := next(states, None)) is not None:
            seconds += time.perf_counter() - start
            now = replace(state.result(), weights=state.weights)
            yield Look(seconds, state.iteration, 100 * now.score(split.X_test, split.y_test))
            start = time.perf_counter()

    def product_share(self, suite: Suite, split: Split, settings: OurSettings, seed: int) -> float:
        """An estimate: every product and solve of an epoch timed alone, at its own shape, over the epoch's time."""
        online = replace(algorithm(suite, settings), epochs=2)
        plan = so.compile(suite.problem(), online)
        states = plan.iterate(split.X, split.y, timesteps=None if split.timed else suite.steps, seed=seed)
        next(states)
        start = time.perf_counter()
        next(states)
        epoch = time.perf_counter() - start
        work = epoch_work(suite, len(split.y), not split.timed, online, probes=True)
        with engine_threads(work):
            return min(1.0, seconds_alone(work) / epoch)

    def words(self, suite: Suite, settings: OurSettings) -> Sequence[str]:
        online = algorithm(suite, settings)
        size = f"batch {online.batch_size}" if online.batch_size else "batch by default"
        return (
            f"{settings.epochs} epochs",
            size,
            *(f"{k} {v}" for k, v in suite.settings.items() if k != "batch_size"),
        )


def algorithm(suite: Suite, settings: OurSettings) -> so.Online:
    """The defaults, but for what the suite says."""
    return so.Online(epochs=settings.epochs, **suite.settings)
