"""One suite: every side tuned, then timed on the same arrays, in turn, seed by seed."""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np

from snnopt.report.baseline import random_hidden_baseline
from tests.benchmarks.speed.curves import Curve, accuracy_within, best, time_to
from tests.benchmarks.speed.memory import peak_megabytes
from tests.benchmarks.speed.sides import Side, Stage
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import Suite
from tests.benchmarks.speed.tuning import Contender, halve, race


@dataclass(frozen=True)
class Measured:
    """What a side did on a suite: its settings, a curve for each seed, and where its time and memory went."""

    side: str
    settings: Any
    words: str
    tried: int
    tuning_seconds: float
    curves: tuple[Curve, ...]
    megabytes: float
    product_share: float

    def times(self, target: float) -> list[float]:
        """Seconds to the target by seed."""
        return [time_to(curve, target) for curve in self.curves]

    def median_time(self, target: float) -> float:
        """Their median; infinite where most seeds did not get there."""
        return float(np.median(self.times(target)))

    @property
    def final(self) -> float:
        """Mean of the last accuracies."""
        return float(np.mean([curve[-1].accuracy for curve in self.curves]))

    @property
    def seconds(self) -> float:
        """Median time of the whole training."""
        return float(np.median([curve[-1].seconds for curve in self.curves]))


@dataclass(frozen=True)
class Row:
    """A suite's results: ours first."""

    name: str
    suite: Suite
    baseline: float
    sides: tuple[Measured, ...]

    @property
    def ours(self) -> Measured:
        """Our side."""
        return self.sides[0]

    def ratio(self, peer: Measured) -> float:
        """The peer's median time to the target over ours; NaN where neither gets there."""
        theirs, own = peer.median_time(self.suite.target), self.ours.median_time(self.suite.target)
        return math.nan if math.isinf(theirs) and math.isinf(own) else theirs / own

    def ours_within(self, peer: Measured) -> float:
        """Mean of our accuracy within the time that the peer took to its own best."""
        pairs = zip(self.ours.curves, peer.curves, strict=True)
        return float(np.mean([accuracy_within(own, best(theirs).seconds) for own, theirs in pairs]))

    def as_dict(self) -> dict[str, Any]:
        """Plain data: every look of every seed."""
        target = self.suite.target
        return {
            "suite": self.name,
            "network": str(self.suite.net),
            "steps": self.suite.steps,
            "target": target,
            "random hidden layer + ridge": self.baseline,
            "sides": [
                {
                    "side": m.side,
                    "settings": asdict(m.settings),
                    "settings in words": m.words,
                    "settings tried": m.tried,
                    "tuning seconds": m.tuning_seconds,
                    "seconds to target by seed": m.times(target),
                    "final accuracy by seed": [curve[-1].accuracy for curve in m.curves],
                    "best accuracy by seed": [best(curve).accuracy for curve in m.curves],
                    "seconds to best by seed": [best(curve).seconds for curve in m.curves],
                    "peak MB beyond data": m.megabytes,
                    "share of time in products": m.product_share,
                    "curves": [[[k.seconds, k.passes, k.accuracy] for k in curve] for curve in m.curves],
                }
                for m in self.sides
            ],
        }


def say(text: str) -> None:
    """Tell how far it is, apart from the results."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def tune(side: Side, suite: Suite, threads: int, quick: bool) -> tuple[Any, int]:
    """The best settings on the tuning seeds, and how many were tried."""
    seeds = side.tuning_seeds(suite, quick)
    data = {seed: suite.data(seed) for seed in seeds}

    def found(stage: Stage) -> Any:
        contenders = [
            Contender(s, [lambda s=s, k=k: side.train(suite, data[k], s, k) for k in seeds], suite.target)  # type: ignore[misc]
            for s in stage.candidates
        ]
        winner = halve(contenders, suite.first_passes) if stage.halving else race(contenders)
        time_found, accuracy, _ = winner.rank
        say(
            f"  {side.describe(suite, winner.settings)}: {time_found:.3g} s to target, {-accuracy:.1f}% when it stopped"
        )
        return winner.settings

    tried, chosen = 0, None
    for stage_of in side.stages(suite, data[seeds[0]], threads, quick):
        stage = stage_of(chosen)
        tried, chosen = tried + len(stage.candidates), found(stage)
    return chosen, tried


def baseline(suite: Suite, split: Split, seed: int) -> float:
    """Accuracy of the random hidden layers with a ridge read-out, in per cent."""
    arrays, steps = (split.X, split.y, split.X_test, split.y_test), None if split.timed else suite.steps
    return 100 * random_hidden_baseline(suite.problem(), *arrays, timesteps=steps, seed=seed).test


def measure(name: str, suite: Suite, sides: Sequence[Side], seeds: int, threads: int, quick: bool) -> Row:
    """Tune every side, warm it up, and time all of them on every seed in turn."""
    chosen: list[tuple[Any, int, float]] = []
    for side in sides:
        say(f"{name}: tuning {side.name}")
        start = time.perf_counter()
        settings, tried = tune(side, suite, threads, quick)
        chosen.append((settings, tried, time.perf_counter() - start))
    curves: list[list[Curve]] = [[] for _ in sides]
    baselines = []
    for seed in range(seeds):
        split = suite.data(seed)
        baselines.append(baseline(suite, split, seed))
        order = range(len(sides)) if seed % 2 == 0 else reversed(range(len(sides)))
        for k in order:
            for _ in islice(sides[k].train(suite, split, chosen[k][0], seed), 1):
                pass  # what is set up once is set up before the clock
            gc.collect()
            curves[k].append(tuple(sides[k].train(suite, split, chosen[k][0], seed)))
        say(f"{name}: seed {seed} timed")
    measured = []
    for side, (settings, tried, seconds), found in zip(sides, chosen, curves, strict=True):
        memory = peak_megabytes(name, side, split, settings, threads)
        share = side.product_share(suite, split, settings, 0)
        words = side.describe(suite, settings)
        measured.append(Measured(side.name, settings, words, tried, seconds, tuple(found), memory, share))
    return Row(name, suite, float(np.mean(baselines)), tuple(measured))
