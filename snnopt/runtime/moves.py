"""How potentials move under the step coupling: the demands' slope, and the penalty that sets the size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms.settings import Dithered, Exact
from snnopt.penalties import distance_penalty, flip_penalty, volts_penalty
from snnopt.runtime.adjoint import Demand, Move, Separable, Wanted
from snnopt.runtime.forward import Activity

Array = NDArray[Any]

SAMPLE_STRIDE = 13
"""Quantiles look at every 13th entry: prime to the usual layer widths, so no neuron is left out for good."""


class Moves(ABC):
    """One layer's step rule on one batch."""

    @abstractmethod
    def prepare(self, activity: Activity, threshold: Any, outside: Demand | None, step: float) -> Move:
        """Return the rule for the adjoint pass, knowing the demand from outside the layer's own feedback."""

    @abstractmethod
    def penalty(self, wanted: Wanted, threshold: Any, step: float) -> float:
        """rho of the layer's coupling; 0 where the layer is asked for nothing."""

    @abstractmethod
    def forget(self) -> None:
        """Drop what was kept from the last iteration, because its weights were taken back."""

    @abstractmethod
    def spikes(self, activity: Activity, wanted: Wanted, rho: float, threshold: Any) -> Array:
        """The block updates' own spikes, H of the moved potentials, as booleans."""


class DitheredMoves(Moves):
    """The dithered rule: the slope is fixed before the pass, rho after it."""

    def __init__(self, settings: Dithered, rule: Any) -> None:
        self.settings, self.rule = settings, rule

    def prepare(self, activity: Activity, threshold: Any, outside: Demand | None, step: float) -> Move:  # noqa: D102
        distance = np.abs(activity.potentials - threshold).ravel()[::SAMPLE_STRIDE]
        k = min(len(distance) - 1, int(self.settings.quantile * len(distance)))
        width = float(np.partition(distance, k)[k])
        slope = self.rule.slope(activity.potentials, threshold, max(width, 1e-6 * float(np.mean(threshold))))
        return lambda t, demand: self.rule.move(demand, slope[t], 1.0)

    def penalty(self, wanted: Wanted, threshold: Any, step: float) -> float:  # noqa: D102
        return volts_penalty(wanted.potentials, step * self.settings.volts * float(np.mean(threshold)))

    def forget(self) -> None:  # noqa: D102
        return

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, threshold: Any) -> Array:  # noqa: D102
        return np.asarray(activity.potentials + wanted.potentials / activity.potentials.dtype.type(rho) > threshold)


class ExactMoves(Moves):
    """The two-branch rule: rho and sigma are fixed before the pass, from the demand known by then.

    Where a layer feeds itself, its full demand depends on later flips, so sigma is the last iteration's.
    """

    def __init__(self, settings: Exact, rule: Any, feedback: bool) -> None:
        self.settings, self.rule, self.feedback = settings, rule, feedback
        self.rho = self.sigma = 0.0
        self.full: list[Array] = []

    def prepare(self, activity: Activity, threshold: Any, outside: Demand | None, step: float) -> Move:  # noqa: D102
        v, s = activity.potentials, activity.spikes
        assert s is not None
        if self.feedback and self.full:
            demand = np.stack(self.full[::-1])
        elif isinstance(outside, Separable):
            demand = outside.dense()
        else:
            demand = np.zeros_like(v) if outside is None else outside
        if demand.shape == v.shape:
            self.rho = distance_penalty(demand, self.settings.distance)
            score = self.rule.score(v, s, demand, self.rho, threshold)
            self.sigma = flip_penalty(score.ravel()[::SAMPLE_STRIDE], self.settings.share * step)
        self.full = []

        def move(t: int, demand: Array) -> Array:
            if self.feedback:
                self.full.append(demand.copy())
            dv = self.rule.move(v[t], s[t], demand, self.rho, self.sigma, threshold)
            return np.asarray(dv.dtype.type(self.rho) * dv)

        return move

    def penalty(self, wanted: Wanted, threshold: Any, step: float) -> float:  # noqa: D102
        return self.rho if np.any(wanted.potentials) else 0.0

    def forget(self) -> None:  # noqa: D102
        self.full = []

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, threshold: Any) -> Array:  # noqa: D102
        assert activity.spikes is not None
        return (activity.spikes > 0) ^ (wanted.potentials != 0)
