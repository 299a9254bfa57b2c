"""Algorithms that roll the network out in every sweep, and pass demands back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from snnopt.algorithms.base import Algorithm
from snnopt.algorithms.settings import Federation, FullBatch, MiniBatches, ReadoutStep, WeightStep
from snnopt.penalties import DitheredStep, FlippedStep, chosen_penalties
from snnopt.program import Program
from snnopt.split import Block, Form, StepRule, split_rollout


@dataclass(frozen=True)
class RolloutAlgorithm(Algorithm):
    """Every sweep begins feasible; only weights are kept, and what the step rules remember.

    Two words of its sweeps ask for what is done by then: ``layer.spikes`` (the demands pass through the step, so spikes take
    theirs in ``net.demands``) and ``net.duals`` (those of weights' copies move with the weights).
    """

    form: ClassVar[Form] = "trace"
    step_rule: ClassVar[StepRule]

    @property
    def words(self) -> tuple[str, ...]:  # noqa: D102
        return ("rollout", "readout", "demands", "spikes", "potentials", "weights", "duals")

    @property
    def output_words(self) -> tuple[str, ...]:  # noqa: D102
        return ()

    def penalties(self, program: Program, given: object = None) -> dict[str, DitheredStep | FlippedStep]:  # noqa: D102
        hidden = [c.name for c in program.couplings if c.dynamics.spiking]
        layers = [c.name for c in program.couplings]
        return chosen_penalties(layers, hidden, {"step": self.step_coupling}, given)

    def split(self, program: Program, penalties: Mapping[str, Any]) -> tuple[Block, ...]:  # noqa: D102
        return split_rollout(program, self.step_rule)

    @property
    @abstractmethod
    def schedule(self) -> MiniBatches | FullBatch | Federation:
        """How samples are visited."""

    @property
    @abstractmethod
    def step_coupling(self) -> DitheredStep | FlippedStep:
        """How potentials move under the step coupling."""

    @property
    def held(self) -> int | None:
        """Steps that demands between layers are held for; None leaves it to the data."""
        return 1

    @property
    @abstractmethod
    def weight_block(self) -> WeightStep:
        """Settings of the weight blocks."""

    @property
    @abstractmethod
    def readout_block(self) -> ReadoutStep:
        """Settings of the read-out blocks."""
