"""Rounds of consensus between sites: weights and scaled duals travel, samples do not."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import Federation
from snnopt.blocks import Binding
from snnopt.runtime.copies import WeightPenalties
from snnopt.runtime.forward import Wiring
from snnopt.runtime.history import Record
from snnopt.runtime.journal import Journal, blame, finite
from snnopt.runtime.loops.loop import ADVICE, Loop
from snnopt.runtime.shards.sharded import Sharded
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.status import Status
from snnopt.runtime.views import judged, loss_views

Array = NDArray[Any]
Weights = Mapping[str, Array]


class FederatedLoop(Loop):
    """``rounds`` rounds; each record is of a rollout of the weights agreed on, at every site."""

    def __init__(
        self,
        wiring: Wiring,
        bindings: tuple[Binding, ...],
        schedule: Federation,
        sites: Sharded,
        weights: dict[str, Array],
        journal: Journal,
        seed: int,
    ) -> None:
        self.wiring, self.schedule, self.sites, self.journal, self.seed = wiring, schedule, sites, journal, seed
        self.views = loss_views(wiring, sites.steps, bindings)
        self.penalties = WeightPenalties(wiring.program, bindings)
        self.z, self.done = weights, 0
        self.duals = {k: {n: np.zeros_like(w) for n, w in weights.items()} for k in sites.full}

    @property
    def weights(self) -> dict[str, Array]:  # noqa: D102
        return self.z

    def run(self) -> Generator[None, None, tuple[Status, str]]:  # noqa: D102
        rounds = self.schedule.rounds
        for k in range(self.done, rounds):
            found = self.sites.train(self.z, self.duals, 1 - k / rounds, (self.seed, k))
            for site, w in found.items():
                if not finite(w):
                    return Status.DIVERGED, blame(w, f"round {k} at site {site}", ADVICE)
            before, (self.z, self.duals) = self.z, self._agreed(found)
            self.done = k + 1
            self.journal.add(self._record(k, found, before), self.z, rounds - 1 - k)
            yield
            if self.journal.out_of_time:
                limit = self.journal.time_limit
                return Status.TIME_LIMIT, f"the time limit of {limit:g} s was met in round {k}"
        return Status.COMPLETED, f"ran the {rounds} rounds asked for"

    def _agreed(self, found: Mapping[int, Weights]) -> tuple[dict[str, Array], dict[int, dict[str, Array]]]:
        """The new z, and the new scaled duals."""
        share = {k: self.sites.crew.summaries[k].count / self.sites.count for k in found}
        z = {
            n: reduce(add, (share[k] * (own[n] + self.duals[k][n]) for k, own in found.items())).astype(w.dtype)
            for n, w in self.z.items()
        }
        step = self.schedule.dual_step
        duals = {
            k: {n: (u + step * (found[k][n] - z[n])).astype(u.dtype) for n, u in own.items()}
            for k, own in self.duals.items()
        }
        return z, duals

    def _record(self, k: int, found: Mapping[int, Weights], before: Weights) -> Record:
        """The row of a round: sites judge z; how far they are from it, and how far it moved (root mean squares)."""
        sums = self.sites.rolled(self.z)
        pairs = [(sums[f"rolled/{i}/loss"], sums[f"rolled/{i}/hits"]) for i in range(len(self.views))]
        loss, accuracy = judged(self.views, pairs, self.sites.count)
        program = self.wiring.program
        rates = {
            c.name: sums[f"{c.name}/spikes"] / (sums["counted"] * c.size)
            for c in program.couplings
            if c.dynamics.spiking
        }
        costs = self.sites.costs
        mean = sums["counted"] / self.sites.count
        spikes = sum(c * mean * program.by_name[n].size * rates[n] for n, c in costs.items())
        return Record(
            k,
            self.penalties(self.z) + spikes + loss,
            accuracy,
            rates,
            primal={"weights": rms(w[n] - self.z[n] for w in found.values() for n in w)},
            dual={"weights": self.schedule.pull * rms(self.z[n] - before[n] for n in before)},
        )

    def snapshot(self) -> Tree:  # noqa: D102
        return {"done": self.done, "z": self.z, "duals": {str(k): u for k, u in self.duals.items()}}

    def restore(self, tree: Tree) -> None:  # noqa: D102
        self.done, self.z = tree["done"], tree["z"]
        self.duals = {int(k): u for k, u in tree["duals"].items()}


def rms(terms: Any) -> float:
    """The root mean square of all entries of some arrays."""
    squares, entries = 0.0, 0
    for x in terms:
        squares, entries = squares + float(np.vdot(x, x)), entries + x.size
    return math.sqrt(squares / entries)
