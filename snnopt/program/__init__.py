"""The intermediate form: frozen values for variables, affine couplings, step couplings and terms."""

from snnopt.program.check import InvalidProgram, check_program
from snnopt.program.maps import Form, Gather, LinearMap
from snnopt.program.packing import pack_program, unpack_program
from snnopt.program.program import AffineCoupling, Over, Program, StepCoupling, Term, Variable
from snnopt.program.statespace import StateSpace, state_space

__all__ = [
    "AffineCoupling",
    "Form",
    "Gather",
    "InvalidProgram",
    "LinearMap",
    "Over",
    "Program",
    "StateSpace",
    "StepCoupling",
    "Term",
    "Variable",
    "check_program",
    "pack_program",
    "state_space",
    "unpack_program",
]
