"""Handwritten digits, 8 x 8 pixels held constant as input currents, through fully connected spiking layers.

Measured: 98.6, 98.9 and 99.2% test accuracy with seeds 0, 1 and 2, in half a second; a random hidden layer with a ridge read-out
reaches 93.6, 93.3 and 92.5%. With three hidden layers 99.2, 98.6 and 98.6%, beside 83.1, 81.9 and 76.4% (the commands below,
with ``--seed``; the README has means over splits, and competitors).

    snnopt train models/digits_mlp.py
    snnopt train models/digits_mlp.py --hidden 100 100 100
"""

from collections.abc import Callable, Sequence

import snnopt as so

DATA = "digits"
TIMESTEPS = 10


def build(
    hidden: Sequence[int] = (100,),
    beta: float = 0.9,
    threshold: float = 1.0,
    weight_decay: float = 1e-3,
    neuron: Callable[..., so.Neuron] = so.LIF,
    inputs: int = 64,
    classes: int = 10,
) -> so.Problem:
    """64 pixels, one spiking layer for each number in ``hidden``, 10 leaky integrators.

    Parameters
    ----------
    hidden : neurons in each hidden layer, first to last.
    beta : membrane decay per step of every layer.
    threshold : firing threshold of the hidden layers.
    weight_decay : scale of the L2 penalty on each hidden layer's weights.
    neuron : what the hidden layers are made of: ``so.LIF``, ``so.ALIF``, ``so.CubaLIF``.
    inputs, classes : of other data, ``snnopt train models/digits_mlp.py --data flowers.csv``.
    """
    pixels = so.Input(inputs, name="pixels")
    signal: so.Input | so.Population = pixels
    layers = []
    for k, units in enumerate(hidden, 1):
        name = "hidden" if len(hidden) == 1 else f"hidden{k}"
        layers.append(neuron(beta=beta, threshold=threshold, name=name)(so.Dense(units)(signal)))
        signal = layers[-1]
    readout = so.LI(beta=beta, name="readout")(so.Dense(classes)(signal))
    objective = 1.0 * so.CrossEntropy(readout, over="mean")
    for layer in layers:
        objective = objective + weight_decay * so.L2(layer.weights)
    return so.Problem(so.Network(pixels, readout), objective)
