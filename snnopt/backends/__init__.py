"""The array kernels: numpy's are the reference; a compiled backend stands beside them behind the same passes."""

from snnopt.backends.chosen import BACKENDS, chosen_kernels, kernels_named
from snnopt.backends.kernels import Kernels
from snnopt.backends.moves import Branches, Demand, Dithered, HeldDemand, Move, Separable
from snnopt.backends.numpy_kernels import NUMPY, Membrane, one_or_each
from snnopt.backends.outer import Outer, OuterFactor
from snnopt.backends.solves import Factor, solve_spd
from snnopt.backends.windows import means_of, window_count, window_means

__all__ = [
    "BACKENDS",
    "NUMPY",
    "Branches",
    "Demand",
    "Dithered",
    "Factor",
    "HeldDemand",
    "Kernels",
    "Membrane",
    "Move",
    "Outer",
    "OuterFactor",
    "Separable",
    "chosen_kernels",
    "kernels_named",
    "means_of",
    "one_or_each",
    "solve_spd",
    "window_count",
    "window_means",
]
