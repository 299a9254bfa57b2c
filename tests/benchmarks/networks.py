"""The README's model at any width and depth: what the main job and the speed suites train."""

from __future__ import annotations

from collections.abc import Sequence

import snnopt as so


def chain(inputs: int, hidden: Sequence[int], classes: int = 10, beta: float = 0.9) -> so.Problem:
    """Inputs, one LIF layer for each number in ``hidden``, leaky integrators judged by their mean potential."""
    x = so.Input(inputs, name="pixels")
    signal: so.Input | so.Population = x
    layers = []
    for k, width in enumerate(hidden, 1):
        layers.append(so.LIF(beta=beta, threshold=1.0, name=f"hidden{k}")(so.Dense(width)(signal)))
        signal = layers[-1]
    y = so.LI(beta=beta, name="readout")(so.Dense(classes)(signal))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean") + 1e-3 * so.L2(layers[0].weights))
