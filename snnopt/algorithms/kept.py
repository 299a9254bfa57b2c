"""Algorithms that keep potentials, spikes and scaled duals from iteration to iteration."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snnopt.algorithms.base import Algorithm
from snnopt.algorithms.settings import SHARE, WHOLE, Duals, Start
from snnopt.penalties import ExactStep, Linearised, PenaltyFunction, Quadratic, chosen_penalties
from snnopt.program import Program
from snnopt.split import Block, Box, Order, split_kept


@dataclass(frozen=True)
class KeptAlgorithm(Algorithm):
    """ADMM on the augmented Lagrangian with potentials, spikes and scaled duals as variables, full batch.

    Parameters
    ----------
    max_iter : iterations at most.
    rho : penalty of every layer's dynamics.
    sigma : penalty of the step coupling.
    ridge : proximal weight of the weight blocks, times the mean square of each map's features.
    copy : penalty of weights' copies under constraints, times the mean square of the layer's features.
    dual_step : step alpha of the scaled duals, in (0, 1].
    warm_up : iterations before duals move.
    patience : iterations without a better rollout before the run is called stalled; None for never.
    look_every : iterations between two records, each of which rolls the weights out; the last iteration has one anyway.
    dtype : ``"float32"`` or ``"float64"``.
    """

    max_iter: int = field(default=100, metadata=WHOLE)
    rho: float = 1.0
    sigma: float = 0.1
    ridge: float = 1e-6
    copy: float = 0.1
    dual_step: float = field(default=1.0, metadata=SHARE)
    warm_up: int = field(default=0, metadata=WHOLE | {"zero": True})
    patience: int | None = field(default=None, metadata=WHOLE)
    look_every: int = field(default=1, metadata=WHOLE)

    @property
    @abstractmethod
    def order(self) -> Order:
        """Whether steps of time are solved together, in two colours, or one after the other."""

    @property
    @abstractmethod
    def start(self) -> Start:
        """Where potentials and spikes start."""

    @property
    @abstractmethod
    def duals(self) -> Duals:
        """Which couplings carry a scaled dual."""

    @property
    def words(self) -> tuple[str, ...]:  # noqa: D102
        if self.order == "one":
            return ("rollout", "spikes_at", "potentials_at", "weights", "duals")
        return ("rollout", "readout", "spikes", "potentials", "weights", "duals")

    @property
    def output_words(self) -> tuple[str, ...]:  # noqa: D102
        return ("potentials_at" if self.order == "one" else "potentials", "weights")

    @property
    @abstractmethod
    def box(self) -> Box:
        """Whether and how spikes are held in [0, 1]."""

    @property
    def published(self) -> bool:
        """Whether an output's last step is updated as published."""
        return False

    def penalties(self, program: Program, given: object = None) -> dict[str, PenaltyFunction]:  # noqa: D102
        spiking = [c.name for c in program.couplings if c.dynamics.spiking]
        defaults = {"dynamics": Quadratic(self.rho), "step": ExactStep(self.sigma)}
        besides = {"dynamics": (Linearised,)}
        return chosen_penalties([c.name for c in program.couplings], spiking, defaults, given, besides)

    def split(self, program: Program, penalties: Mapping[str, Any]) -> tuple[Block, ...]:  # noqa: D102
        linearised = frozenset(n for n, f in penalties.items() if isinstance(f, Linearised))
        return split_kept(program, self.form, self.order, self.box, self.published, linearised)
