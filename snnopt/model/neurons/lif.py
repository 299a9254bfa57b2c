"""Leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from snnopt.errors import ModelError, shown, unknown_name
from snnopt.model.connections.base import Connection, LearnedConnection, yes_or_no
from snnopt.model.neurons.base import Neuron, decay, parameter
from snnopt.program import StateSpace, state_space


@dataclass(frozen=True, eq=False)
class LIF(Neuron):
    """``v[t] = beta v[t-1] + i[t] - reset s[t-1]``, ``s[t] = 1`` where ``v[t] > threshold``.

    Equal to ``snntorch.Leaky(beta, threshold, reset_mechanism="subtract", reset_delay=True)`` by default.

    Parameters
    ----------
    beta : membrane decay per step, in (0, 1]; ``exp(-dt/tau)``.
    threshold : firing threshold in volts, > 0.
    reset_mechanism : ``"subtract"`` lowers the membrane by the threshold after a spike, ``"none"`` leaves it.
    reset_delay : True resets one step late (snnTorch: reset = threshold); False within the step, before the decay
        (Norse's and SpikingJelly's soft reset: reset = beta threshold).
    recurrent : a connection from the population's own spikes of the last step, e.g. ``so.Dense()``; it has no bias.
    """

    beta: ArrayLike = 0.9
    threshold: ArrayLike = 1.0
    reset_mechanism: Literal["subtract", "none"] = "subtract"
    reset_delay: bool = True
    recurrent: Connection | None = None
    name: str | None = None

    spiking: ClassVar[bool] = True

    def __post_init__(self) -> None:
        decay(self, "beta", self.beta)
        parameter(self, "threshold", self.threshold, 0.0, np.inf, closed=False)
        if str(self.reset_mechanism) == "zero":
            raise ModelError(
                self.label,
                "a reset to zero multiplies spikes with potentials, so the neuron is not linear between spikes",
                "use reset_mechanism='subtract' (or 'none')",
            )
        if self.reset_mechanism not in ("subtract", "none"):
            raise unknown_name(f"{self.label}: reset_mechanism", self.reset_mechanism, ("subtract", "none"))
        yes_or_no(self.label, "reset_delay", self.reset_delay)
        if self.recurrent is not None and not isinstance(self.recurrent, LearnedConnection):
            raise ModelError(
                self.label, f"recurrent = {shown(self.recurrent)}", "give a connection, e.g. recurrent=so.Dense()"
            )

    @property
    def recurrent_connection(self) -> Connection | None:
        """The connection given as ``recurrent``."""
        return self.recurrent

    def state_space(self) -> StateSpace:
        """A = beta, B = 1, R = -threshold (-beta threshold without delay, 0 without reset), C = 1."""
        beta, theta = np.asarray(self.beta, np.float64), np.asarray(self.threshold, np.float64)
        reset = np.zeros(1) if self.reset_mechanism == "none" else theta if self.reset_delay else beta * theta
        return state_space([[beta.ravel()]], [1.0], [-reset.ravel()], [1.0], theta.ravel(), ("v",))
