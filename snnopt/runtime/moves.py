"""How potentials move: the demands' slope, and the penalty that sets the size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Branches, Demand, Dithered, Move, Separable
from snnopt.blocks.dithered_step import DitheredStep as DitheredRule
from snnopt.blocks.exact_step import ExactStep as ExactRule
from snnopt.penalties import DitheredStep, FlippedStep, distance_penalty, flip_penalty, volts_penalty
from snnopt.runtime.adjoint import Wanted
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Activity
from snnopt.runtime.snapshots import Tree

Array = NDArray[Any]

STRIDES, SAMPLED = (13, 29, 61, 127, 251, 509, 1021, 2039, 4093), 2**13
"""Quantiles look at every 13th entry, or fewer while more than that many are left: primes, so that usual layer widths leave
no neuron out for good."""


class Moves(ABC):
    """One layer's rule for its potentials, on one batch after another."""

    @abstractmethod
    def prepare(self, batch: Batch, outside: Demand | None, step: float) -> Move:
        """Return the rule for the adjoint pass, knowing the demand from outside the layer's own feedback."""

    @abstractmethod
    def penalty(self, batch: Batch, wanted: Wanted, step: float) -> float:
        """rho of the layer's coupling; 0 where the layer is asked for nothing."""

    @abstractmethod
    def forget(self) -> None:
        """Drop what was kept from the last iteration, because its weights were taken back."""

    def snapshot(self) -> Tree:
        """What the next iteration remembers of this one: nothing, for most rules."""
        return None

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        assert tree is None

    @abstractmethod
    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Array:
        """The block updates' own spikes of some samples, H of the moved potentials, as booleans."""


class DitheredMoves(Moves):
    """The dithered rule: the slope is fixed before the pass, rho after it."""

    def __init__(self, layer: str, threshold: Any, settings: DitheredStep, rule: Any) -> None:
        self.layer, self.threshold, self.settings, self.rule = layer, threshold, settings, rule

    def prepare(self, batch: Batch, outside: Demand | None, step: float) -> Move:  # noqa: D102
        v = batch.activity[self.layer].potentials
        distance = np.abs(counted(batch, v) - counted_thresholds(batch, self.threshold, v))
        k = min(len(distance) - 1, int(self.settings.quantile * len(distance)))
        width = float(np.partition(distance, k)[k])
        width = max(width, 1e-6 * float(np.mean(self.threshold)))
        if self.rule is DitheredRule:
            return Dithered(self.rule, v, self.threshold, width)
        return lambda t, demand: self.rule.move(demand, self.rule.slope(v[t], self.threshold, width), 1.0)

    def penalty(self, batch: Batch, wanted: Wanted, step: float) -> float:  # noqa: D102
        volts = step * self.settings.volts * float(np.mean(self.threshold))
        return volts_penalty(wanted.potentials, volts, counted_entries(batch, wanted.potentials))

    def forget(self) -> None:  # noqa: D102
        return

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Array:  # noqa: D102
        v = activity.potentials[:, some]
        return np.asarray(v + wanted.potentials[:, some] / v.dtype.type(rho) > self.threshold)


class ExactMoves(Moves):
    """The two-branch rule: rho and sigma are fixed before the pass, from the demand known by then.

    Where a layer feeds itself, its full demand depends on later flips, so sigma is the last iteration's.
    """

    def __init__(self, layer: str, threshold: Any, settings: FlippedStep, rule: Any, feedback: bool) -> None:
        self.layer, self.threshold, self.settings = layer, threshold, settings
        self.rule, self.feedback = rule, feedback
        self.rho = self.sigma = 0.0
        self.full: list[Array] = []

    def prepare(self, batch: Batch, outside: Demand | None, step: float) -> Move:  # noqa: D102
        activity = batch.activity[self.layer]
        v, s = activity.potentials, activity.spikes
        assert s is not None
        if self.feedback and self.full:
            demand = np.stack(self.full[::-1])
        elif isinstance(outside, Separable):
            demand = outside.dense()
        else:
            demand = np.zeros_like(v) if outside is None else outside
        if demand.shape == v.shape:
            self.rho = distance_penalty(demand, self.settings.distance, counted_entries(batch, demand))
            some = (counted(batch, x) for x in (v, s, demand))
            score = self.rule.score(*some, self.rho, counted_thresholds(batch, self.threshold, v))
            self.sigma = flip_penalty(score, self.settings.share * step)
        self.full = []
        if not self.feedback and self.rule is ExactRule:
            return Branches(self.rule, v, s, self.threshold, self.rho, self.sigma)

        def move(t: int, demand: Array) -> Array:
            if self.feedback:
                self.full.append(demand.copy())
            dv = self.rule.move(v[t], s[t], demand, self.rho, self.sigma, self.threshold)
            return np.asarray(dv.dtype.type(self.rho) * dv)

        return move

    def penalty(self, batch: Batch, wanted: Wanted, step: float) -> float:  # noqa: D102
        return self.rho if np.any(wanted.potentials) else 0.0

    def snapshot(self) -> Tree:  # noqa: D102
        return [self.rho, self.sigma, list(self.full)]

    def restore(self, tree: Tree) -> None:  # noqa: D102
        self.rho, self.sigma, self.full = tree

    def forget(self) -> None:  # noqa: D102
        self.full = []

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Array:  # noqa: D102
        assert activity.spikes is not None
        return (activity.spikes[:, some] > 0) ^ (wanted.potentials[:, some] != 0)


class LinearMoves(Moves):
    """A layer that does not spike: its potentials follow the demand, ``share`` of their size (root mean square) at a time."""

    def __init__(self, layer: str, share: float, rule: Any) -> None:
        self.layer, self.share, self.rule = layer, share, rule

    def prepare(self, batch: Batch, outside: Demand | None, step: float) -> Move:  # noqa: D102
        return lambda t, demand: self.rule.move(demand, 1.0)

    def penalty(self, batch: Batch, wanted: Wanted, step: float) -> float:  # noqa: D102
        size = np.sqrt(batch.mean(batch.activity[self.layer].potentials ** 2))
        volts = step * self.share * max(float(size), float(np.finfo(wanted.potentials.dtype).tiny))
        return volts_penalty(wanted.potentials, volts, counted_entries(batch, wanted.potentials))

    def forget(self) -> None:  # noqa: D102
        return

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Array:  # noqa: D102
        raise AssertionError("the layer does not spike")


def counted(batch: Batch, x: Array) -> Array:
    """A sample of the entries of ``x`` [T, N, n] at steps that count, flat."""
    flat = x.ravel() if batch.mask is None else x[batch.mask > 0].ravel()
    return flat[:: next((k for k in STRIDES if flat.size <= k * SAMPLED), STRIDES[-1])]


def counted_thresholds(batch: Batch, threshold: Any, v: Array) -> Any:
    """The threshold of each entry that :func:`counted` takes of ``v``."""
    return threshold if np.ndim(threshold) == 0 else counted(batch, np.broadcast_to(threshold, v.shape))


def counted_entries(batch: Batch, x: Array) -> int:
    """Number of entries of ``x`` [T, N, n] at steps that count."""
    return x.size if batch.mask is None else int(batch.mask.sum()) * x.shape[2]
