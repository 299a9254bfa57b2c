"""Integrate-and-fire neuron without leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from snnopt.model.connections.base import Connection
from snnopt.model.neurons.reset import Spiking, check_spiking
from snnopt.program import StateSpace, state_space


@dataclass(frozen=True, eq=False)
class IF(Spiking):
    """``v[t] = v[t-1] + i[t] - threshold s[t-1]``: a LIF neuron with beta = 1.

    Parameters
    ----------
    threshold : firing threshold in volts, > 0.
    reset_mechanism : ``"subtract"`` or ``"none"``.
    recurrent : a connection from the population's own last spikes, e.g. ``so.Dense()``.
    """

    threshold: ArrayLike = 1.0
    reset_mechanism: Literal["subtract", "none"] = "subtract"
    recurrent: Connection | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        check_spiking(self)

    def state_space(self) -> StateSpace:
        """A = 1, B = 1, R = -threshold, C = 1."""
        return state_space([[1.0]], [1.0], [-self.reset], [1.0], self.theta, ("v",))
