"""Who works on shards: reads them, checks them, runs scripts on them, and keeps what fits its memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import kernels_named
from snnopt.errors import SnnoptError
from snnopt.runtime.batch import Batch
from snnopt.runtime.checkpoints import checksum
from snnopt.runtime.data import Samples, check_inputs, check_targets, largest_of
from snnopt.runtime.executors.base import Rows, Setup, Summary
from snnopt.runtime.executors.site import trained
from snnopt.runtime.forward import Wiring
from snnopt.runtime.initial import starting_weights
from snnopt.runtime.shards.parts import Part
from snnopt.runtime.sums.found import Stage
from snnopt.runtime.sums.passes import Passes
from snnopt.runtime.sums.sums import Sums
from snnopt.runtime.workspace import Workspace

Array = NDArray[Any]


@dataclass(eq=False)
class Kept:
    """A shard's arrays, and how far a script has come on them."""

    samples: Samples
    targets: dict[str, Array]
    workspace: Workspace
    whole: Batch | None = None
    batch: Batch | None = None
    key: int = -1
    done: int = 0


class Worker:
    """One process's part of a run. Calls are taken one at a time; ``memory`` is for what is kept, in bytes."""

    def __init__(self, setup: Setup, memory: float) -> None:
        self.setup = setup
        self.dtype = np.dtype(setup.algorithm.dtype)
        self.passes: dict[tuple[int, str], Passes] = {}
        self.kept: dict[int, Kept] = {}
        self.room, self.lock = memory, threading.Lock()
        self.scratch = Workspace()
        self.passing: tuple[int, Kept] | None = None

    def summary(self, k: int, part: Part) -> Summary:
        """Read and check a shard.

        Raises
        ------
        DataError, FileError
            As for data at hand; the message names the shard.
        """
        with self.lock:
            kept = self._get(k, part)
            if kept is None:
                return Summary(0)
            s = kept.samples
            counted = s.steps * s.count if s.lengths is None else int(s.lengths.sum())
            real = {n: y.ndim == 2 for n, y in kept.targets.items()}
            crc, unequal = checksum(s, kept.targets), s.lengths is not None
            return Summary(s.count, s.steps, counted, unequal, dict(s.constant), real, largest_of(s), crc)

    def run(
        self,
        k: int,
        part: Part,
        key: int,
        made: tuple[int, str],
        picks: Array | None,
        first: int,
        rounds: Sequence[Sequence[Stage]],
    ) -> Sums | None:
        """Run the last of ``rounds`` on a shard, after those before it that were not run here yet.

        Parameters
        ----------
        made : number of steps, and backend.
        picks : the samples, None for all.
        first : number of the first of ``rounds``. Where it is not 0, and those before it were not run here, there is no answer.
        """
        with self.lock, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            kept = self._get(k, part)
            assert kept is not None, "empty shards are asked for nothing"
            if kept.key != key or not first <= kept.done < first + len(rounds):
                if first:
                    return None
                kept.batch, kept.key, kept.done = self._batch(kept, picks), key, 0
            assert kept.batch is not None
            passes = self._passes(*made)
            for stages in rounds[kept.done - first : -1]:
                kept.batch.run(passes, list(stages))
            sums = kept.batch.run(passes, list(rounds[-1]))
            kept.done = first + len(rounds)
            if k not in self.kept:
                self._keep(k, kept)
            return sums

    def rows(self, k: int, part: Part, index: Array) -> Rows:
        """Some samples of a shard."""
        with self.lock:
            kept = self._get(k, part)
            assert kept is not None
            data = kept.samples.take(index, self.dtype)
            return data, {n: y[index] for n, y in kept.targets.items()}, kept.samples.lengths_of(index)

    def start(self, k: int, part: Part, made: tuple[int, str], seed: int) -> dict[str, Array]:
        """Starting weights, scaled on this shard."""
        with self.lock:
            kept = self._get(k, part)
            assert kept is not None
            return starting_weights(self._passes(*made).wiring, kept.samples, seed)

    def trained(self, k: int, part: Part, made: tuple[int, str], *given: Any) -> dict[str, Array]:
        """A site's weights after a round of :class:`Federated`."""
        with self.lock, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            kept = self._get(k, part)
            assert kept is not None
            return trained(self.setup, self._passes(*made).wiring, kept.samples, kept.targets, *given)

    def _batch(self, kept: Kept, picks: Array | None) -> Batch:
        if picks is not None:
            data, targets = kept.samples.take(picks, self.dtype), {n: y[picks] for n, y in kept.targets.items()}
            return Batch(data, targets, kept.samples.lengths_of(picks), workspace=kept.workspace)
        if kept.whole is None:
            data = kept.samples.take(slice(None), self.dtype)
            kept.whole = Batch(data, kept.targets, kept.samples.lengths, workspace=kept.workspace)
        return kept.whole.again(kept.workspace)

    def _get(self, k: int, part: Part) -> Kept | None:
        """The shard: kept, or the last one that passed, or read anew; None if it is empty."""
        if k in self.kept:
            return self.kept[k]
        if self.passing is not None and self.passing[0] == k:
            return self.passing[1]
        self.passing = None
        data, targets, lengths = part.read()
        if _empty(self.setup.program.inputs[0], data):
            return None
        try:
            samples = check_inputs(self.setup.program, data, self.setup.timesteps, lengths)
            first = next(iter(samples.arrays.values()))
            checked = check_targets(self.setup.program, targets, samples.count, first.shape)
        except SnnoptError as error:
            raise type(error)(f"{part.where or f'shard {k}'}, {error.where}", error.cause, error.fix) from None
        kept = Kept(replace(samples), checked, self.scratch)
        self.passing = (k, kept)
        return kept

    def _keep(self, k: int, kept: Kept) -> None:
        """Keep a shard for good, with arrays of its own, if there is room."""
        cost = self._cost(kept.samples)
        if cost <= self.room:
            self.room -= cost
            self.kept[k] = kept
            if self.scratch is kept.workspace:
                self.scratch = Workspace()
            self.passing = None

    def _cost(self, samples: Samples) -> float:
        """Bytes of a shard and of what a sweep finds for it: inputs twice, and four arrays for each layer."""
        entries = sum(2 * x.size for x in samples.arrays.values())
        entries += 4 * samples.steps * samples.count * sum(c.size for c in self.setup.program.couplings)
        return float(entries * self.dtype.itemsize)

    def _passes(self, steps: int, backend: str) -> Passes:
        if (steps, backend) not in self.passes:
            s = self.setup
            wiring = Wiring(s.program, self.dtype, kernels_named(backend))
            self.passes[steps, backend] = Passes(wiring, s.bindings, s.algorithm, steps, s.couplings)
        return self.passes[steps, backend]


def _empty(v: Any, data: Any) -> bool:
    """Whether a shard has no samples; whatever else it is, its check will say."""
    x = data.get(v.name) if isinstance(data, dict) else data
    shape: Any = getattr(x, "shape", (len(x),) if isinstance(x, list | tuple) else ())
    at = len(shape) - len(v.shape) - 1
    return shape == (0,) or (at in (0, 1) and shape[at] == 0)
