"""What spiking neurons share: the threshold, the reset, the feedback connection."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError, shown, unknown_name
from snnopt.model.connections.base import Connection, LearnedConnection
from snnopt.model.neurons.base import Neuron, parameter
from snnopt.program import StateSpace


class Spiking(Neuron):
    """A neuron whose membrane is lowered by its threshold after a spike, or not at all.

    Leaves declare, in the order of their signatures: ``threshold`` (volts, > 0), ``reset_mechanism`` (``"subtract"`` or
    ``"none"``) and ``recurrent`` (a connection from the population's own last spikes, e.g. ``so.Dense()``, or None).
    """

    threshold: ArrayLike
    reset_mechanism: Literal["subtract", "none"]
    recurrent: Connection | None

    spiking: ClassVar[bool] = True

    @abstractmethod
    def state_space(self) -> StateSpace:
        """Return the dynamics."""

    @property
    def recurrent_connection(self) -> Connection | None:
        """The connection given as ``recurrent``."""
        return self.recurrent

    @property
    def theta(self) -> NDArray[np.float64]:
        """The threshold, flat."""
        return np.ravel(np.asarray(self.threshold, np.float64))

    @property
    def reset(self) -> NDArray[np.float64]:
        """What a spike takes from the membrane at the next step, flat."""
        return np.zeros(1) if self.reset_mechanism == "none" else self.theta


def check_spiking(neuron: Spiking) -> None:
    """Raise unless threshold, reset mechanism and recurrent connection make sense."""
    parameter(neuron, "threshold", neuron.threshold, 0.0, np.inf, closed=False)
    mechanism: object = neuron.reset_mechanism
    if mechanism == "zero":
        raise ModelError(
            neuron.label,
            "a reset to zero multiplies spikes with potentials, so the neuron is not linear between spikes",
            "use reset_mechanism='subtract' (or 'none')",
        )
    if mechanism not in ("subtract", "none"):
        raise unknown_name(f"{neuron.label}: reset_mechanism", mechanism, ("subtract", "none"))
    if neuron.recurrent is not None and not isinstance(neuron.recurrent, LearnedConnection):
        fix = "give a connection, e.g. recurrent=so.Dense()"
        raise ModelError(neuron.label, f"recurrent = {shown(neuron.recurrent)}", fix)
