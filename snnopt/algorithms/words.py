"""The words of a sweep: what an algorithm may ask the engine to update, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np

from snnopt.split import Block

WordKind = Literal["rollout", "readout", "demands", "spikes", "potentials", "weights", "duals"]
T = TypeVar("T")


@dataclass(frozen=True)
class Word:
    """One update: ``kind``, the layer it is for (None: all), and the step of time (None: all together)."""

    kind: WordKind
    layer: str | None = None
    step: int | None = None

    @property
    def name(self) -> str:
        """How a sweep writes it, without the layer."""
        return self.kind if self.step is None else f"{self.kind}_at"


@dataclass(frozen=True)
class Layer:
    """A layer, as a sweep sees it; outputs have no spikes."""

    name: str

    @property
    def spikes(self) -> Word:
        """Solve for the spikes, at all steps together."""
        return Word("spikes", self.name)

    @property
    def potentials(self) -> Word:
        """Solve for the potentials, at all steps together."""
        return Word("potentials", self.name)

    @property
    def weights(self) -> Word:
        """Solve for the weights into the layer."""
        return Word("weights", self.name)

    def spikes_at(self, step: int) -> Word:
        """Solve for the spikes at one step."""
        return Word("spikes", self.name, step)

    def potentials_at(self, step: int) -> Word:
        """Solve for the potentials at one step."""
        return Word("potentials", self.name, step)


@dataclass(frozen=True, eq=False)
class Net:
    """A network, as a sweep sees it.

    Attributes
    ----------
    hidden : layers between inputs and outputs, sources first.
    outputs : layers that a loss judges by their potentials.
    steps : T.
    """

    hidden: tuple[Layer, ...]
    outputs: tuple[Layer, ...] = ()
    steps: int = 1
    rng: np.random.Generator = field(default_factory=np.random.default_rng, repr=False)

    rollout = Word("rollout")
    """Make potentials and spikes feasible for the present weights."""
    readout = Word("readout")
    """Solve for output potentials and read-out weights."""
    demands = Word("demands")
    """The adjoint pass: spikes and wanted potentials of every layer, before weights move."""
    duals = Word("duals")
    """Move the scaled duals along the residuals."""

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in an order drawn anew."""
        return [items[k] for k in self.rng.permutation(len(items))]

    def times(self) -> list[int]:
        """All steps of time in an order drawn anew, the last one last."""
        return [*map(int, self.rng.permutation(self.steps - 1)), self.steps - 1]

    @staticmethod
    def of(blocks: tuple[Block, ...], order: tuple[str, ...], steps: int, rng: np.random.Generator) -> Net:
        """The layers of a split program, in network order."""
        hidden = {b.layers[0] for b in blocks if b.kind == "potentials"}
        outputs = {name for b in blocks if b.kind in ("outputs", "readout") for name in b.layers}
        first, last = (tuple(Layer(n) for n in order if n in kind) for kind in (hidden, outputs))
        return Net(first, last, steps, rng)


Sweep = Iterator[Word]
