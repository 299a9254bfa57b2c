"""Samples that are elsewhere, in a sweep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from snnopt.runtime.batch import Batch
from snnopt.runtime.executors.base import Crew, Script, Traffic
from snnopt.runtime.sums.found import Found, Stage
from snnopt.runtime.sums.sums import Sums

if TYPE_CHECKING:
    from snnopt.runtime.sums.passes import Passes


@dataclass(eq=False)
class Spread(Found):
    """Samples of shards. Every stage is also run on ``few`` samples at hand, on which flips are counted."""

    crew: Crew
    traffic: Traffic
    script: Script
    number: int
    expected: float
    few: Batch

    def __post_init__(self) -> None:
        self.few.rho = self.rho

    @property
    def count(self) -> int:  # noqa: D102
        return self.number

    @property
    def counted(self) -> float:  # noqa: D102
        return float(self.totals.get("counted", self.expected))

    @property
    def looked(self) -> Batch:  # noqa: D102
        return self.few

    @property
    def together(self) -> bool:  # noqa: D102
        return True

    def firing_rate(self, layer: str) -> float:  # noqa: D102
        activity = self.few.activity[layer]
        return float(self.totals[f"{layer}/spikes"] / (self.counted * activity.potentials.shape[2]))

    def firing_rates(self) -> dict[str, float]:  # noqa: D102
        return {n: self.firing_rate(n) for n, a in self.few.activity.items() if a.spikes is not None}

    def take(self, layer: str, damping: float) -> None:  # noqa: D102
        self.few.taken = dict(self.taken)
        self.share_taken(layer, damping)
        self.few.take(layer, damping)

    def run(self, passes: Passes, stages: list[Stage]) -> Sums:  # noqa: D102
        self.script = replace(self.script, rounds=(*self.script.rounds, tuple(stages)))
        sums = self.crew.ask(self.script)
        self.traffic.rounds += 1
        self.traffic.down += sum(s.nbytes for s in stages)
        self.traffic.up += sums.nbytes
        for stage in stages:
            if stage.name != "weighed":
                self.few.run(passes, [stage])
        return sums
