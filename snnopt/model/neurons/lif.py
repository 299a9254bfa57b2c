"""Leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from snnopt.model.connections.base import Connection, yes_or_no
from snnopt.model.neurons.base import decay
from snnopt.model.neurons.reset import Spiking, check_spiking
from snnopt.program import StateSpace, state_space


@dataclass(frozen=True, eq=False)
class LIF(Spiking):
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

    def __post_init__(self) -> None:
        decay(self, "beta", self.beta)
        yes_or_no(self.label, "reset_delay", self.reset_delay)
        check_spiking(self)

    def state_space(self) -> StateSpace:
        """A = beta, B = 1, R = -threshold (-beta threshold without delay, 0 without reset), C = 1."""
        beta = np.ravel(np.asarray(self.beta, np.float64))
        reset = self.reset if self.reset_delay else beta * self.reset
        return state_space([[beta]], [1.0], [-reset], [1.0], self.theta, ("v",))
