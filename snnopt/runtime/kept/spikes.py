"""Spike blocks: normal equations from everyone who reads the spikes, for the bound closed form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import leaky
from snnopt.blocks import Binding
from snnopt.penalties import RateMultiplier
from snnopt.runtime.kept.dynamics import Dynamics, TraceDynamics
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.readers import Reader, readers_of
from snnopt.runtime.kept.state import State
from snnopt.runtime.views import CountView
from snnopt.runtime.wires import advanced, lagged
from snnopt.split import kernel, reset_kernel

Array = NDArray[Any]


class SpikeSolver(ABC):
    """The spikes of one hidden layer.

    ``cost`` is what the objective charges for a spike, ``budget`` the multiplier that keeps their rate; ``counts`` are losses
    on the number of the layer's spikes, linearised.
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
        self.readers = readers_of(self.name, dynamics)
        self.threshold = dynamics[self.name].threshold

    @abstractmethod
    def update(self, state: State) -> None:
        """Solve for the spikes at all steps."""

    @abstractmethod
    def curvature(self, state: State) -> float:
        """The block's mean second derivative in one spike."""

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


class DifferenceSpikeSolver(SpikeSolver):
    """Different steps are uncoupled, and those with the same readers share their normal matrix."""

    def update(self, state: State) -> None:  # noqa: D102
        a = state.a[self.name]
        pulls = [r.pull(state) for r in self.readers]
        right = self.penalties.sigma(self.name) * self.target(state) + self.linear(state)
        for reader, pull in zip(self.readers, pulls, strict=True):
            rest = reader.dynamics.residual_and_dual(state) + lagged(a, reader.lag, len(a)) @ pull
            rho = rest.dtype.type(self.penalties.rho(reader.dynamics.coupling.name))
            right += advanced(rho * rest @ pull.T, reader.lag)
        out = np.empty_like(a)
        for active, steps in self.sets(len(a)).items():
            normal = self.normal(pulls, active, a.dtype)
            out[steps] = self.rule.solve(normal, right[steps])
        state.a = state.a | {self.name: out}

    def curvature(self, state: State) -> float:  # noqa: D102
        pulls = [r.pull(state) for r in self.readers]
        every = self.normal(pulls, (True,) * len(pulls), state.a[self.name].dtype)
        return float(np.diagonal(every).mean(dtype=np.float64))

    def sets(self, steps: int) -> dict[tuple[bool, ...], list[int]]:
        """Steps by who reads them: near the end, delayed readers drop out."""
        found: dict[tuple[bool, ...], list[int]] = {}
        for t in range(steps):
            found.setdefault(tuple(t + r.lag < steps for r in self.readers), []).append(t)
        return found

    def normal(self, pulls: list[Array], active: tuple[bool, ...], dtype: np.dtype[Any]) -> Array:
        """``sum rho G' G + sigma I`` over the active readers."""
        n = self.dynamics[self.name].coupling.size
        total = np.eye(n, dtype=dtype) * dtype.type(self.penalties.sigma(self.name))
        for reader, pull, on in zip(self.readers, pulls, active, strict=True):
            if on:
                total += dtype.type(self.penalties.rho(reader.dynamics.coupling.name)) * (pull @ pull.T)
        return total


class TraceSpikeSolver(SpikeSolver):
    """All steps together: the kernels of the one layer that reads them, and of their own reset, couple them."""

    def update(self, state: State) -> None:  # noqa: D102
        a, rho, sigma = state.a[self.name], self.penalties.rho(self.name), self.penalties.sigma(self.name)
        steps, own = len(a), self._trace(self.dynamics[self.name])
        right = a.dtype.type(sigma) * self.target(state) + self.linear(state)
        if np.any(own.feedback.B):
            rest = own.residual_and_dual(state) + leaky(lagged(a, 1, steps), own.feedback, steps)
            right += a.dtype.type(rho) * advanced(leaky(rest[::-1], own.feedback, steps)[::-1], 1)
        reader, onward = self._reader(), rho
        if reader is not None:
            onward = self.penalties.rho(reader.dynamics.coupling.name)
            d, weights = self._trace(reader.dynamics), reader.weights(state)
            rest = d.residual_and_dual(state) + leaky(lagged(a, reader.lag, steps) @ weights, d.through, steps)
            back = leaky(rest[::-1], d.through, steps)[::-1] @ weights.T
            right += a.dtype.type(onward) * advanced(back, reader.lag)
        prepared = self.rule.prepare(*self._matrices(state), onward, rho, sigma)
        state.a = state.a | {self.name: self.rule.solve(prepared, right)}

    def curvature(self, state: State) -> float:  # noqa: D102
        mixing, K, E = self._matrices(state)
        through, reset = float(np.diagonal(mixing).mean() * (K**2).sum(0).mean()), float((E**2).sum(0).mean())
        reader = self._reader()
        onward = 0.0 if reader is None else self.penalties.rho(reader.dynamics.coupling.name)
        return onward * through + self.penalties.rho(self.name) * reset + self.penalties.sigma(self.name)

    def _matrices(self, state: State) -> tuple[Array, Array, Array]:
        """``W'W`` of the layer that reads the spikes [n, n], its trace and the layer's own reset [T, T]; zeros for none."""
        a = state.a[self.name]
        steps, reader = len(a), self._reader()
        eta = toeplitz(reset_kernel(self.dynamics[self.name].coupling.dynamics, steps)[:, 0])
        if reader is None:
            return np.zeros((a.shape[2],) * 2, a.dtype), np.zeros((steps, steps)), eta
        weights = reader.weights(state)
        kappa = kernel(reader.dynamics.coupling.dynamics, steps)[:, 0]
        return weights @ weights.T, toeplitz(_late(kappa, reader.lag)), eta

    def _reader(self) -> Reader | None:
        others: list[Reader | None] = [r for r in self.readers if r.dynamics.coupling.name != self.name]
        (reader,) = others or [None]
        return reader

    @staticmethod
    def _trace(d: Dynamics) -> TraceDynamics:
        assert isinstance(d, TraceDynamics)
        return d


def toeplitz(response: Array) -> Array:
    """The causal convolution with a response as a matrix, [T, T]."""
    steps = len(response)
    lag = np.arange(steps)[:, None] - np.arange(steps)
    return np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)


def _late(response: Array, lag: int) -> Array:
    return np.concatenate([np.zeros(min(lag, len(response))), response[: max(0, len(response) - lag)]])
