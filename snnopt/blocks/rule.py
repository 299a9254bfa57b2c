"""What a closed form must be, and how blocks are bound to them."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeGuard

from snnopt.split import Block


class ClosedForm(ABC):
    """A closed-form solver of one kind of block.

    ``matches`` tells why a block is not of its kind, or returns None; ``solve`` (signature by kind) is the update.
    """

    formula: ClassVar[str]

    @classmethod
    @abstractmethod
    def matches(cls, block: Block) -> str | None:
        """Return None if the rule solves the block, else the reason why not."""


def is_closed_form(value: object) -> TypeGuard[type[ClosedForm]]:
    """Whether a value is a class of closed forms, with nothing left abstract."""
    return inspect.isclass(value) and issubclass(value, ClosedForm) and not inspect.isabstract(value)


class Fallback(ABC):
    """A numerical solver of one block that has no closed form; ``solve`` has the signature of its kind's closed forms."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """What it solves, and what that costs, in plain text."""


@dataclass(frozen=True, eq=False)
class Binding:
    """A block, what solves it, and why the rules before it declined."""

    block: Block
    rule: type[ClosedForm] | Fallback
    declined: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """The closed form's name; a fallback in capitals."""
        return "CVXPY FALLBACK" if isinstance(self.rule, Fallback) else self.rule.__name__


def proximal_terms(block: Block, known: tuple[str, ...]) -> str | None:
    """Return a reason if the block has penalties or constraints other than the ``known`` kinds."""
    other = [t.name for t in block.terms if t.role != "loss" and t.kind not in known]
    return f"it has no closed form for {', '.join(other)}" if other else None
