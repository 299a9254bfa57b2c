"""Closed-form block solvers, one file each, and the ordered table that binds them."""

from snnopt.blocks.losses import LOSS_FUNCTIONS, LossFunction
from snnopt.blocks.normal_equations import NormalEquations
from snnopt.blocks.own_rules import check_bound, own_rules
from snnopt.blocks.rule import Binding, ClosedForm, Fallback, is_closed_form
from snnopt.blocks.table import CLOSED_FORMS, bind

__all__ = [
    "CLOSED_FORMS",
    "LOSS_FUNCTIONS",
    "Binding",
    "ClosedForm",
    "Fallback",
    "LossFunction",
    "NormalEquations",
    "bind",
    "check_bound",
    "is_closed_form",
    "own_rules",
]
