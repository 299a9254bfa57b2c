"""What users pass as a network, and as weights."""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import ArrayLike

from snnopt.api.plan import Plan
from snnopt.api.result import Result
from snnopt.errors import ModelError, shown
from snnopt.lower import lower_network
from snnopt.model import Network, Problem
from snnopt.program import Program


def program_of(where: str, given: object) -> Program:
    """The program of a network, problem, plan or result.

    Raises
    ------
    ModelError
        It is none of them.
    """
    if isinstance(given, Result | Plan):
        return given.program
    if isinstance(given, Network | Problem):
        return lower_network(given if isinstance(given, Network) else given.network)
    raise ModelError(where, f"{shown(given)} is not a network", "pass problem.network, a problem or a result")


def weights_of(given: Mapping[str, ArrayLike] | Result) -> Mapping[str, ArrayLike]:
    """Arrays by name: a result's, or those given."""
    return given.weights if isinstance(given, Result) else given
