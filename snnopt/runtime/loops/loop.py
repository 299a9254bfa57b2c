"""What a loop must be, and what loops that start from rollouts share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Any

from numpy.typing import NDArray

from snnopt.algorithms import Net, RolloutAlgorithm
from snnopt.runtime.journal import Journal
from snnopt.runtime.loops.at_hand import AtHand
from snnopt.runtime.revive import revive
from snnopt.runtime.shards.sharded import Sharded
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.status import Status
from snnopt.runtime.sums.found import Found
from snnopt.runtime.sweeper import Sweeper

Array = NDArray[Any]

ADVICE = "Lower the algorithm's step or raise its ridge, and check the scale of the data"


class Loop(ABC):
    """Iterates to a status. ``weights`` are the last finite iterate's at any time."""

    @property
    @abstractmethod
    def weights(self) -> dict[str, Array]:
        """The last finite iterate, as matrices by name."""

    @abstractmethod
    def run(self) -> Generator[None, None, tuple[Status, str]]:
        """Iterate, and yield after each record; return why it stopped, in a word and in a sentence."""

    @abstractmethod
    def snapshot(self) -> Tree:
        """What the next iteration depends on, as plain data. Its arrays are never written into."""

    @abstractmethod
    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""


class Rollouts:
    """Samples, and the sweeps of an algorithm that rolls the network out in every one."""

    def __init__(
        self, algorithm: RolloutAlgorithm, sweeper: Sweeper, net: Net, source: AtHand | Sharded, journal: Journal
    ) -> None:
        self.algorithm, self.sweeper, self.net, self.journal = algorithm, sweeper, net, journal
        self.source: Any = source

    def sweep(self, batch: Found) -> None:
        """One sweep of the algorithm; one that fails leaves the weights as they were."""
        before = self.sweeper.weights
        try:
            for word in self.algorithm.updates(self.net):
                self.sweeper.run(word, batch)
            self.sweeper.settle(batch)
        except BaseException:  # an interrupt too: what is returned must be the weights of some record
            self.sweeper.weights = before
            raise

    def look_after(self, batch: Found) -> None:
        """Name silent and saturated layers, and wake the silent ones."""
        for layer, rate in batch.firing_rates().items():
            if 0 < rate < 1:
                continue
            what = "is silent" if rate == 0 else "fires at every step"
            self.journal.note(
                f"layer {layer!r} {what} on a whole batch ({len(self.journal.records)} records in); its bias is moved. If "
                "this repeats, check the scale of its input, its threshold, or lower the algorithm's step"
            )
            coupling = self.sweeper.program.by_name[layer]
            self.sweeper.weights = revive(coupling, self.sweeper.weights, rate == 0, self.source.steps)
