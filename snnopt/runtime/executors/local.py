"""Shards read one after the other in this process: data larger than memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from snnopt.errors import ModelError, shown
from snnopt.runtime.executors.base import Crew, Executor, Script, Setup, Traffic
from snnopt.runtime.executors.worker import Worker
from snnopt.runtime.shards.parts import Part
from snnopt.runtime.sums.sums import Sums

SAMPLES = 4096
"""Samples a shard, where arrays are cut and nobody says otherwise."""


class LocalExecutor(Executor):
    """Works on shards in this process, one after the other.

    Peak memory is that of one shard and what a sweep finds for it (inputs twice, and four arrays [T, N, n] for each layer), of
    ``memory``, and of sums and weights, whatever the number of samples.

    Parameters
    ----------
    samples : samples a shard, where arrays or memory maps are given and have to be cut; None for 4096.
    memory : bytes for shards, and for what was found for them in earlier rounds of an iteration, that are kept while they fit.
        Others are read again in every round, and passed through again.
    """

    def __init__(self, *, samples: int | None = None, memory: float = 2**28) -> None:
        self.samples = whole_samples("LocalExecutor", samples)
        self.memory = positive("LocalExecutor", "memory", memory, "bytes")
        self.traffic = Traffic()

    def size(self, count: int) -> int:  # noqa: D102
        return self.samples or SAMPLES

    def open(self, setup: Setup, parts: tuple[Part, ...]) -> Crew:  # noqa: D102
        self.traffic = Traffic()
        return LocalCrew(Worker(setup, self.memory), parts)


class LocalCrew(Crew):
    """One worker, in this process."""

    def __init__(self, worker: Worker, parts: tuple[Part, ...]) -> None:
        self.worker, self.parts = worker, parts
        self.summaries = tuple(worker.summary(k, part) for k, part in enumerate(parts))
        self.homes = [0] * len(parts)

    def ask(self, script: Script) -> Sums:  # noqa: D102
        return reduce(add, (self._one(k, script) for k in script.shards))

    def _one(self, k: int, script: Script) -> Sums:
        picks = None if script.picks is None else script.picks[k]
        made = (script.steps, script.backend)
        found = self.worker.run(k, self.parts[k], script.key, made, picks, 0, script.rounds)
        assert found is not None
        return found

    def each(self, method: str, given: Mapping[int, tuple[Any, ...]]) -> list[Any]:  # noqa: D102
        return [getattr(self.worker, method)(k, self.parts[k], *own) for k, own in given.items()]

    def close(self) -> None:  # noqa: D102
        self.worker.kept.clear()


def whole_samples(where: str, samples: object) -> int | None:
    """Return a number of samples a shard, or say why it is none."""
    whole = isinstance(samples, int | np.integer) and not isinstance(samples, bool)
    if samples is not None and not (whole and samples >= 1):  # type: ignore[operator]
        raise ModelError(where, f"samples={shown(samples)}", "give a whole number of at least 1")
    return None if samples is None else int(samples)  # type: ignore[call-overload]


def positive(where: str, name: str, value: object, unit: str) -> float:
    """Return a positive number, or say why it is none."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and float(value) > 0):  # type: ignore[arg-type]
        raise ModelError(where, f"{name}={shown(value)}", f"give {unit}, a number > 0")
    return float(value)  # type: ignore[arg-type]
