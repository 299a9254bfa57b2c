"""Handwritten digits for a chip: weights in fixed point of 4 bits, and at most so many synapses into each neuron.

Both hold exactly in the weights that a run returns. They are those that the network was rolled out with throughout, and not
free weights forced into shape at the end.

Measured: 98.9, 97.8 and 97.5% test accuracy with seeds 0, 1 and 2, beside 93.6, 93.3 and 92.5% of a random hidden layer of free
weights with a ridge read-out; with ternary weights and 8 synapses a neuron 96.7, 94.7 and 96.4%, beside 93.6, 93.3 and 92.5% (the
commands below, with ``--seed``).

    snnopt train models/digits_chip.py
    snnopt train models/digits_chip.py --with bits=2 --with fan_in=8
"""

import snnopt as so

DATA = "digits"
TIMESTEPS = 10


def build(units: int = 100, bits: int = 4, fan_in: int = 16, beta: float = 0.9) -> so.Problem:
    """64 pixels, a LIF layer, 10 leaky integrators; constrained weights in both layers, free biases.

    Parameters
    ----------
    units : neurons of the hidden layer.
    bits : of each weight, sign included: whole multiples of one scale a layer, from ``-(2^(bits-1) - 1)`` to the same above
        zero; 4 bits are 15 levels, 2 bits are ternary.
    fan_in : synapses from pixels into each hidden neuron at most, of 64. The read-out sees all hidden neurons.
    beta : membrane decay per step of both layers.
    """
    pixels = so.Input(64, name="pixels")
    hidden = so.LIF(beta=beta, name="hidden")(so.Dense(units)(pixels))
    readout = so.LI(beta=beta, name="readout")(so.Dense(10)(hidden))
    chip = [so.Grid(hidden.weights, bits), so.FanIn(hidden.weights, fan_in), so.Grid(readout.weights, bits)]
    return so.Problem(so.Network(pixels, readout), so.CrossEntropy(readout), chip)
