"""Spike blocks in difference form: normal equations from everyone who reads the spikes, for the bound closed form."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.spikes import SpikeSolver
from snnopt.runtime.kept.state import State
from snnopt.runtime.wires import advanced, lagged

Array = NDArray[Any]


@final
class DifferenceSpikeSolver(SpikeSolver):
    """Different steps are uncoupled, and those with the same readers share their normal matrix."""

    def update(self, state: State) -> None:  # noqa: D102
        a = state.a[self.name]
        pulls, tangents = [r.pull(state) for r in self.readers], self.tangents(state)
        right, held = self.sum_of_targets(state, tangents), self.held(tangents)
        for reader, pull in zip(self.readers, pulls, strict=True):
            rest = reader.dynamics.residual_and_dual(state) + lagged(a, reader.lag, len(a)) @ pull
            rho = rest.dtype.type(self.penalties.rho(reader.name))
            right += advanced(rho * rest @ pull.T, reader.lag)
        out = np.empty_like(a)
        for active, steps in self.sets(len(a)).items():
            out[steps] = self.solve(self.normal(pulls, active, held, a.dtype), held, right[steps])
        self.move(state, out, tangents)

    def solve(self, normal: Array, held: float, right: Array) -> Array:
        """The minimisers of steps that the same readers see."""
        found = self.rule.solve(held, right, self.boxed) if self.uncoupled else self.rule.solve(normal, right)
        return np.asarray(found)

    def curvature(self, state: State) -> float:  # noqa: D102
        pulls, sigma = [r.pull(state) for r in self.readers], self.penalties.sigma(self.name)
        every = self.normal(pulls, (True,) * len(pulls), sigma, state.a[self.name].dtype)
        return float(np.diagonal(every).mean(dtype=np.float64)) + self.linearised_curvature(state)

    def sets(self, steps: int) -> dict[tuple[bool, ...], list[int]]:
        """Steps by who reads them: near the end, delayed readers drop out."""
        found: dict[tuple[bool, ...], list[int]] = {}
        for t in range(steps):
            found.setdefault(tuple(t + r.lag < steps for r in self.readers), []).append(t)
        return found

    def normal(self, pulls: list[Array], active: tuple[bool, ...], held: float, dtype: np.dtype[Any]) -> Array:
        """``sum rho G' G + held I`` over the active readers."""
        n = self.dynamics[self.name].coupling.size
        total = np.eye(n, dtype=dtype) * dtype.type(held)
        for reader, pull, on in zip(self.readers, pulls, active, strict=True):
            if on:
                total += dtype.type(self.penalties.rho(reader.name)) * (pull @ pull.T)
        return total
