"""Every block its exact minimiser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from snnopt.algorithms.kept import KeptAlgorithm
from snnopt.algorithms.settings import Duals, Start
from snnopt.algorithms.words import Net, Sweep
from snnopt.split import Box, Form, Order


@dataclass(frozen=True)
class ExactBlock(KeptAlgorithm):
    """``exact_block``: the published splitting with every block at its exact minimiser, all steps of time together.

    Spikes solve their box-constrained least squares, potentials the whole chain, outputs their closed chain; so the augmented
    Lagrangian never rises while the multiplier rests (during ``warm_up``). Losses on the largest potential and on counts are
    linearised, and a weight's copies have duals that move; with these it may.

    Parameters
    ----------
    chain : ``"exact"`` solves each neuron's whole chain of potentials, ``"coloured"`` even steps and then odd ones: a descent
        step that costs less, and less still with long series.
    start : ``"uniform"`` draws potentials and spikes from U[0, 1), ``"rollout"`` starts feasible.

    The rest as in :class:`KeptAlgorithm`.
    """

    start: Start = field(default="uniform", metadata={"choices": ("uniform", "rollout")})
    chain: Literal["exact", "coloured"] = field(default="exact", metadata={"choices": ("exact", "coloured")})

    name: ClassVar[str] = "exact_block"
    form: ClassVar[Form] = "difference"
    duals: ClassVar[Duals] = "output"
    summary: ClassVar[str] = "difference form, every block its exact minimiser, one multiplier"

    @property
    def order(self) -> Order:
        """The order in which potentials are solved for."""
        return "together" if self.chain == "exact" else "coloured"

    @property
    def box(self) -> Box:  # noqa: D102
        return "exact"

    def sweep(self, net: Net) -> Sweep:
        """From the output backward: spikes, potentials, weights of each layer."""
        yield net.readout
        for layer in reversed(net.hidden):
            yield layer.spikes
            yield layer.potentials
            yield layer.weights
        yield net.duals
