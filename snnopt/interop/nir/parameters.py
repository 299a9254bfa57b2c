"""The numbers of NIR's neurons, checked, and as decays and gains per step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError
from snnopt.interop.nir.parts import Parts
from snnopt.interop.nir.rounding import corrected

Array = NDArray[Any]
Method = Literal["euler", "exp"]

ROUNDING = 16
"""Units of rounding up to which numbers of a file are taken for equal."""


@dataclass(frozen=True, eq=False)
class Parameters:
    """Reads a graph's numbers for a time step ``dt``."""

    parts: Parts
    dt: float
    method: Method

    def integrator(self, name: str, shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
        """Decay, gain and constant current of an LI, LIF or I node."""
        r = self.array(name, "r", shape)
        if type(self.parts.nodes[name]).__name__ == "I":
            return np.ones(shape), r, np.zeros(shape)
        beta, taken = self.decay(name, "tau", "beta", shape)
        return beta, r * taken, taken * self.array(name, "v_leak", shape)

    def decay(self, name: str, what: str, ours: str, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """A time constant as a decay, and 1 - decay."""
        tau, where = self.array(name, what, shape), self.parts.where(name)
        if np.any(tau <= 0):
            raise ModelError(where, f"its {what} is not positive", "give time constants in seconds")
        ratio = self.dt / tau
        taken = ratio if self.method == "euler" else -np.expm1(-ratio)
        beta = corrected(1 - taken, self.parts.note(name, f"{ours}_steps"), scale=1.0)
        if np.any(beta <= 0):
            cause = f"dt = {self.dt:g} s is not shorter than its {what} of {float(tau.min()):g} s"
            raise ModelError(where, cause, "give the time step that it is meant for, dt=..., or method='exp'")
        return beta, taken

    def threshold(self, name: str, what: str, shape: tuple[int, ...]) -> Array:
        """Thresholds, all positive, [n]."""
        theta = self.array(name, what, shape).ravel()
        if np.any(theta <= 0):
            raise ModelError(self.parts.where(name), f"its {what} is not positive", "use thresholds above 0")
        return theta

    def shape(self, name: str, what: str) -> tuple[int, ...]:
        """The shape of a layer, which is that of any parameter."""
        shape = self.parts.numbers(name, what).shape
        if not shape or 0 in shape:
            fix = "give every parameter one value for each neuron"
            raise ModelError(self.parts.where(name), f"its {what} has shape {shape}", fix)
        return tuple(int(n) for n in shape)

    def array(self, name: str, what: str, shape: tuple[int, ...]) -> Array:
        """A parameter, one value for each neuron, in float64."""
        found = self.parts.numbers(name, what)
        if found.shape != shape:
            cause = f"its {what} has shape {found.shape}, other parameters {shape}"
            raise ModelError(self.parts.where(name), cause, "give every parameter one value for each neuron")
        return found.astype(np.float64)

    def snapped(self, name: str, gain: Array) -> Array:
        """The gain, exactly 1 where it is 1 but for the rounding of the node's numbers."""
        kinds = [np.asarray(a).dtype for a in vars(self.parts.nodes[name]).values() if isinstance(a, np.ndarray)]
        coarse = max((float(np.finfo(k).eps) for k in kinds if k.kind == "f"), default=float(np.finfo(np.float64).eps))
        return np.where(np.abs(gain - 1) <= ROUNDING * coarse, 1.0, gain)
