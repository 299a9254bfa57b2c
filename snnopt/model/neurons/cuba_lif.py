"""Current-based leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from snnopt.model.connections.base import Connection
from snnopt.model.neurons.base import decay
from snnopt.model.neurons.reset import Spiking, check_spiking
from snnopt.program import StateSpace, state_space


@dataclass(frozen=True, eq=False)
class CubaLIF(Spiking):
    """``c[t] = alpha c[t-1] + i[t]``, ``v[t] = beta v[t-1] + c[t] - threshold s[t-1]`` (snnTorch's ``Synaptic``).

    Parameters
    ----------
    alpha, beta : decay of the synaptic current c and of the membrane v per step, in (0, 1].
    threshold : firing threshold in volts, > 0.
    reset_mechanism : ``"subtract"`` or ``"none"``.
    recurrent : a connection from the population's own last spikes, e.g. ``so.Dense()``.
    """

    alpha: ArrayLike = 0.8
    beta: ArrayLike = 0.9
    threshold: ArrayLike = 1.0
    reset_mechanism: Literal["subtract", "none"] = "subtract"
    recurrent: Connection | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        decay(self, "alpha", self.alpha)
        decay(self, "beta", self.beta)
        check_spiking(self)

    def state_space(self) -> StateSpace:
        """x = (v, c), A = [[beta, alpha], [0, alpha]], B = (1, 1), R = (-threshold, 0), C = (1, 0)."""
        alpha, beta = np.ravel(self.alpha), np.ravel(self.beta)
        return state_space(
            [[beta, alpha], [0.0, alpha]], [1.0, 1.0], [-self.reset, 0.0], [1.0, 0.0], self.theta, ("v", "c")
        )
