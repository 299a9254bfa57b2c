"""Potential blocks: whole chains of hidden layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import Binding
from snnopt.runtime.kept.dynamics import Dynamics
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.state import State

Array = NDArray[Any]


class PotentialSolver:
    """The potentials of one hidden layer, at all steps together, or at even steps and then at odd ones."""

    def __init__(self, binding: Binding, dynamics: dict[str, Dynamics], penalties: Penalties) -> None:
        self.rule: Any = binding.rule
        self.coloured = binding.block.order == "coloured"
        self.name = binding.block.layers[0]
        self.dynamics, self.penalties = dynamics[self.name], penalties
        self.threshold = self.dynamics.threshold

    def update(self, state: State) -> None:
        """Solve for the potentials."""
        h, w = self.dynamics.drive(state), state.w.get(self.name)
        target = state.a[self.name] if w is None else state.a[self.name] + w
        rho, sigma = self.penalties.rho(self.name), self.penalties.sigma(self.name)
        numbers = (h, target, self.dynamics.beta, rho, sigma, self.threshold)
        if self.coloured:
            v = state.v[self.name]
            for parity in (0, 1):
                v = self.rule.solve(v, *numbers, parity)
        else:
            v = self.rule.solve(*numbers)
        state.v = state.v | {self.name: np.asarray(v)}
