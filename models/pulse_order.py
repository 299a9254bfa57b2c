"""Which of two kinds of pulse came first and which second, asked for when both are gone: a task that takes memory.

The read-out forgets within a few steps, so what it needs must be remembered by the hidden layer: by recurrent weights, by
adaptation, or (badly) by its membranes alone. With ``memory=adaptive`` it is the memory task for ALIF neurons: their raised
thresholds fade over some hundred steps, where membranes fade within twenty.

Measured by the commands below, with ``--seed`` 0, 1 and 2: 100.0, 100.0 and 99.8% test accuracy with recurrent weights, where a
random hidden layer with a ridge read-out reaches 60.7, 60.7 and 59.9%; 96.7, 95.0 and 94.7% with adaptation, beside 68.5, 66.6
and 67.1%. Each takes some four seconds. (README: 74.5% on average with neither.)

    snnopt train models/pulse_order.py --set batch_size=100
    snnopt train models/pulse_order.py --set batch_size=100 --with memory=adaptive
"""

from typing import Literal

import snnopt as so
from snnopt.errors import unknown_name

DATA = "pulse_order"
MEMORIES = ("recurrent", "adaptive", "plain")


def build(
    memory: Literal["recurrent", "adaptive", "plain"] = "recurrent", units: int = 100, classes: int = 4
) -> so.Problem:
    """12 spike trains, one hidden layer, leaky integrators judged by their mean potential in the last 8 steps.

    Parameters
    ----------
    memory : ``"recurrent"``, a LIF layer that feeds itself; ``"adaptive"``, an ALIF layer; ``"plain"``, a LIF layer.
    units : neurons of the hidden layer.
    classes : 4 orders, or 2 where only their exclusive-or is asked for.
    """
    if memory not in MEMORIES:
        raise unknown_name("memory", memory, MEMORIES)
    channels = so.Input(12, name="channels")
    neuron: so.Neuron
    if memory == "recurrent":
        neuron = so.LIF(beta=0.9, recurrent=so.Dense(), name="hidden")
    elif memory == "adaptive":
        neuron = so.ALIF(beta=0.95, beta_adaptation=0.99, gamma=0.05, name="hidden")
    else:
        neuron = so.LIF(beta=0.9, name="hidden")
    hidden = neuron(so.Dense(units)(channels))
    readout = so.LI(beta=0.2, name="readout")(so.Dense(classes)(hidden))
    return so.Problem(so.Network(channels, readout), so.CrossEntropy(readout, over=so.Window(8)))
