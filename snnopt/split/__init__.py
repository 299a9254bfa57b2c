"""Program to blocks: which variables move together, in which form, under which couplings."""

from snnopt.split.blocks import At, Block, Box, Form, Kind, Order, Quadratic, StepRule
from snnopt.split.check import check_blocks
from snnopt.split.difference import DifferenceForm, difference_form
from snnopt.split.from_rollout import split_rollout
from snnopt.split.kept import split_kept
from snnopt.split.kernels import distinct_kernels, kernel, kernel_sum, readout_profile, reset_kernel, window
from snnopt.split.spike_terms import spike_budgets, spike_costs
from snnopt.split.uses import Columns, WeightUse, columns, weight_groups
from snnopt.split.weights import SMOOTH

__all__ = [
    "SMOOTH",
    "At",
    "Block",
    "Box",
    "Columns",
    "DifferenceForm",
    "Form",
    "Kind",
    "Order",
    "Quadratic",
    "StepRule",
    "WeightUse",
    "check_blocks",
    "columns",
    "difference_form",
    "distinct_kernels",
    "kernel",
    "kernel_sum",
    "readout_profile",
    "reset_kernel",
    "spike_budgets",
    "spike_costs",
    "split_kept",
    "split_rollout",
    "weight_groups",
    "window",
]
