"""The table of neurons: one file each, one line here."""

from snnopt.model.neurons.base import Neuron
from snnopt.model.neurons.li import LI
from snnopt.model.neurons.lif import LIF

NEURONS = (LIF, LI)

__all__ = ["LI", "LIF", "NEURONS", "Neuron"]
