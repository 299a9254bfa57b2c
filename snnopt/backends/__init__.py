"""The array kernels: numpy's are the reference; a compiled backend stands beside them behind the same passes."""

from snnopt.backends.chosen import BACKENDS, chosen_kernels, kernels_named
from snnopt.backends.kernels import Branches, Demand, Dithered, Kernels, Move, Separable
from snnopt.backends.numpy_kernels import (
    NUMPY,
    Coefficients,
    Membrane,
    NumpyKernels,
    adjoint_step,
    coefficients,
    demand_at,
    leaky,
    one_or_each,
)
from snnopt.backends.solves import Factor, solve_spd

__all__ = [
    "BACKENDS",
    "NUMPY",
    "Branches",
    "Coefficients",
    "Demand",
    "Dithered",
    "Factor",
    "Kernels",
    "Membrane",
    "Move",
    "NumpyKernels",
    "Separable",
    "adjoint_step",
    "chosen_kernels",
    "coefficients",
    "demand_at",
    "kernels_named",
    "leaky",
    "one_or_each",
    "solve_spd",
]
