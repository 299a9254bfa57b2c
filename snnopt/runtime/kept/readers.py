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

    def weights(self, state: State) -> Array:
        """Currents [n, n_reader] that a unit spike of each source neuron makes, without reset."""
        total: Any = 0
        for wire in self.dynamics.wires:
            if wire.map.source == self.source:
                eye = np.eye(state.a[self.source].shape[2], dtype=self.dynamics.dtype)
                total = total + wire.current(eye, pair(state.weights, wire)[0], None)
        return np.asarray(total)

    def pull(self, state: State) -> Array:
        """G', [n, n_reader]."""
        d = self.dynamics
        assert isinstance(d, DifferenceDynamics)
        own = d.coupling.name == self.source
        n = state.a[self.source].shape[2]
        reads = any(w.map.source == self.source for w in d.wires)
        g = self.weights(state) * d.gain if reads else np.zeros((n, n), d.dtype)
        return np.asarray(g - np.diag(np.broadcast_to(d.reset, n)).astype(d.dtype) if own else g)


def readers_of(source: str, dynamics: dict[str, Dynamics]) -> list[Reader]:
    """Every layer whose residual depends on the spikes of ``source``, itself first where it resets or hears itself."""
    out = []
    own = dynamics[source].coupling
    heard = {m.lag for m in own.maps if m.source == source} or ({1} if np.any(own.dynamics.R) else set())
    if heard:
        out.append(Reader(dynamics[source], source, heard.pop()))
    for name, d in dynamics.items():
        lags = {m.lag for m in d.coupling.maps if m.source == source}
        if name != source and lags:
            out.append(Reader(d, source, lags.pop()))
    return out
