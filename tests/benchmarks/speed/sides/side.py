"""What a side of the comparison must be able to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.speed.curves import Look
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import Suite


@dataclass(frozen=True)
class Stage:
    """Settings to choose among: all of them run to the target, or (``halving``) the worse half leaves again and again."""

    candidates: Sequence[Any]
    halving: bool = False


class Side(ABC):
    """Trains a suite's network; its settings are frozen dataclasses of its own."""

    name: str
    short: str
    """What the command line calls it."""

    @abstractmethod
    def missing(self) -> tuple[str, ...]:
        """Packages that it needs and that are not installed."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Versions of what it runs on."""

    def tuning_seeds(self, suite: Suite, quick: bool) -> tuple[int, ...]:
        """The seeds that settings are chosen on: all of the suite's, or its first."""
        return suite.tuning_seeds[:1] if quick else suite.tuning_seeds

    @abstractmethod
    def stages(self, suite: Suite, split: Split, threads: int, quick: bool) -> list[Callable[[Any], Stage]]:
        """What is tried, stage by stage; each is made from the best settings of the one before (None for the first)."""

    @abstractmethod
    def settings(self, fields: dict[str, Any]) -> Any:
        """Settings from their fields by name."""

    @abstractmethod
    def train(self, suite: Suite, split: Split, settings: Any, seed: int) -> Iterator[Look]:
        """Train, and evaluate on the test data on the way, which the clock does not count.

        The clock starts with the arrays in memory: declaring and compiling, or building network and optimiser, count.
        """

    @abstractmethod
    def product_share(self, suite: Suite, split: Split, settings: Any, seed: int) -> float:
        """Share of the training time that goes into matrix products (and solves)."""

    def describe(self, suite: Suite, settings: Any) -> str:
        """The settings in a line of text."""
        return ", ".join(self.words(suite, settings))

    @abstractmethod
    def words(self, suite: Suite, settings: Any) -> Sequence[str]:
        """The settings, one phrase each."""
