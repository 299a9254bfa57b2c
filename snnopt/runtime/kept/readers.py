"""Who reads a layer's spikes, and how each reader's residual answers to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.dynamics import DifferenceDynamics, Dynamics, pair
from snnopt.runtime.kept.state import State

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Reader:
    """A layer that reads the spikes of ``source``, ``lag`` steps late.

    In difference form its residual at t + lag falls by ``G a[t]``; ``pull`` is G' [n, n_reader], so that rows of spikes times
    ``pull`` are what the residual falls by.
    """

    dynamics: Dynamics
    source: str
    lag: int

    @property
    def name(self) -> str:
        """The layer that reads."""
        return self.dynamics.coupling.name

    def weights(self, state: State) -> Array:
        """Currents [n, n_reader] that a unit spike of each source neuron makes, without reset."""
        n = state.a[self.source].shape[2]
        total: Any = np.zeros((n, self.dynamics.coupling.size), self.dynamics.dtype)
        for wire in self.dynamics.wires:
            if wire.map.source == self.source and wire.map.lag == self.lag:
                eye = np.eye(n, dtype=self.dynamics.dtype)
                total = total + wire.current(eye, pair(state.weights, wire)[0], None)
        return np.asarray(total)

    def pull(self, state: State) -> Array:
        """G', [n, n_reader]; a layer's own reset is part of it at lag 1."""
        d = self.dynamics
        assert isinstance(d, DifferenceDynamics)
        g = self.weights(state) * d.gain
        if self.name == self.source and self.lag == 1:
            g = g - np.diag(np.broadcast_to(d.reset, len(g))).astype(d.dtype)
        return np.asarray(g)


def readers_of(source: str, dynamics: dict[str, Dynamics]) -> list[Reader]:
    """Every layer whose residual depends on the spikes of ``source``, at each lag; itself first, if it resets or hears itself."""
    out = []
    for name in (source, *(n for n in dynamics if n != source)):
        d = dynamics[name].coupling
        lags = {m.lag for m in d.maps if m.source == source}
        if name == source and np.any(d.dynamics.R):
            lags.add(1)
        out += [Reader(dynamics[name], source, lag) for lag in sorted(lags)]
    return out
