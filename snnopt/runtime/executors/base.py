"""What an executor must be: it holds shards, and answers a script of stages with sums over all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from snnopt.algorithms import RolloutAlgorithm
from snnopt.blocks import Binding
from snnopt.program import Program
from snnopt.runtime.shards.parts import Part
from snnopt.runtime.sums.found import Stage
from snnopt.runtime.sums.sums import Sums

Array = NDArray[Any]
Rows = tuple[dict[str, Array], dict[str, Array], Array | None]
"""Inputs [T or 1, N, n], targets and lengths of some samples."""


@dataclass(frozen=True, eq=False)
class Setup:
    """What whoever works on shards must know; sent once."""

    program: Program
    bindings: tuple[Binding, ...]
    algorithm: RolloutAlgorithm
    couplings: Mapping[str, Any]
    backend: str
    timesteps: int | None


@dataclass(frozen=True)
class Summary:
    """What is found when a shard is checked.

    ``counted`` are steps of samples that count, ``constant`` says which inputs have no axis of time, ``real`` which outputs have
    real targets, ``largest`` is the largest absolute value of each input.
    """

    count: int
    steps: int = 0
    counted: int = 0
    unequal: bool = False
    constant: Mapping[str, bool] = field(default_factory=dict)
    real: Mapping[str, bool] = field(default_factory=dict)
    largest: Mapping[str, float] = field(default_factory=dict)
    checksum: str = ""


@dataclass(frozen=True, eq=False)
class Script:
    """A sweep so far: rounds of stages, the last of which is asked for. Whoever has not run those before runs them now.

    So no state is needed beside the script: what a worker keeps of earlier rounds only saves it time.

    ``key`` is the sweep's number, ``steps`` T, ``picks`` the samples of each shard, None for all, and ``shards`` those to ask.
    """

    key: int
    steps: int
    backend: str
    rounds: tuple[tuple[Stage, ...], ...]
    picks: Mapping[int, Array] | None
    shards: tuple[int, ...]


@dataclass
class Traffic:
    """What a run sent as payload, in bytes: ``down`` to each worker, ``up`` from each, whose shards are added there.

    ``again`` counts rounds that had to be told whole, as a worker had not run those before.
    """

    rounds: int = 0
    down: int = 0
    up: int = 0
    again: int = 0


class Crew(ABC):
    """Shards under one executor, for one run."""

    summaries: tuple[Summary, ...]
    homes: Sequence[int]
    """For each shard the number of whoever works on it; online draws a batch from one shard of each."""

    @abstractmethod
    def ask(self, script: Script) -> Sums:
        """Run the last round of a script on its shards, and return the sums over all of them.

        Raises
        ------
        ExecutorError
            There was no answer in time, or there will be none.
        """

    @abstractmethod
    def each(self, method: str, given: Mapping[int, tuple[Any, ...]]) -> list[Any]:
        """What a method of :class:`Worker` returns for each of some shards, in their order, with these arguments.

        Raises
        ------
        ExecutorError
            As for :meth:`ask`.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of shards and states."""


class Executor(ABC):
    """Where the passes over shards run."""

    samples: int | None
    """Samples a shard where arrays have to be cut, None for a number of its own."""
    traffic: Traffic
    """What the last run sent."""

    @abstractmethod
    def open(self, setup: Setup, parts: tuple[Part, ...]) -> Crew:
        """Check the shards where they are, and hold them for a run."""

    @abstractmethod
    def size(self, count: int) -> int:
        """Samples a shard for arrays of ``count`` samples."""
