"""Leaky integrator, the usual read-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from snnopt.model.neurons.base import Neuron, decay
from snnopt.program import StateSpace, state_space


@dataclass(frozen=True, eq=False)
class LI(Neuron):
    """``v[t] = beta v[t-1] + i[t]``, no spikes: the membrane potential itself is the output.

    Parameters
    ----------
    beta : decay per step, in (0, 1].
    """

    beta: ArrayLike = 0.9
    name: str | None = None

    spiking: ClassVar[bool] = False

    def __post_init__(self) -> None:
        decay(self, "beta", self.beta)

    def state_space(self) -> StateSpace:
        """A = beta, B = 1, R = 0, C = 1, no step."""
        return state_space([[np.ravel(self.beta)]], [1.0], [0.0], [1.0], None, ("v",))
