"""Program to blocks: which variables move together, in which form, under which couplings."""

from snnopt.split.blocks import Block, Form, Quadratic, StepRule, WeightUse, split
from snnopt.split.kernels import kernel, kernel_sum, readout_profile, reset_kernel, window

__all__ = [
    "Block",
    "Form",
    "Quadratic",
    "StepRule",
    "WeightUse",
    "kernel",
    "kernel_sum",
    "readout_profile",
    "reset_kernel",
    "split",
    "window",
]
