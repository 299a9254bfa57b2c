"""Spike blocks: what all of them have in common, whoever reads the spikes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import Binding
from snnopt.penalties import RateMultiplier
from snnopt.runtime.kept.dynamics import Dynamics
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.readers import readers_of
from snnopt.runtime.kept.responses import response_of
from snnopt.runtime.kept.state import State
from snnopt.runtime.kept.tangents import Tangent
from snnopt.runtime.views import CountView

Array = NDArray[Any]


class SpikeSolver(ABC):
    """The spikes of one hidden layer.

    ``cost`` is what the objective charges for a spike, ``budget`` the multiplier that keeps their rate; ``counts`` are losses
    on the number of the layer's spikes, linearised. ``readers`` are those whose dynamics the block has exactly; ``mismatch``
    is what the models of all others, by layer, were off by in the slope where the last update led, [T, N, n].
    """

    def __init__(
        self,
        binding: Binding,
        dynamics: dict[str, Dynamics],
        penalties: Penalties,
        cost: float,
        budget: RateMultiplier | None,
        counts: list[CountView],
    ) -> None:
        self.binding, self.dynamics, self.penalties = binding, dynamics, penalties
        self.rule: Any = binding.rule
        self.name = binding.block.layers[0]
        self.cost, self.budget, self.counts = cost, budget, counts
        every, linear = readers_of(self.name, dynamics), [q.coupling for q in binding.block.quadratics if q.linearised]
        self.readers = [r for r in every if r.name not in linear]
        self.linearised = [[r for r in every if r.name == n] for n in linear]
        self.uncoupled, self.boxed = binding.block.uncoupled, binding.block.box != "none"
        self.mismatch: dict[str, Array] = {}
        self.threshold = dynamics[self.name].threshold

    @abstractmethod
    def update(self, state: State) -> None:
        """Solve for the spikes at all steps."""

    @abstractmethod
    def curvature(self, state: State) -> float:
        """The block's mean second derivative in one spike."""

    def tangents(self, state: State) -> list[Tangent]:
        """The models of the linearised couplings."""
        out = []
        for readers in self.linearised:
            name, response = readers[0].name, response_of(readers, state)
            rho, prox = self.penalties.rho(name), self.penalties.prox(name)
            out.append(Tangent(readers[0].dynamics, response, rho, prox * rho * response.bound() ** 2))
        return out

    def move(self, state: State, spikes: Array, tangents: list[Tangent]) -> None:
        """Put the block's minimiser in the state."""
        change = spikes - state.a[self.name]
        self.mismatch = {t.name: t.mismatch(change) for t in tangents}
        state.a = state.a | {self.name: spikes}

    @property
    def price(self) -> float:
        """What a spike costs in all."""
        return self.cost + (0.0 if self.budget is None else self.budget.price)

    def move_price(self, state: State) -> None:
        """Move the budget's multiplier, ``price <- max(0, price + c (fired - rate))`` with c the curvature.

        Spikes that nothing else binds are back at the rate with one such step. ``fired`` is the rate of a or of H(v - theta),
        whichever is lower: while the two differ, a price on what one of them has already dropped would silence the layer.
        """
        if self.budget is not None:
            spikes, fires = state.a[self.name], state.v[self.name] > self.threshold
            fired = min(float(spikes.mean(dtype=np.float64)), float(fires.mean()))
            self.budget = self.budget.after(fired, self.curvature(state) * self.budget.rate)

    def target(self, state: State) -> Array:
        """``H(v - theta) - w``, [T, N, n]."""
        h = (state.v[self.name] > self.threshold).astype(state.v[self.name].dtype)
        w = state.w.get(self.name)
        return h if w is None else h - w

    def linear(self, state: State) -> Any:
        """What every spike is worth besides: minus its price, and the demand of counted spikes; one number or [1, N, n]."""
        total: Any = -state.v[self.name].dtype.type(self.price)
        for view in self.counts:
            total = total + view.demand_at(state.a[self.name].sum(0), state.targets[view.term.owner])[None]
        return total

    def sum_of_targets(self, state: State, tangents: list[Tangent]) -> Array:
        """``sigma (H - w) + linear + sum (tau a_k - g)``: the right-hand side, but for the exact couplings."""
        right = self.penalties.sigma(self.name) * self.target(state) + self.linear(state)
        for t in tangents:
            right += t.tau * state.a[self.name] - t.gradient(state)
        return np.asarray(right)

    def held(self, tangents: list[Tangent]) -> float:
        """``sigma + sum tau``: the normal matrix, over the identity, but for the exact couplings."""
        return self.penalties.sigma(self.name) + sum(t.tau for t in tangents)

    def linearised_curvature(self, state: State) -> float:
        """Mean second derivative of the linearised couplings themselves, which prices are judged by."""
        return sum(t.rho * t.response.energy() for t in self.tangents(state))
