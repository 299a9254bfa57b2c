"""A recurrent layer on BasicMotions: 6 channels of a wrist's accelerometer and gyroscope over 100 steps, 4 activities.

Measured: 100.0% of the 40 test series with seeds 0, 1 and 2, in a quarter of a second. A random recurrent layer
with a ridge read-out reaches 100.0% with each of them: these data are too easy to tell whether training the hidden layer helps
(the command below, with ``--seed``).

    snnopt train models/motions_recurrent.py
"""

import snnopt as so

DATA = "basic_motions"


def build(units: int = 100, beta: float = 0.9, inputs: int = 6, classes: int = 4) -> so.Problem:
    """6 channels as currents, a recurrent LIF layer, 4 leaky integrators judged by their mean potential."""
    channels = so.Input(inputs, name="channels")
    hidden = so.LIF(beta=beta, recurrent=so.Dense(), name="hidden")(so.Dense(units)(channels))
    readout = so.LI(beta=beta, name="readout")(so.Dense(classes)(hidden))
    return so.Problem(so.Network(channels, readout), so.CrossEntropy(readout))
