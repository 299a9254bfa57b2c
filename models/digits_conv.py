"""A small convolutional net on the handwritten digits, 8 x 8 pixels held constant as input currents.

Measured: 98.9, 98.6 and 98.6% test accuracy with seeds 0, 1 and 2, in some five seconds; random hidden layers with a ridge
read-out reach 88.6, 93.9 and 93.3% (the command below, with ``--seed``).

    snnopt train models/digits_conv.py
"""

import snnopt as so

DATA = "digits"
TIMESTEPS = 10


def build(channels: int = 16, units: int = 100, beta: float = 0.9) -> so.Problem:
    """Image, convolution of 3 x 3 with LIF neurons, pooling by 2, a dense LIF layer, 10 leaky integrators."""
    image = so.Input((1, 8, 8), name="image")
    maps = so.LIF(beta=beta, name="maps")(so.Conv2d(channels, kernel=3, padding=1)(image))
    dense = so.LIF(beta=beta, name="hidden")(so.Dense(units)(so.AvgPool2d(2)(maps)))
    readout = so.LI(beta=beta, name="readout")(so.Dense(10)(dense))
    return so.Problem(so.Network(image, readout), so.CrossEntropy(readout) + 1e-3 * so.L2(dense.weights))
