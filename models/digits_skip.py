"""Two layers with a skip connection on the handwritten digits: the second layer also sees the pixels.

Measured: 99.2, 98.9 and 98.9% test accuracy with seeds 0, 1 and 2, in a second; random hidden layers with a ridge read-out reach
97.2, 96.1 and 96.7% (the command below, with ``--seed``).

    snnopt train models/digits_skip.py
"""

import snnopt as so

DATA = "digits"
TIMESTEPS = 10


def build(units: int = 100, beta: float = 0.9, inputs: int = 64, classes: int = 10) -> so.Problem:
    """64 pixels, two LIF layers whose currents add up, 10 leaky integrators fed by both layers."""
    pixels = so.Input(inputs, name="pixels")
    low = so.LIF(beta=beta, name="low")(so.Dense(units)(pixels))
    high = so.LIF(beta=beta, name="high")(so.Dense(units)(low) + so.Dense(units)(pixels))
    readout = so.LI(beta=beta, name="readout")(so.Dense(classes)(high) + so.Dense(classes)(low))
    return so.Problem(so.Network(pixels, readout), so.CrossEntropy(readout))
