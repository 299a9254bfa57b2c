"""What all losses share: the read-out they see, and over which steps."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, cast

from snnopt.errors import ModelError, shown, unknown_name
from snnopt.model.naming import ALONE, Names
from snnopt.model.objective import ObjectiveTerm
from snnopt.model.signal import Population, describe, no_layer
from snnopt.program import Over

NAMED = ("mean", "last", "max", "count")


@dataclass(frozen=True)
class Window:
    """The mean over the last ``steps`` time steps."""

    steps: int

    def __post_init__(self) -> None:
        if not isinstance(self.steps, int) or isinstance(self.steps, bool) or self.steps < 1:
            raise ModelError("Window", f"steps = {self.steps!r}", "give a whole number of at least 1")


@dataclass(frozen=True, eq=False)
class Loss(ObjectiveTerm):
    """A loss on a read-out, mean over samples.

    Parameters
    ----------
    output : the layer whose output is judged.
    over : which number per unit the loss sees: ``"mean"`` or ``"last"`` membrane potential, ``so.Window(k)`` (mean
        of the last k steps), ``"max"`` (largest membrane) or ``"count"`` (number of spikes).
    """

    kind: ClassVar[str]
    output: Population
    over: str | Window = "mean"

    def __post_init__(self) -> None:
        name = type(self).__name__
        if not isinstance(self.output, Population):
            fix = "pass the network's output layer itself, e.g. y = so.LI()(...)"
            raise ModelError(name, f"{shown(self.output)} is {no_layer(self.output)}", fix)
        if not isinstance(self.over, Window) and self.over not in NAMED:
            raise unknown_name(f"{name}({describe(self.output)}): over", self.over, (*NAMED, "so.Window(k)"))
        if self.over == "count" and not self.output.neuron.spiking:
            raise ModelError(
                f"{name}({describe(self.output)})",
                "over='count' counts spikes, but the layer does not spike",
                "use over='mean', or make the output a spiking layer such as so.LIF()",
            )
        if self.over != "count" and self.output.neuron.spiking:
            raise ModelError(
                f"{name}({describe(self.output)})",
                f"over={self.over!r} reads a membrane potential, but the layer spikes and resets",
                "use over='count', or end the network in a read-out such as so.LI(beta=0.9)(so.Dense(10)(h))",
            )

    @property
    def population(self) -> Population:
        """The output layer."""
        return self.output

    @property
    def lowered_over(self) -> Over:
        """The functional as the intermediate form writes it."""
        if isinstance(self.over, Window):
            return ("window", self.over.steps)
        return cast("Over", (self.over, 0))

    @abstractmethod
    def formula(self, names: Names = ALONE) -> str:
        """The loss as mathematics, in plain text."""

    def argument(self, names: Names = ALONE) -> str:
        """The loss's argument as mathematics, in plain text."""
        name = names.of(self.output, "output")
        over = f"mean_last_{self.over.steps}" if isinstance(self.over, Window) else f"{self.over}_t"
        return f"{over} {'s' if self.over == 'count' else 'v'}[{name}]"
