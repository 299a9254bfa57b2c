"""The words of a sweep: what an algorithm may ask the engine to update, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from snnopt.split import Block

WordKind = Literal["rollout", "readout", "demands", "potentials", "weights"]


@dataclass(frozen=True)
class Word:
    """One update: ``kind``, and the layer it is for (None: all)."""

    kind: WordKind
    layer: str | None = None


@dataclass(frozen=True)
class Layer:
    """A hidden layer, as a sweep sees it."""

    name: str

    @property
    def potentials(self) -> Word:
        """Choose the penalty and move the potentials."""
        return Word("potentials", self.name)

    @property
    def weights(self) -> Word:
        """Solve for the weights into the layer."""
        return Word("weights", self.name)


@dataclass(frozen=True)
class Net:
    """A network, as a sweep sees it."""

    hidden: tuple[Layer, ...]

    rollout = Word("rollout")
    """Make potentials and spikes feasible for the present weights."""
    readout = Word("readout")
    """Solve for output potentials and read-out weights."""
    demands = Word("demands")
    """The adjoint pass: spikes and wanted potentials of every layer, before weights move."""

    @staticmethod
    def of(blocks: tuple[Block, ...], order: tuple[str, ...]) -> Net:
        """The hidden layers of a split program, in network order."""
        spiking = {b.layers[0] for b in blocks if b.kind == "potentials"}
        return Net(tuple(Layer(n) for n in order if n in spiking))


Sweep = Iterator[Word]
