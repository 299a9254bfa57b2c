"""The table of neurons: one file each, one line here."""

from snnopt.model.neurons.alif import ALIF
from snnopt.model.neurons.base import EquationNeuron, Neuron
from snnopt.model.neurons.cuba_lif import CubaLIF
from snnopt.model.neurons.if_ import IF
from snnopt.model.neurons.li import LI
from snnopt.model.neurons.lif import LIF
from snnopt.model.neurons.time_constants import beta_from_tau

NEURONS: tuple[type[Neuron], ...] = (LIF, IF, LI, CubaLIF, ALIF, EquationNeuron)

__all__ = ["ALIF", "IF", "LI", "LIF", "NEURONS", "CubaLIF", "EquationNeuron", "Neuron", "beta_from_tau"]
