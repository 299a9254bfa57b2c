"""How a layer's residual answers to spikes that it hears at any number of lags: by what it falls, and the adjoint of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.dynamics import TraceDynamics
from snnopt.runtime.kept.readers import Reader
from snnopt.runtime.kept.state import State
from snnopt.runtime.wires import advanced, lagged
from snnopt.split import kernel, reset_kernel

Array = NDArray[Any]


class Response(ABC):
    """A linear map from spikes [T, N, n] to what the residual falls by [T, N, m], ``A a``; samples do not meet."""

    @abstractmethod
    def of(self, spikes: Array) -> Array:
        """``A a``."""

    @abstractmethod
    def adjoint(self, residual: Array) -> Array:
        """``A' r``."""

    @abstractmethod
    def bound(self) -> float:
        """A bound on ``||A||``: the sum of its parts' bounds, a part for each lag and for the reset."""

    @abstractmethod
    def energy(self) -> float:
        """Mean of ``||A a||^2`` over unit spikes, each of its parts by itself."""


@dataclass(frozen=True, eq=False)
class DifferenceResponse(Response):
    """``(A a)[t] = sum_d G_d a[t - d]``; ``pulls`` are G_d' [n, m] by lag, the reset within that of lag 1."""

    pulls: Mapping[int, Array]

    def of(self, spikes: Array) -> Array:  # noqa: D102
        return np.asarray(sum(lagged(spikes, d, len(spikes)) @ g for d, g in self.pulls.items()))

    def adjoint(self, residual: Array) -> Array:  # noqa: D102
        return np.asarray(sum(advanced(residual @ g.T, d) for d, g in self.pulls.items()))

    def bound(self) -> float:
        """``sum_d ||G_d||_2``."""
        return sum(_norm(g) for g in self.pulls.values())

    def energy(self) -> float:  # noqa: D102
        return sum(float((g.astype(np.float64) ** 2).sum()) / len(g) for g in self.pulls.values())


@dataclass(frozen=True, eq=False)
class TraceResponse(Response):
    """``A a = kappa * (sum_d W_d a[. - d]) + eta * a``; ``weights`` are W_d' [n, m] by lag, eta is there if it is its ``own``."""

    dynamics: TraceDynamics
    weights: Mapping[int, Array]
    own: bool

    def of(self, spikes: Array) -> Array:  # noqa: D102
        d, steps = self.dynamics, len(spikes)
        parts = []
        if self.weights:
            heard: Any = sum(lagged(spikes, lag, steps) @ w for lag, w in self.weights.items())
            parts.append(d.through(heard))
        if self.own:
            parts.append(d.feedback(spikes))
        return np.asarray(sum(parts))

    def adjoint(self, residual: Array) -> Array:  # noqa: D102
        d, parts = self.dynamics, []
        if self.weights:
            current = d.on_current(residual)
            parts += [advanced(current @ w.T, lag) for lag, w in self.weights.items()]
        if self.own:
            parts.append(d.feedback_adjoint(residual))
        return np.asarray(sum(parts))

    def bound(self) -> float:
        """``sum_d ||W_d||_2 sum |kappa| + sum |eta|``, the kernels up to the last step, of the neuron where they sum to most."""
        kappa, eta = self._kernels()
        through = sum(_norm(w) * _most(kappa[: max(len(kappa) - lag, 0)]) for lag, w in self.weights.items())
        return through + _most(eta)

    def energy(self) -> float:  # noqa: D102
        kappa, eta = self._kernels()
        total = float(_mean_square(eta, 0).mean())
        for lag, w in self.weights.items():
            total += float((w.astype(np.float64) ** 2 * _mean_square(kappa, lag)).sum()) / len(w)
        return total

    def _kernels(self) -> tuple[Array, Array]:
        """kappa, and eta or zeros, each [T, m] or [T, 1]."""
        space, steps = self.dynamics.coupling.dynamics, self.dynamics.steps
        return kernel(space, steps), reset_kernel(space, steps) * self.own


def response_of(readers: list[Reader], state: State) -> Response:
    """The response of one layer, from its readers of a source, one for each lag."""
    d, own = readers[0].dynamics, readers[0].name == readers[0].source
    if not isinstance(d, TraceDynamics):
        return DifferenceResponse({r.lag: r.pull(state) for r in readers})
    heard = {m.lag for m in d.coupling.maps if m.source == readers[0].source}
    weights = {r.lag: r.weights(state) for r in readers if r.lag in heard}
    return TraceResponse(d, weights, own and d.resets)


def _norm(matrix: Array) -> float:
    return float(np.linalg.norm(matrix.astype(np.float64), 2))


def _most(kernels: Array) -> float:
    """The largest l1 norm of kernels [T, m], which bounds that of the convolutions with them."""
    return float(np.abs(kernels).sum(0).max())


def _mean_square(kernels: Array, lag: int) -> Array:
    """``||kernel||^2`` up to the last step, of a spike of each step whose response starts ``lag`` steps later, mean, [m]."""
    steps = len(kernels)
    left = np.maximum(steps - lag - np.arange(steps), 0) / steps
    return np.asarray((kernels**2 * left[:, None]).sum(0))
