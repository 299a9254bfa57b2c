"""A recurrent layer on BasicMotions: 6 channels of a wrist's accelerometer and gyroscope over 100 steps, 4 activities.

snnopt train models/motions_recurrent.py
"""

import snnopt as so

DATA = "basic_motions"


def build(units: int = 100, beta: float = 0.9) -> so.Problem:
    """6 channels as currents, a recurrent LIF layer, 4 leaky integrators judged by their mean potential."""
    channels = so.Input(6, name="channels")
    hidden = so.LIF(beta=beta, recurrent=so.Dense(), name="hidden")(so.Dense(units)(channels))
    readout = so.LI(beta=beta, name="readout")(so.Dense(4)(hidden))
    return so.Problem(so.Network(channels, readout), so.CrossEntropy(readout))
