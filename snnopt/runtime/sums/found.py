"""What a sweep has found for the samples it works on, wherever those are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from snnopt.runtime.sums.sums import Sums, payload

if TYPE_CHECKING:
    from snnopt.runtime.batch import Batch
    from snnopt.runtime.sums.passes import Passes

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Stage:
    """A part of a pass over samples, a method of :class:`Passes`, with the weights and numbers that it needs."""

    name: str
    given: Mapping[str, Any]

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers in it."""
        return payload(self.given)


@dataclass(eq=False, kw_only=True)
class Found(ABC):
    """Samples in a sweep: numbers that are about all of them, and a way to ask for more.

    Attributes
    ----------
    loss, accuracy : of the rollout, before the sweep's updates.
    solved_loss, solved_accuracy, solved : the same after the read-outs are solved, and the weights at that point.
    rho : the penalties chosen, by layer.
    taken : share of its move that a layer's potentials have taken since the demands were passed, where it is not all.
    promises : a function for each update made, which finds the decrease of the objective that its model promises.
    totals : all sums asked for, by name.
    told : the weights that the samples were last rolled out with, or were told of since.
    stale : whether read-outs were solved since their sums were made.
    """

    loss: float = float("nan")
    accuracy: float = float("nan")
    solved_loss: float = float("nan")
    solved_accuracy: float = float("nan")
    solved: dict[str, Array] = field(default_factory=dict)
    rho: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    promises: list[Callable[[], float]] = field(default_factory=list, repr=False)
    totals: dict[str, Any] = field(default_factory=dict, repr=False)
    told: Mapping[str, Array] = field(default_factory=dict, repr=False)
    stale: bool = False
    waiting: list[Stage] = field(default_factory=list, repr=False)

    @property
    @abstractmethod
    def count(self) -> int:
        """Number of samples."""

    @property
    @abstractmethod
    def counted(self) -> float:
        """Number of steps of samples that count."""

    @property
    @abstractmethod
    def looked(self) -> Batch:
        """The samples, or some that are at hand, to look at single spikes of."""

    @property
    @abstractmethod
    def together(self) -> bool:
        """Whether asking is dear, so that what is needed later is asked for beforehand."""

    @abstractmethod
    def firing_rate(self, layer: str) -> float:
        """Spikes per neuron and step of one layer."""

    @abstractmethod
    def firing_rates(self) -> dict[str, float]:
        """Spikes per neuron and step, by layer."""

    @abstractmethod
    def take(self, layer: str, damping: float) -> None:
        """Move a layer's potentials by ``damping`` of what they have left of the move that is asked for."""

    @abstractmethod
    def run(self, passes: Passes, stages: list[Stage]) -> Sums:
        """Run these stages on all samples, in one round, and return the sums of them all."""

    @property
    def promised(self) -> float:
        """Decrease of the objective that the models promise for all updates made since the rollout."""
        return sum(promise() for promise in self.promises)

    def share_taken(self, layer: str, damping: float) -> float:
        """Note that a layer's potentials go ``damping`` of the way that is left, and return how far they then are."""
        before = self.taken.get(layer, 0.0)
        self.taken[layer] = before + damping * (1 - before)
        return self.taken[layer]

    def later(self, name: str, **given: Any) -> None:
        """Have a stage run with the next round."""
        self.waiting.append(Stage(name, given))

    def ask(self, passes: Passes, name: str, **given: Any) -> dict[str, Any]:
        """Run a stage, after those that wait, and return all totals so far."""
        self.later(name, **given)
        return self.settle(passes)

    def settle(self, passes: Passes) -> dict[str, Any]:
        """Run the stages that wait, in one round, and return all totals so far."""
        if self.waiting:
            stages, self.waiting = self.waiting, []
            self.totals.update(self.run(passes, stages).values)
        return self.totals
