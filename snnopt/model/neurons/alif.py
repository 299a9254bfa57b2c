"""Adaptive leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from snnopt.model.connections.base import Connection
from snnopt.model.neurons.base import decay, parameter
from snnopt.model.neurons.reset import Spiking, check_spiking
from snnopt.program import StateSpace, state_space


@dataclass(frozen=True, eq=False)
class ALIF(Spiking):
    """A LIF neuron whose threshold rises with each spike and falls back slowly.

    ``m[t] = beta m[t-1] + i[t] - threshold s[t-1]``, ``a[t] = beta_adaptation a[t-1] + s[t-1]``, and it fires where
    ``m[t] > threshold + gamma a[t]`` (a: the adaptation). As a state space the potential is ``v = m - gamma a`` against a
    fixed threshold.

    Parameters
    ----------
    beta : membrane decay per step, in (0, 1].
    threshold : resting threshold in volts, > 0.
    beta_adaptation : decay of the adaptation per step, in (0, 1].
    gamma : rise of the threshold per spike in volts, > 0.
    reset_mechanism : ``"subtract"`` or ``"none"``.
    recurrent : a connection from the population's own last spikes, e.g. ``so.Dense()``.
    """

    beta: ArrayLike = 0.9
    threshold: ArrayLike = 1.0
    beta_adaptation: ArrayLike = 0.98
    gamma: ArrayLike = 0.05
    reset_mechanism: Literal["subtract", "none"] = "subtract"
    recurrent: Connection | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        decay(self, "beta", self.beta)
        decay(self, "beta_adaptation", self.beta_adaptation)
        parameter(self, "gamma", self.gamma, 0.0, np.inf, closed=False)
        check_spiking(self)

    def state_space(self) -> StateSpace:
        """x = (m, a), A = diag(beta, beta_adaptation), B = (1, 0), R = (-threshold, 1), C = (1, -gamma)."""
        beta, slow, gamma = np.ravel(self.beta), np.ravel(self.beta_adaptation), np.ravel(self.gamma)
        return state_space(
            [[beta, 0.0], [0.0, slow]], [1.0, 0.0], [-self.reset, 1.0], [1.0, -gamma], self.theta, ("m", "adaptation")
        )
