"""Shards and problems, for the tests of streamed and of distributed runs."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

import numpy as np

import snnopt as so

T, CLASSES, FEATURES = 5, 3, 6


def samples(number: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Clusters, [N, FEATURES], and labels [N]."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, number)
    return rng.uniform(0, 1, (CLASSES, FEATURES))[labels] + 0.2 * rng.standard_normal((number, FEATURES)), labels


def problem(hidden: tuple[int, ...] = (9, 7)) -> so.Problem:
    x = so.Input(FEATURES, name="x")
    h: Any = x
    for k, n in enumerate(hidden):
        h = so.LIF(beta=0.9, name=f"h{k + 1}")(so.Dense(n)(h))
    y = so.LI(beta=0.9, name="y")(so.Dense(CLASSES)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))


def rollout(iterations: int = 20) -> so.Plan:
    return so.compile(problem(), so.Rollout(max_iter=iterations, dtype="float64"))


def apart(a: so.Result, b: so.Result) -> float:
    """The largest difference of weights, relative to the largest weight of each variable."""
    return max(float(np.abs(a.weights[n] - w).max() / np.abs(a.weights[n]).max()) for n, w in b.weights.items())


@dataclass(frozen=True)
class Deadly:
    """A shard whose reader is killed at some of the times that shards of this log are read, and never twice at the same."""

    log: str
    fatal: frozenset[int]
    given: Any

    def __call__(self) -> Any:
        handle = os.open(self.log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(handle, b".")
        os.close(handle)
        if os.path.getsize(self.log) in self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.given
