"""Spike blocks: normal equations from everyone who reads the spikes, for the bound closed form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import leaky
from snnopt.blocks import Binding
from snnopt.runtime.kept.dynamics import Dynamics, TraceDynamics
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.readers import readers_of
from snnopt.runtime.kept.state import State
from snnopt.runtime.views import CountView
from snnopt.runtime.wires import advanced, lagged
from snnopt.split import kernel, reset_kernel

Array = NDArray[Any]


class SpikeSolver(ABC):
    """The spikes of one hidden layer.

    ``price`` is what a spike costs; ``counts`` are losses on the number of the layer's spikes, linearised.
    """

    def __init__(
        self,
        binding: Binding,
        dynamics: dict[str, Dynamics],
        penalties: Penalties,
        price: float,
        counts: list[CountView],
    ) -> None:
        self.binding, self.dynamics, self.penalties = binding, dynamics, penalties
        self.rule: Any = binding.rule
        self.name = binding.block.layers[0]
        self.price, self.counts = price, counts
        self.readers = readers_of(self.name, dynamics)
        self.threshold = _threshold(dynamics[self.name])

    @abstractmethod
    def update(self, state: State) -> None:
        """Solve for the spikes at all steps."""

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
    """All steps together: the readers' kernels couple them."""

    def update(self, state: State) -> None:  # noqa: D102
        a, sigma = state.a[self.name], self.penalties.sigma(self.name)
        steps, n = len(a), a.shape[2]
        right = a.dtype.type(sigma) * self.target(state) + self.linear(state)
        own = self.dynamics[self.name]
        assert isinstance(own, TraceDynamics)
        eta = toeplitz(reset_kernel(own.coupling.dynamics, steps)[:, 0])
        resets, rho_own = bool(np.any(own.coupling.dynamics.R)), self.penalties.rho(self.name)
        if resets:
            rest = own.residual_and_dual(state) + leaky(lagged(a, 1, steps), own.feedback, steps)
            back = leaky(rest[::-1], own.feedback, steps)[::-1]
            right += a.dtype.type(rho_own) * advanced(back, 1)
        others = [r for r in self.readers if r.dynamics is not own]
        mixing, kappa, rho_next = np.zeros((n, n), a.dtype), np.zeros((steps, steps)), 0.0
        for reader in others:
            d, weights = reader.dynamics, reader.weights(state)
            assert isinstance(d, TraceDynamics)
            rho_next = self.penalties.rho(d.coupling.name)
            through = leaky(lagged(a, reader.lag, steps) @ weights, d.through, steps)
            rest = d.residual_and_dual(state) + through
            back = leaky(rest[::-1], d.through, steps)[::-1] @ weights.T
            right += a.dtype.type(rho_next) * advanced(back, reader.lag)
            mixing = weights @ weights.T
            kappa = toeplitz(np.roll(_late(kernel(d.coupling.dynamics, steps)[:, 0], reader.lag), 0))
        prepared = self.rule.prepare(mixing, kappa, eta, rho_next, rho_own if resets else 0.0, sigma)
        state.a = state.a | {self.name: self.rule.solve(prepared, right)}


def toeplitz(response: Array) -> Array:
    """The causal convolution with a response as a matrix, [T, T]."""
    steps = len(response)
    lag = np.arange(steps)[:, None] - np.arange(steps)
    return np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)


def _late(response: Array, lag: int) -> Array:
    return np.concatenate([np.zeros(min(lag, len(response))), response[: max(0, len(response) - lag)]])


def _threshold(d: Dynamics) -> Any:
    theta = d.coupling.dynamics.threshold
    assert theta is not None
    return d.dtype.type(theta[0]) if np.all(theta == theta[0]) else theta.astype(d.dtype)
