"""Spike blocks in trace form: a Sylvester equation from the one layer that reads the spikes, for the bound closed form."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.dynamics import Dynamics, TraceDynamics
from snnopt.runtime.kept.readers import Reader
from snnopt.runtime.kept.spikes import SpikeSolver
from snnopt.runtime.kept.state import State
from snnopt.runtime.wires import advanced, lagged
from snnopt.split import kernel, reset_kernel

Array = NDArray[Any]


@final
class TraceSpikeSolver(SpikeSolver):
    """All steps together: the kernels of the one layer that reads them, and of their own reset, couple them."""

    def update(self, state: State) -> None:  # noqa: D102
        a, rho, tangents = state.a[self.name], self.penalties.rho(self.name), self.tangents(state)
        own = self._trace(self.dynamics[self.name])
        right, held = self.sum_of_targets(state, tangents), self.held(tangents)
        if self.uncoupled:
            self.move(state, self.rule.solve(held, right, self.boxed), tangents)
            return
        if self._resets():
            rest = own.residual_and_dual(state) + own.feedback(a)
            right += a.dtype.type(rho) * own.feedback_adjoint(rest)
        reader, onward = self._reader(), rho
        if reader is not None:
            onward = self.penalties.rho(reader.name)
            d, weights = self._trace(reader.dynamics), reader.weights(state)
            rest = d.residual_and_dual(state) + d.through(lagged(a, reader.lag, len(a)) @ weights)
            back = d.through_adjoint(rest) @ weights.T
            right += a.dtype.type(onward) * advanced(back, reader.lag)
        prepared = self.rule.prepare(*self._matrices(state), onward, rho, held)
        self.move(state, self.rule.solve(prepared, right), tangents)

    def curvature(self, state: State) -> float:  # noqa: D102
        mixing, K, E = self._matrices(state)
        through, reset = float(np.diagonal(mixing).mean() * (K**2).sum(0).mean()), float((E**2).sum(0).mean())
        reader = self._reader()
        exact = 0.0 if reader is None else self.penalties.rho(reader.name) * through
        exact += self.penalties.rho(self.name) * reset + self.penalties.sigma(self.name)
        return exact + self.linearised_curvature(state)

    def _matrices(self, state: State) -> tuple[Array, Array, Array]:
        """``W'W`` of the layer that reads the spikes [n, n], its trace and the layer's own reset [T, T]; zeros for none.

        None of them where the coupling is linearised.
        """
        a = state.a[self.name]
        steps, reader = len(a), self._reader()
        eta = np.zeros((steps, steps))
        if self._resets():
            eta = toeplitz(reset_kernel(self.dynamics[self.name].coupling.dynamics, steps)[:, 0])
        if reader is None:
            return np.zeros((a.shape[2],) * 2, a.dtype), np.zeros((steps, steps)), eta
        weights = reader.weights(state)
        kappa = kernel(reader.dynamics.coupling.dynamics, steps)[:, 0]
        return weights @ weights.T, toeplitz(_late(kappa, reader.lag)), eta

    def _reader(self) -> Reader | None:
        others: list[Reader | None] = [r for r in self.readers if r.name != self.name]
        (reader,) = others or [None]
        return reader

    def _resets(self) -> bool:
        """Whether the block has the layer's own reset, exactly."""
        return any(r.name == self.name for r in self.readers)

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
