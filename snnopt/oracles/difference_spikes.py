"""What the oracles of spikes in difference form share: the block's residuals as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.oracles.case import relative_excess
from snnopt.oracles.modelled import ModelledCase

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class DifferenceSpikesCase(ModelledCase):
    """``sum_{s,t} rho_s/2 ||c_s[t] - G_s a[t - d_s]||^2 + sum_t sigma/2 ||a[t] - H[t] + w[t]||^2 - <linear, a>``.

    The first sum runs over all steps t at which residual s sees any spikes, t - d_s >= 0. x is a [T, N, n]. To it come the
    models of couplings that are linearised.

    Attributes
    ----------
    maps : G_s, one for each layer that reads the spikes, [readers, m, n]; spare rows are zero.
    constants : c_s, the rest of the residual with its dual, [readers, T, N, m].
    rho : [readers].
    lags : d_s, [readers] of whole steps; 0 is the same step.
    spikes, dual, linear : H, w and the linear term, [T, N, n].
    sigma : the step's penalty.
    """

    maps: Array
    constants: Array
    rho: Array
    lags: Array
    spikes: Array
    dual: Array
    linear: Array
    sigma: float

    axes: ClassVar = (
        ModelledCase.axes
        | dict.fromkeys(("spikes", "dual", "linear"), ("time", "sample", "neuron"))
        | {
            "maps": ("reader", "row", "neuron"),
            "constants": ("reader", "time", "sample", "row"),
            "rho": ("reader",),
            "lags": ("reader",),
        }
    )

    @property
    def sound(self) -> bool:
        """Whether penalties are still positive."""
        return self.sigma > 0 and bool((self.rho > 0).all())

    def systems(self) -> Iterator[tuple[list[int], Array, Array]]:
        """For each set of readers: the steps whose spikes these see, their normal matrix, their right-hand sides."""
        steps, units = len(self.spikes), self.maps.shape[2]
        readers = [tuple(s for s, lag in enumerate(self.lags) if t + lag < steps) for t in range(steps)]
        for active in dict.fromkeys(readers):
            times = [t for t in range(steps) if readers[t] == active]
            normal = (self.sigma + self.held) * np.eye(units)
            right = self.sigma * (self.spikes[times] - self.dual[times]) + self.linear[times] + self.pulled[times]
            for s in active:
                normal += self.rho[s] * self.maps[s].T @ self.maps[s]
                for k, t in enumerate(times):
                    right[k] += self.rho[s] * self.constants[s, t + self.lags[s]] @ self.maps[s]
            yield times, normal, right

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's a, one call for each set of readers."""
        steps, parts = list[int](), []
        for times, normal, right in self.systems():
            normal.setflags(write=False)
            right.setflags(write=False)
            steps += times
            parts.append(rule.solve(normal, right))  # type: ignore[attr-defined]
        return np.concatenate(parts)[np.argsort(steps)]

    def squares(self, x: Array) -> float:
        """The block's quadratic terms at a = x, but for the models."""
        total = self.sigma / 2 * float(((x - self.spikes + self.dual) ** 2).sum())
        for g, c, rho, lag in zip(self.maps, self.constants, self.rho, self.lags, strict=True):
            for t in range(int(lag), len(x)):
                total += float(rho) / 2 * float(((c[t] - x[t - int(lag)] @ g.T) ** 2).sum())
        return total

    def objective(self, x: Array) -> float:
        """The block's objective at a = x."""
        return self.squares(x) - float((self.linear * x).sum()) + self.modelled(x)

    def least_squares_data(self) -> tuple[Array, Array, Array]:
        """A, B and L of ``1/2 ||A X - B||^2 + <L, X>``, X [T n, N]: a row for each entry of each residual."""
        steps, units, root = len(self.spikes), self.maps.shape[2], np.sqrt(self.sigma)
        rows, wanted = [root * np.eye(steps * units)], [root * flat(self.spikes - self.dual)]
        for g, c, rho, lag in zip(self.maps, self.constants, self.rho, self.lags, strict=True):
            for t in range(int(lag), steps):
                row = np.zeros((len(g), steps, units))
                row[:, t - int(lag)] = np.sqrt(rho) * g
                rows.append(row.reshape(len(g), -1))
                wanted.append(np.sqrt(rho) * c[t].T)
        rows.append(np.sqrt(self.held) * np.eye(steps * units))
        wanted.append(np.sqrt(self.held) * flat(self.present))
        return np.concatenate(rows), np.concatenate(wanted), flat(self.slope - self.linear)

    def shaped(self, x: Array) -> Array:
        """X [T n, N] as a [T, N, n]."""
        steps, samples, units = self.spikes.shape
        return x.reshape(steps, units, samples).transpose(0, 2, 1)

    def excess(self, x: Array, best: Array) -> float:
        """Relative to what can be won from a = H, or, if more, to what it costs to move every a by 0.01, or to a millionth
        of what the objective is a difference of.
        """
        each = (self.sigma + self.held) * self.maps.shape[2] + self.energy
        cost = 1e-4 / 2 * each * self.spikes.shape[0] * self.spikes.shape[1] + 1e-2 * float(np.abs(self.linear).sum())
        least = max(cost, 1e-6 * self.squares(best))
        return relative_excess(self.objective(x), self.objective(best), self.objective(self.spikes), least)

    @property
    def energy(self) -> float:
        """``sum_s rho_s ||G_s||^2``."""
        return float(self.rho @ (self.maps**2).sum((1, 2)))

    @property
    def condition(self) -> float:
        """An upper bound on the condition of the normal matrices."""
        return 1 + self.energy / (self.sigma + self.held)


def flat(x: Array) -> Array:
    """[T, N, n] as [T n, N]."""
    return x.transpose(0, 2, 1).reshape(-1, x.shape[1])
