"""Tuning: settings race to the target on the tuning seeds, or the worse half leaves again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np

from tests.benchmarks.speed.curves import Look, time_to

S = TypeVar("S")


class Contender(Generic[S]):
    """Settings with one paused training run for each tuning seed."""

    def __init__(self, settings: S, runs: Sequence[Callable[[], Iterator[Look]]], target: float) -> None:
        self.settings, self.target = settings, target
        self.starts = list(runs)
        self.runs: list[Iterator[Look]] = []
        self.curves: list[list[Look]] = [[] for _ in runs]

    def advance(self, total: float = math.inf, each: float = math.inf, passes: float = math.inf) -> None:
        """Train on until the target, the end, ``total`` training seconds in all runs, or ``each`` seconds or passes in each."""
        self.runs = self.runs or [start() for start in self.starts]
        for run, curve in zip(self.runs, self.curves, strict=True):
            while time_to(curve, self.target) == math.inf and self.spent < total:
                if curve and (curve[-1].seconds >= each or curve[-1].passes >= passes):
                    break
                look = next(run, None)
                if look is None:
                    break
                curve.append(look)

    def leave(self) -> None:
        """Free the runs."""
        self.runs, self.starts = [], []

    @property
    def spent(self) -> float:
        """Training seconds so far, in all runs."""
        return sum(curve[-1].seconds for curve in self.curves if curve)

    @property
    def time(self) -> float:
        """Mean time to the target over the tuning seeds, infinite where one run did not reach it."""
        return float(np.mean([time_to(curve, self.target) for curve in self.curves]))

    @property
    def rank(self) -> tuple[float, float, float]:
        """Less is better: time to the target, then the mean of the last accuracies, then the time that they took."""
        accuracy = float(np.mean([curve[-1].accuracy if curve else 0.0 for curve in self.curves]))
        return self.time, -accuracy, self.spent


def race(contenders: Sequence[Contender[S]]) -> Contender[S]:
    """Run one after the other to the target; who is slower than the best one so far is stopped there.

    Nothing is lost by stopping: a run that has not reached the target by then can no longer win.
    """
    limit = math.inf
    for c in contenders:
        c.advance(len(c.curves) * limit)
        limit = min(limit, c.time)
        c.leave()
    return min(contenders, key=lambda c: c.rank)


def halve(contenders: Sequence[Contender[S]], first_passes: float, finalists: int = 4) -> Contender[S]:
    """Successive halving (Jamieson and Talwalkar 2016): the better half trains on, for twice as long in all.

    All get the same time: at first what ``first_passes`` passes over the data take the first of them. The last few race to the
    target. Give it contenders of one run length: shorter ones look better early.
    """
    left = list(contenders)
    left[0].advance(passes=first_passes)
    each = left[0].spent / len(left[0].curves)
    while len(left) > finalists:
        for c in left:
            c.advance(len(c.curves) * min(o.time for o in left), each)
        left.sort(key=lambda c: c.rank)
        kept = max(finalists, math.ceil(len(left) / 2))
        for c in left[kept:]:
            c.leave()
        left, each = left[:kept], 2 * each
    return race(left)
