"""Neuron equations to the state space of the intermediate form."""

from __future__ import annotations

import numpy as np

from snnopt.errors import ModelError
from snnopt.model.signal import Population
from snnopt.program import StateSpace


def lower_dynamics(population: Population, name: str) -> StateSpace:
    """Return the population's state space, with every array of one value or one per neuron."""
    space = population.neuron.state_space()
    for what, array in (("A", space.A), ("B", space.B), ("R", space.R), ("C", space.C)):
        if array.shape[-1] not in (1, population.size):
            raise ModelError(
                f"layer {name!r}",
                f"its dynamics ({what}) have {array.shape[-1]} values for {population.size} neurons",
                f"give parameters as one number or an array of shape {population.shape}",
            )
    if not np.any(kernel_reach(space)):
        raise ModelError(
            f"layer {name!r}", "its membrane potential never reads the current", "use the current in an equation"
        )
    return space


def kernel_reach(space: StateSpace) -> list[float]:
    """Return ``max |C A^k B|`` for k below the number of states: all zero if the current never reaches v."""
    x, out = space.B, []
    for _ in range(space.order):
        out.append(float(np.max(np.abs(np.sum(space.C * x, axis=0)))))
        x = np.sum(space.A * x[None], axis=1)
    return out
