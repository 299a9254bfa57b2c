"""The variables that an ADMM keeps from iteration to iteration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.forward import Wiring, rollout

Array = NDArray[Any]


@dataclass(eq=False)
class State:
    """Potentials, spikes and scaled duals by layer, [T, N, n]; weights as matrices by name.

    Arrays are replaced, never written into, except while a sweep goes step by step through one layer. A dual that has never
    moved is missing, and stands for zero.

    Attributes
    ----------
    inputs, targets : the data.
    v, a : potentials of every layer, spikes of the hidden ones.
    u, w : scaled duals of the dynamics, of the step couplings.
    """

    weights: dict[str, Array]
    inputs: dict[str, Array]
    targets: dict[str, Array]
    steps: int
    v: dict[str, Array] = field(default_factory=dict)
    a: dict[str, Array] = field(default_factory=dict)
    u: dict[str, Array] = field(default_factory=dict)
    w: dict[str, Array] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of samples."""
        return next(iter(self.inputs.values())).shape[1]

    @property
    def signals(self) -> dict[str, Array]:
        """What layers read: inputs, and spikes."""
        return self.inputs | self.a

    def roll_out(self, wiring: Wiring) -> None:
        """Make potentials and spikes feasible for the present weights; duals start at zero."""
        activity = rollout(wiring, self.weights, self.inputs, self.steps)
        self.v = {n: x.potentials for n, x in activity.items()}
        self.a = {n: x.spikes for n, x in activity.items() if x.spikes is not None}
        self.u, self.w = {}, {}

    def scatter(self, wiring: Wiring, rng: np.random.Generator) -> None:
        """Draw potentials and spikes uniformly from [0, 1), as published."""
        for c in wiring.program.couplings:
            shape = (self.steps, self.count, c.size)
            self.v[c.name] = rng.random(shape).astype(wiring.dtype)
            if c.dynamics.spiking:
                self.a[c.name] = rng.random(shape).astype(wiring.dtype)
        self.u, self.w = {}, {}
