"""An instance of an output block: a read-out's potentials under its dynamics and a loss, sample by sample."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.oracles.case import Case, relative_distance
from snnopt.oracles.judged import Judged

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class OutputCase(Case):
    """``scale loss(sum_t omega[t] v[t], target) + rho/2 sum_t ||v[t] - beta v[t-1] - i[t] + u[t]||^2``, v[-1] = 0, per sample.

    Attributes
    ----------
    kind : of the loss.
    prediction, dual : i and the scaled dual u, [T, N, n].
    beta : [n], zeros in trace form.
    omega : [T], or [T, N, n].
    rho, scale : penalty, the loss's factor.
    target : labels [N], or real [N, n].
    """

    kind: str
    prediction: Array
    dual: Array
    beta: Array
    omega: Array
    rho: float
    scale: float
    target: Array

    axes: ClassVar = dict.fromkeys(("prediction", "dual", "omega"), ("time", "sample", "unit")) | {
        "beta": ("unit",),
        "target": ("sample", "unit"),
    }

    @abstractmethod
    def sample(self, n: int) -> Judged:
        """One sample's problem in the variables that the block has, flattened."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of x: [..., N, n]."""

    @property
    def fits(self) -> bool:
        """Whether every unit is seen and every label has a unit."""
        whole = self.target.ndim == 2 or int(self.target.max()) < len(self.beta)
        return whole and bool((self.taken.sum(0) > 0.1).all())

    @property
    def taken(self) -> Array:
        """omega, [T, N, n]."""
        omega = self.omega[:, None, None] if self.omega.ndim == 1 else self.omega
        return np.broadcast_to(omega, self.prediction.shape)

    def chain(self, n: int) -> Judged:
        """One sample's problem in all ``v[t, unit]``: its equations and what the loss sees, written out one by one."""
        steps, _, units = self.prediction.shape
        at = np.arange(steps * units).reshape(steps, units)
        a, b, maps = np.zeros((at.size, at.size)), np.zeros(at.size), np.zeros((units, at.size))
        for t, unit in np.ndindex(steps, units):
            row = at[t, unit]
            a[row, row] = 1.0
            if t > 0:
                a[row, at[t - 1, unit]] = -self.beta[unit]
            b[row] = self.prediction[t, n, unit] - self.dual[t, n, unit]
            maps[unit, row] = self.taken[t, n, unit]
        root = np.sqrt(self.rho)
        return Judged(self.kind, self.scale, self.target[n], maps, np.zeros(units), root * a, root * b)

    def solution(self) -> Array:
        """CVXPY's potentials, one sample after the other."""
        best = np.empty(self.shape)
        for n in range(self.shape[-2]):
            best[..., n, :] = self.sample(n).solution().reshape(best[..., n, :].shape)
        return best

    def excess(self, x: Array, best: Array) -> float:
        """Largest over the samples: each is a problem of its own."""
        parts = ((x[..., n, :].ravel(), best[..., n, :].ravel()) for n in range(x.shape[-2]))
        return max(self.sample(n).excess(*part) for n, part in enumerate(parts))

    def distance(self, x: Array, best: Array) -> float | None:
        """There is one minimiser."""
        alone = [n for n in range(x.shape[-2]) if self.sample(n).conditioned]
        return max((relative_distance(x[..., n, :], best[..., n, :]) for n in alone), default=None)
