"""Our side: ``so.Online`` with its defaults, but for what a suite says, the number of epochs, and the threads it may use."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import snnopt as so
from snnopt.api.run import Iterate
from tests.benchmarks.speed.curves import Look
from tests.benchmarks.speed.machine import limited_to
from tests.benchmarks.speed.sides.side import Side, Stage
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import SEVERAL, Suite
from tests.benchmarks.speed.work import engine_threads, epoch_work, seconds_alone


@dataclass(frozen=True)
class OurSettings:
    """``so.Online(epochs=..., **suite.settings)``, on so many BLAS threads at most; where products are small it takes one."""

    epochs: float
    threads: int = 1


class Ours(Side):
    """A look after every epoch, which is where a record of the history is written."""

    name = "snnopt online"
    short = "ours"

    def missing(self) -> tuple[str, ...]:
        return ()

    def versions(self) -> dict[str, str]:
        return {"snnopt": f"{so.__version__}, backend {backend()}", "numpy": np.__version__}

    def tuning_seeds(self, suite: Suite, quick: bool) -> tuple[int, ...]:
        """Three: our shortest runs end near the target, and on one seed luck would choose them."""
        return SEVERAL

    def stages(self, suite: Suite, split: Split, threads: int, quick: bool) -> list[Callable[[Any], Stage]]:
        """Epochs; all run to the target, on the large suites too, as they are few. Threads are the engine's own choice."""
        return [lambda _: Stage([OurSettings(n, threads) for n in suite.lengths])]

    def settings(self, fields: dict[str, Any]) -> OurSettings:
        return OurSettings(**fields)

    def train(self, suite: Suite, split: Split, settings: OurSettings, seed: int) -> Iterator[Look]:
        states, seconds = None, 0.0
        while True:
            with limited_to(settings.threads):
                start = time.perf_counter()
                states = states or begin(suite, split, algorithm(suite, settings), seed)
                state = next(states, None)
                seconds += time.perf_counter() - start
            if state is None:
                return
            now = replace(state.result(), weights=state.weights)
            yield Look(seconds, state.iteration, 100 * now.score(split.X_test, split.y_test))

    def product_share(self, suite: Suite, split: Split, settings: OurSettings, seed: int) -> float:
        """An estimate: every product and solve of an epoch timed alone, at its own shape, over the epoch's time."""
        online = replace(algorithm(suite, settings), epochs=3)
        states = begin(suite, split, online, seed)
        work = epoch_work(suite, len(split.y), not split.timed, online, probes=True)
        with limited_to(settings.threads):
            next(states)
            start = time.perf_counter()
            next(states)
            epoch = time.perf_counter() - start
            with engine_threads(work):
                return min(1.0, seconds_alone(work) / epoch)

    def words(self, suite: Suite, settings: OurSettings) -> Sequence[str]:
        online = algorithm(suite, settings)
        size = f"batch {online.batch_size}" if online.batch_size else "batch by default"
        threads = f"{settings.threads} thread{'s' * (settings.threads > 1)}"
        others = [f"{k} {v:g}" for k, v in suite.settings.items() if k != "batch_size"]
        return (f"{settings.epochs:g} epochs", size, threads, *others)


def begin(suite: Suite, split: Split, online: so.Online, seed: int) -> Iterator[Iterate]:
    """Compile, and stand before the first record."""
    steps = None if split.timed else suite.steps
    plan = so.compile(suite.problem(), online)
    return plan.iterate(split.X, split.y, timesteps=steps, seed=seed, backend=backend())


def backend() -> str:
    """The compiled one where it is installed: a side is warmed up before it is timed."""
    return "numba" if importlib.util.find_spec("numba") else "numpy"


def algorithm(suite: Suite, settings: OurSettings) -> so.Online:
    """The defaults, but for what the suite says."""
    return so.Online(epochs=settings.epochs, **suite.settings)
