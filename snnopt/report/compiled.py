"""What a report reads of a compiled plan."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from snnopt.algorithms import Algorithm
from snnopt.blocks import Binding
from snnopt.model import Problem
from snnopt.program import Program


@runtime_checkable
class Compiled(Protocol):
    """A compiled plan, as far as it matters here."""

    @property
    def problem(self) -> Problem:
        """What it was compiled from."""

    @property
    def program(self) -> Program:
        """Its intermediate form."""

    @property
    def algorithm(self) -> Algorithm:
        """What split it."""

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Its blocks and the rules bound to them."""
