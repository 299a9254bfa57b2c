"""Shards as a whole: what an engine asks of samples, and batches drawn from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import chosen_kernels
from snnopt.errors import DataError
from snnopt.runtime.batch import Batch
from snnopt.runtime.executors.base import Executor, Rows, Script, Setup, Summary
from snnopt.runtime.records import looked_at
from snnopt.runtime.shards.parts import Part
from snnopt.runtime.shards.spread import Spread
from snnopt.runtime.sums.found import Stage
from snnopt.runtime.sums.sums import Sums
from snnopt.runtime.work import neuron_steps
from snnopt.split import spike_costs

Array = NDArray[Any]
Weights = Mapping[str, Array]
Picks = Mapping[int, Array]


class Sharded:
    """All shards together, numbered through in their order. Samples are fetched only where single ones are wanted: to scale
    starting weights, to count flips on a few of them, to keep a budget at the end.
    """

    def __init__(self, executor: Executor, setup: Setup, parts: tuple[Part, ...]) -> None:
        self.executor, self.crew = executor, executor.open(setup, parts)
        found = self.crew.summaries
        self.full = tuple(k for k, s in enumerate(found) if s.count)
        if not self.full:
            raise DataError("Shards", "all of them are empty", "give at least one sample")
        _agree(found, self.full)
        first = found[self.full[0]]
        self.steps, self.constant = first.steps, dict(first.constant)
        self.unequal = first.unequal
        self.real = tuple(n for n, real in first.real.items() if real)
        self.count, self.counted = sum(s.count for s in found), sum(s.counted for s in found)
        self.offsets = np.cumsum([0, *(s.count for s in found)])
        self.lengths = None
        self.costs = spike_costs(setup.program)
        self.backend = chosen_kernels(setup.backend, neuron_steps(setup.program, setup.algorithm, self)).name
        self._few: Batch | None = None
        self._last: tuple[tuple[int, ...], Rows] | None = None
        self._keys = count()

    @property
    def largest(self) -> dict[str, float]:
        """The largest absolute value of each input."""
        own = [self.crew.summaries[k].largest for k in self.full]
        return {n: max(x[n] for x in own) for n in own[0]}

    @property
    def checksum(self) -> str:
        """Of all shards."""
        return " | ".join(s.checksum for s in self.crew.summaries)

    def take(self, index: Any, dtype: np.dtype[Any]) -> dict[str, Array]:
        """As :meth:`Samples.take`, fetched."""
        return {n: x.astype(dtype, copy=False) for n, x in self._rows(index)[0].items()}

    def lengths_of(self, index: Any) -> Array | None:
        """As :meth:`Samples.lengths_of`, fetched."""
        return self._rows(index)[2]

    def chunks(self, entries: int, widest: int) -> list[slice]:
        """As :meth:`Samples.chunks`."""
        size = max(1, entries // max(1, self.steps * widest))
        return [slice(k, min(k + size, self.count)) for k in range(0, self.count, size)]

    def batch(self, index: Any) -> Spread:
        """Samples picked from shards, by shard; all of them for a slice."""
        picks = index if isinstance(index, Mapping) else None
        shards = self.full if picks is None else tuple(picks)
        number = self.count if picks is None else sum(map(len, picks.values()))
        counted = self.counted * number / self.count
        script = Script(next(self._keys), self.steps, self.backend, (), picks, shards)
        return Spread(self.crew, self.executor.traffic, script, number, counted, self._looked().again())

    def again(self, batch: Spread) -> Spread:
        """The same samples, nothing found for them yet."""
        return self.batch(slice(None) if batch.script.picks is None else batch.script.picks)

    def epoch(self, rng: np.random.Generator, size: int) -> Iterator[tuple[float, Picks]]:
        """Batches of about ``size`` samples, and the share of the epoch before each.

        Shards are visited in an order drawn anew, as many at a time as there are workers, one of each; a batch takes its share
        of each of those, in an order drawn anew.
        """
        by_home: dict[int, list[int]] = {}
        for k in rng.permutation(self.full):
            by_home.setdefault(self.crew.homes[int(k)], []).append(int(k))
        done = 0
        for group in zip_longest(*by_home.values()):
            shards = [k for k in group if k is not None]
            sizes = [self.crew.summaries[k].count for k in shards]
            number = max(1, round(sum(sizes) / size))
            drawn = [np.array_split(rng.permutation(n), number) for n in sizes]
            for parts in zip(*drawn, strict=True):
                picks = {k: part for k, part in zip(shards, parts, strict=True) if len(part)}
                yield done / self.count, picks
                done += sum(map(len, parts))

    def start(self, seed: int) -> dict[str, Array]:
        """Starting weights, scaled where the first shard is."""
        (found,) = self.crew.each("start", {self.full[0]: ((self.steps, self.backend), seed)})
        return dict(found)

    def train(
        self, z: Weights, duals: Mapping[int, Weights], fade: float, seed: tuple[int, int]
    ) -> dict[int, dict[str, Array]]:
        """Each site's weights after a round of :class:`Federated` that starts from z."""
        made = (self.steps, self.backend)
        given = {k: (made, z, duals[k], fade, (*seed, k)) for k in self.full}
        return dict(zip(given, self.crew.each("trained", given), strict=True))

    def rolled(self, weights: Weights) -> Sums:
        """The sums of a rollout of all shards."""
        stage = Stage("roll", {"weights": weights, "last": True, "rates": True})
        return self.crew.ask(Script(next(self._keys), self.steps, self.backend, ((stage,),), None, self.full))

    def close(self) -> None:
        """Let go of the shards."""
        self.crew.close()

    def _looked(self) -> Batch:
        """The samples that flips are counted on."""
        if self._few is None:
            data, targets, lengths = self._rows(looked_at(self.count))
            self._few = Batch(data, targets, lengths)
        return self._few

    def _rows(self, index: Any) -> Rows:
        at = np.arange(self.count)[index]
        key = (int(at[0]), int(at[-1]), len(at))
        if self._last is None or self._last[0] != key:
            home = np.searchsorted(self.offsets, at, side="right") - 1
            wanted = {int(k): at[home == k] - self.offsets[k] for k in np.unique(home)}
            found = self.crew.each("rows", {k: (index,) for k, index in wanted.items()})
            data = {n: np.concatenate([d[n] for d, _, _ in found], 1) for n in found[0][0]}
            targets = {n: np.concatenate([y[n] for _, y, _ in found]) for n in found[0][1]}
            lengths = [np.asarray(x) for _, _, x in found if x is not None]
            self._last = key, (data, targets, np.concatenate(lengths) if lengths else None)
        return self._last[1]


def _agree(found: tuple[Summary, ...], full: tuple[int, ...]) -> None:
    """Raise where shards differ in what must be the same for all."""
    first = found[full[0]]
    for k in full[1:]:
        s = found[k]
        for what, a, b in (
            ("time steps", first.steps, s.steps),
            ("inputs held constant", first.constant, s.constant),
            ("real targets", first.real, s.real),
            ("lengths given", first.unequal, s.unequal),
        ):
            if a != b:
                raise DataError(f"shard {k}", f"{what}: {b}, but {a} in shard {full[0]}", "give all shards the same")
