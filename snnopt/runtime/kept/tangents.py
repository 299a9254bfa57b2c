"""Linearised couplings: what blocks of spikes see of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.dynamics import Dynamics
from snnopt.runtime.kept.responses import Response
from snnopt.runtime.kept.state import State

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Tangent:
    """``<g, a - a_k> + tau/2 ||a - a_k||^2`` in place of ``f = rho/2 ||e + u||^2``, e = e_k - A (a - a_k), g = grad f(a_k).

    Attributes
    ----------
    dynamics : those that e is the residual of.
    response : A.
    rho : their penalty.
    tau : ``prox rho c^2``, c >= ``||A||``.
    """

    dynamics: Dynamics
    response: Response
    rho: float
    tau: float

    @property
    def name(self) -> str:
        """The layer whose dynamics these are."""
        return self.dynamics.coupling.name

    def gradient(self, state: State) -> Array:
        """``g = -rho A'(e + u)`` at the present spikes."""
        return np.asarray(-self.rho * self.response.adjoint(self.dynamics.residual_and_dual(state)))

    def mismatch(self, change: Array) -> Array:
        """By how much the slope of f exceeds that of its model after a change of the spikes, ``rho A'A da - tau da``."""
        return np.asarray(self.rho * self.response.adjoint(self.response.of(change)) - self.tau * change)
