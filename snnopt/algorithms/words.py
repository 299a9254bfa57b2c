"""The words of a sweep: what an algorithm may ask the engine to update, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from typing import Literal, TypeVar

import numpy as np

from snnopt.errors import ModelError, shown, unknown_name
from snnopt.split import Block

WordKind = Literal["rollout", "readout", "demands", "spikes", "potentials", "weights", "duals"]
T = TypeVar("T")

UNDAMPED: dict[WordKind, str] = {
    "rollout": "leave it whole: what is halfway to a rollout is no rollout",
    "demands": "damp layer.potentials, which take them",
    "duals": "set dual_step, the step of the duals",
}
"""Words that are not the update of a block, and what to write instead of damping them."""


@dataclass(frozen=True)
class Word:
    """One update: ``kind``, the layer it is for (None: all), and the step of time (None: all together).

    ``damping`` is the share of the way from the old values to the block's new ones that is gone, 1 for all of it.
    """

    kind: WordKind
    layer: str | None = None
    step: int | None = None
    damping: float = 1.0

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Found once, as a sweep's words are looked up every time."""
        return hash((self.kind, self.layer, self.step, self.damping))

    @property
    def name(self) -> str:
        """How a sweep writes it, without the layer."""
        return self.kind if self.step is None else f"{self.kind}_at"

    def damped(self, damping: float) -> Word:
        """The same update, gone only a part of the way: ``x <- x_old + damping (x_new - x_old)``.

        x are all variables of the block (of ``net.readout``: of each of its blocks in turn). Weights under a constraint are
        damped before their copy is made of them, so that what a user gets keeps the constraint exactly.
        In sweeps from a rollout, potentials move from where the rollout has them; yielded again, from where they came to.

        Raises
        ------
        ModelError
            ``damping`` is outside (0, 1], or the word is not the update of a block.
        """
        where = f"{self.name!r}" if self.layer is None else f"{self.name!r} of {self.layer!r}"
        if self.kind in UNDAMPED:
            raise ModelError(where, "it is not the update of a block, and cannot be damped", UNDAMPED[self.kind])
        if not isinstance(damping, Real) or isinstance(damping, bool) or not 0 < float(damping) <= 1:
            raise ModelError(where, f"damped({shown(damping)})", "give a share in (0, 1]; 1 is the whole update")
        return replace(self, damping=float(damping))


@dataclass(frozen=True)
class Layer:
    """A layer, as a sweep sees it; outputs have no spikes."""

    name: str

    @cached_property
    def spikes(self) -> Word:
        """Solve for the spikes, at all steps together."""
        return Word("spikes", self.name)

    @cached_property
    def potentials(self) -> Word:
        """Solve for the potentials, at all steps together."""
        return Word("potentials", self.name)

    @cached_property
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
    """A network, as a sweep sees it; ``net["name"]`` is the layer of that name.

    Orders of layers are ``net.hidden`` (forward), ``reversed(net.hidden)`` and ``net.shuffled(net.hidden)``; orders of time
    :meth:`times` (random, the last step last), :meth:`forward_times` and :meth:`backward_times`.

    Attributes
    ----------
    hidden : layers between inputs and outputs, sources first.
    outputs : layers that a loss judges by their potentials.
    steps : T.
    rng : the run's random numbers: same seed, same orders.
    any_name : whether every name is taken for a layer's, which is for finding out the words of a sweep without a program.
    checked : words of a sweep that have been found to be words of its algorithm.
    """

    hidden: tuple[Layer, ...]
    outputs: tuple[Layer, ...] = ()
    steps: int = 1
    rng: np.random.Generator = field(default_factory=np.random.default_rng, repr=False)
    any_name: bool = field(default=False, repr=False)
    checked: set[Word] = field(default_factory=set, repr=False)

    rollout = Word("rollout")
    """Make potentials and spikes feasible for the present weights."""
    readout = Word("readout")
    """Solve for output potentials and read-out weights."""
    demands = Word("demands")
    """The adjoint pass: spikes and wanted potentials of every layer, before weights move."""
    duals = Word("duals")
    """Move the scaled duals along the residuals."""

    def __getitem__(self, name: str) -> Layer:
        layers = {layer.name: layer for layer in (*self.hidden, *self.outputs)}
        if name not in layers and not (self.any_name and isinstance(name, str)):
            raise unknown_name("layer of a sweep", name, layers)
        return layers.get(name, Layer(name))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in an order drawn anew."""
        return [items[k] for k in self.rng.permutation(len(items))]

    def times(self) -> list[int]:
        """All steps of time in an order drawn anew, the last one last."""
        return [*map(int, self.rng.permutation(self.steps - 1)), self.steps - 1]

    def forward_times(self) -> list[int]:
        """All steps of time, the first one first."""
        return list(range(self.steps))

    def backward_times(self) -> list[int]:
        """All steps of time, the last one first."""
        return list(reversed(range(self.steps)))

    @staticmethod
    def of(blocks: tuple[Block, ...], order: tuple[str, ...], steps: int, rng: np.random.Generator) -> Net:
        """The layers of a split program, in network order."""
        hidden = {b.layers[0] for b in blocks if b.kind == "potentials"}
        outputs = {name for b in blocks if b.kind in ("outputs", "readout") for name in b.layers}
        first, last = (tuple(Layer(n) for n in order if n in kind) for kind in (hidden, outputs))
        return Net(first, last, steps, rng)


Sweep = Iterator[Word]
"""What :meth:`Algorithm.sweep` yields, in order: which block is updated next."""
