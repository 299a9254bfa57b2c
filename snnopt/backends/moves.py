"""What is asked of spikes, and how potentials answer: the data of a pass back through time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends.windows import window_length

Array = NDArray[Any]
Move = Callable[[int, Array], Array]
"""From a step t and the demand on the spikes [N, n] to the wanted change of the potentials, in demand units."""


@dataclass(frozen=True, eq=False)
class Separable:
    """A demand ``profile[t] * value`` as a linear read-out makes it: profile [T, N or 1, n or 1], value [N, n]."""

    profile: Array
    value: Array

    def dense(self) -> Array:
        """The demand as an array [T, N, n]."""
        return self.profile * self.value


@dataclass(frozen=True, eq=False)
class HeldDemand:
    """A demand that is the same at all steps of a window: value [K, N, n], for ``steps`` steps."""

    value: Array
    steps: int

    @property
    def length(self) -> int:
        """Steps of a window."""
        return window_length(self.steps, len(self.value))

    def dense(self) -> Array:
        """The demand as an array [T, N, n]."""
        return np.repeat(self.value, self.length, axis=0)[: self.steps]


Demand = Array | Separable | HeldDemand


@dataclass(frozen=True, eq=False)
class Dithered:
    """The dithered step's move as data, ``da p(v - theta)`` with ``p(z) = max(0, 1 - |z|/w)/w``; ``rule`` has the formula."""

    rule: Any
    potentials: Array
    threshold: Any
    width: float

    def __call__(self, t: int, demand: Array) -> Array:  # noqa: D102
        return np.asarray(self.rule.move(demand, self.rule.slope(self.potentials[t], self.threshold, self.width), 1.0))


@dataclass(frozen=True, eq=False)
class Branches:
    """The exact step's move as data: rho times the way to the other side of the threshold where a flip pays, else 0."""

    rule: Any
    potentials: Array
    spikes: Array
    threshold: Any
    rho: float
    sigma: float

    def __call__(self, t: int, demand: Array) -> Array:  # noqa: D102
        dv = self.rule.move(self.potentials[t], self.spikes[t], demand, self.rho, self.sigma, self.threshold)
        return np.asarray(dv.dtype.type(self.rho) * dv)
