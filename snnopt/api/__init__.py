"""Where the stages meet: ``compile``, ``Plan``, ``Result`` and ``simulate``."""

from snnopt.api.plan import Plan, compile  # noqa: A004 - the field's word, as in CVXPY
from snnopt.api.result import Result, load
from snnopt.api.simulate import simulate

__all__ = ["Plan", "Result", "compile", "load", "simulate"]
