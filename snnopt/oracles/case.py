"""One instance of a block: numbers, the block's objective, and an answer that owes nothing to the solver under test."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Case(ABC):
    """Random numbers for one block, and what they make of it.

    ``x`` stands for what a rule returns: the change of the block's variables. ``axes`` names the axes of each array,
    so that a failing case can be cut down along them. Arrays are read-only: a rule must not write into its arguments.
    """

    axes: ClassVar[Mapping[str, tuple[str, ...]]]

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @abstractmethod
    def candidate(self, rule: type[ClosedForm]) -> Array:
        """Return the rule's x."""

    @abstractmethod
    def solution(self) -> Array:
        """Return the oracle's x."""

    @abstractmethod
    def excess(self, x: Array, best: Array) -> float:
        """Return ``objective(x) - objective(best)``, over a scale of what the block can win."""

    @abstractmethod
    def distance(self, x: Array, best: Array) -> float | None:
        """Return how far ``x`` lies from ``best``, relative; None where the minimiser is not unique (or hardly)."""

    def violation(self, x: Array) -> float:
        """Return by how much ``x`` breaks the block's constraints; 0 where it has none."""
        return 0.0

    def defects(self, x: Array) -> tuple[str, ...]:
        """Return what else is wrong, in words: claims of the rule that no minimiser can show."""
        return ()

    @property
    def sound(self) -> bool:
        """Whether the numbers fit together (cutting down may break them)."""
        return True


def relative_excess(value: float, best: float, start: float, least: float = 1e-12) -> float:
    """Excess over the decrease that was to be won, ``start - best``; where that is next to nothing, over 1e-6 |start|."""
    return (value - best) / max(start - best, 1e-6 * abs(start), least)


def relative_distance(x: Array, best: Array, least: float = 1e-9) -> float:
    """Largest difference, over the largest entry of ``best``."""
    return float(np.abs(x - best).max() / max(float(np.abs(best).max()), least))


def conditioned(energy: float, held: Array) -> bool:
    """Whether a quadratic ``G + diag(held)`` with trace G = ``energy`` is certainly conditioned well enough to compare
    minimisers, and not only objectives.
    """
    return energy + float(held.max()) < 1e8 * float(held.min())
