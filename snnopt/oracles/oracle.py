"""What an oracle must be: which blocks it knows, and how it draws instances of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from snnopt.oracles.case import Case
from snnopt.split import Block


@dataclass(frozen=True)
class Extreme:
    """A corner that random numbers would miss. ``fixed`` holds values that are set instead of drawn, by name."""

    name: str
    fixed: dict[str, float] = field(default_factory=dict)

    def number(self, key: str, drawn: float) -> float:
        """Return the fixed value, or the one that was drawn."""
        return self.fixed.get(key, drawn)

    def whole(self, key: str, rng: np.random.Generator, most: int) -> int:
        """Return the fixed size, or one from 1 to ``most``."""
        return int(self.fixed.get(key, rng.integers(1, most + 1)))


SPIKE_PENALTIES = (
    Extreme("rho 1e6", {"rho": 1e6}),
    Extreme("rho 1e-6", {"rho": 1e-6}),
    Extreme("sigma 1e6", {"sigma": 1e6}),
    Extreme("sigma 1e-6", {"sigma": 1e-6}),
    Extreme("rho 1e6, sigma 1e-6", {"rho": 1e6, "sigma": 1e-6, "linear": 0.0}),
    Extreme("rho 1e-6, sigma 1e6", {"rho": 1e-6, "sigma": 1e6}),
    Extreme("rho and sigma 1e-6", {"rho": 1e-6, "sigma": 1e-6}),
)
"""Penalties that a block of kept spikes may have, in twelve orders of magnitude."""


ORDINARY = Extreme("random")


class Oracle(ABC):
    """Draws instances of one kind of block. ``extremes`` are drawn in every run, whatever the number of trials."""

    extremes: ClassVar[tuple[Extreme, ...]]

    @abstractmethod
    def matches(self, block: Block) -> str | None:
        """Return None if the oracle knows the block, else the reason why not."""

    @abstractmethod
    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> Case:
        """Return an instance of ``block``, small in every size, float64."""


def unknown_terms(block: Block, known: tuple[str, ...]) -> str | None:
    """Return a reason if the block has penalties or constraints other than the ``known`` kinds."""
    other = [t.name for t in block.terms if t.role != "loss" and t.kind not in known]
    return f"it cannot express {', '.join(other)}" if other else None


def decade(rng: np.random.Generator, low: float = -2.0, high: float = 2.0) -> float:
    """Return a positive number, log-uniform between powers of ten."""
    return float(10 ** rng.uniform(low, high))
