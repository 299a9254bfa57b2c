"""The array kernels: numpy first; an accelerated backend stands beside it behind the same functions."""

from snnopt.backends.numpy_kernels import Membrane, adjoint_step, leaky, one_or_each, solve_spd

__all__ = ["Membrane", "adjoint_step", "leaky", "one_or_each", "solve_spd"]
