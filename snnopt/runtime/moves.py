"""How potentials move: the demands' slope, and the penalty that sets the size.

Each rule has two halves. What it needs of samples are sums and histograms, found where the samples are; what it makes of their
totals are numbers: rho, sigma, a width.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Branches, Demand, Dithered, Move
from snnopt.blocks.dithered_step import DitheredStep as DitheredRule
from snnopt.blocks.exact_step import ExactStep as ExactRule
from snnopt.penalties import DitheredStep, FlippedStep, Histogram, distance_penalty, flip_penalty, volts_penalty
from snnopt.runtime.adjoint import Wanted, sum_of_squares
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Activity
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.sums.entries import FEW, MANY

Array = NDArray[Any]
Values = Mapping[str, Any]
"""Sums over a batch, or their totals, by name."""

TINY = float(np.finfo(np.float32).tiny)
"""Least size of potentials that a share can be taken of."""


class Moves(ABC):
    """One layer's rule for its potentials, on one batch after another."""

    layer: str

    @property
    def by_demand(self) -> bool:
        """Whether the rule must know its demand from outside before the pass back goes through the layer."""
        return False

    def seen(self, batch: Batch, total: float) -> Values:
        """Sums of the rollout alone; ``total`` is the number of steps of samples in all shards."""
        return {}

    def scored(self, batch: Batch, rho: float, total: float) -> Values:
        """Sums that sigma is chosen by, at rho."""
        return {}

    @abstractmethod
    def given(self) -> Values:
        """The numbers that the pass back needs of what was chosen."""

    @abstractmethod
    def move(self, batch: Batch, given: Values) -> Move:
        """The rule for the pass back."""

    @abstractmethod
    def moved(self, batch: Batch, wanted: Wanted, given: Values, total: float) -> Values:
        """Sums of the pass back."""

    @abstractmethod
    def penalty(self, totals: Values, entries: float, step: float) -> float:
        """rho of the layer's coupling, once the pass is over; 0 where the layer is asked for nothing."""

    def choose_rho(self, demanded: float, entries: float) -> float:
        """Choose rho by the sum of the absolute demand from outside, and return it."""
        raise AssertionError("not by demand")

    def choose(self, totals: Values, step: float) -> None:
        """Choose what else is fixed before the pass, by scores or the rollout."""
        return

    def learn(self, totals: Values, entries: float) -> None:
        """Keep of a pass what the next one needs."""
        return

    def forget(self) -> None:
        """Drop what was kept from the last iteration, because its weights were taken back."""
        return

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
        self.unit, self.width = float(np.mean(threshold)), 0.0

    def seen(self, batch: Batch, total: float) -> Values:  # noqa: D102
        v = batch.activity[self.layer].potentials
        some = batch.entries(v.shape, total, FEW)
        return {"distance": Histogram.of(np.abs(some.look(v) - some.thresholds(self.threshold)), self.unit)}

    def choose(self, totals: Values, step: float) -> None:  # noqa: D102
        found = Histogram(totals["distance"]).quantile(self.settings.quantile)
        self.width = self.unit * max(found, 1e-6)

    def given(self) -> Values:  # noqa: D102
        return {"width": self.width}

    def move(self, batch: Batch, given: Values) -> Move:  # noqa: D102
        v, width = batch.activity[self.layer].potentials, given["width"]
        if self.rule is DitheredRule:
            return Dithered(self.rule, v, self.threshold, width)
        return lambda t, demand: self.rule.move(demand, self.rule.slope(v[t], self.threshold, width), 1.0)

    def moved(self, batch: Batch, wanted: Wanted, given: Values, total: float) -> Values:  # noqa: D102
        return {"squares": wanted.squares}

    def penalty(self, totals: Values, entries: float, step: float) -> float:  # noqa: D102
        return volts_penalty(totals["squares"], step * self.settings.volts * self.unit, entries)

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Array:  # noqa: D102
        v = activity.potentials[:, some]
        return np.asarray(v + wanted.potentials[:, some] / v.dtype.type(rho) > self.threshold)


class ExactMoves(Moves):
    """The two-branch rule: rho and sigma are fixed before the pass, from the demand known by then.

    Where a layer feeds itself, its full demand depends on later flips, so rho and the scores are those of the last pass.
    """

    def __init__(self, layer: str, threshold: Any, settings: FlippedStep, rule: Any, feedback: bool) -> None:
        self.layer, self.threshold, self.settings = layer, threshold, settings
        self.rule, self.feedback = rule, feedback
        self.rho = self.sigma = 0.0
        self.last: tuple[float, float, Array] | None = None

    @property
    def by_demand(self) -> bool:  # noqa: D102
        return self.last is None

    def scored(self, batch: Batch, rho: float, total: float) -> Values:  # noqa: D102
        return {"scores": self._scores(batch, batch.outside.get(self.layer), rho, total)}

    def choose_rho(self, demanded: float, entries: float) -> float:  # noqa: D102
        self.rho = distance_penalty(demanded, self.settings.distance, entries)
        return self.rho

    def choose(self, totals: Values, step: float) -> None:  # noqa: D102
        if self.last is None:
            unit, scores = self.rho, totals["scores"]
        else:
            self.rho, unit, scores = self.last
        self.sigma = flip_penalty(Histogram(scores), self.settings.share * step, unit)

    def given(self) -> Values:  # noqa: D102
        return {"rho": self.rho, "sigma": self.sigma}

    def move(self, batch: Batch, given: Values) -> Move:  # noqa: D102
        activity = batch.activity[self.layer]
        v, s, rho, sigma = activity.potentials, activity.spikes, given["rho"], given["sigma"]
        assert s is not None
        if not self.feedback and self.rule is ExactRule:
            return Branches(self.rule, v, s, self.threshold, rho, sigma)
        full = batch.full[self.layer] = list[Array]()

        def move(t: int, demand: Array) -> Array:
            if self.feedback:
                full.append(demand.copy())
            dv = self.rule.move(v[t], s[t], demand, rho, sigma, self.threshold)
            return np.asarray(dv.dtype.type(rho) * dv)

        return move

    def moved(self, batch: Batch, wanted: Wanted, given: Values, total: float) -> Values:  # noqa: D102
        found: dict[str, Any] = {"flips": int(np.count_nonzero(wanted.potentials))}
        if self.feedback:
            demand = np.stack(batch.full.pop(self.layer)[::-1])
            found["demanded"] = float(np.abs(demand).sum(dtype=np.float64))
            found["scores"] = self._scores(batch, demand, given["rho"], total)
        return found

    def learn(self, totals: Values, entries: float) -> None:  # noqa: D102
        if self.feedback:
            rho = distance_penalty(totals["demanded"], self.settings.distance, entries)
            self.last = rho, self.rho, totals["scores"]

    def penalty(self, totals: Values, entries: float, step: float) -> float:  # noqa: D102
        return self.rho if totals["flips"] else 0.0

    def snapshot(self) -> Tree:  # noqa: D102
        return [self.rho, self.sigma, self.last]

    def restore(self, tree: Tree) -> None:  # noqa: D102
        self.rho, self.sigma, last = tree
        self.last = None if last is None else (last[0], last[1], last[2])

    def forget(self) -> None:  # noqa: D102
        self.last = None

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Array:  # noqa: D102
        assert activity.spikes is not None
        return (activity.spikes[:, some] > 0) ^ (wanted.potentials[:, some] != 0)

    def _scores(self, batch: Batch, demand: Demand | None, rho: float, total: float) -> Array:
        activity = batch.activity[self.layer]
        v, s = activity.potentials, activity.spikes
        some = batch.entries(v.shape, total, MANY)
        thresholds = some.thresholds(self.threshold)
        return Histogram.of(self.rule.score(some.look(v), some.look(s), some.look(demand), rho, thresholds), rho)


class LinearMoves(Moves):
    """A layer that does not spike: its potentials follow the demand, ``share`` of their size (root mean square) at a time."""

    def __init__(self, layer: str, share: float, rule: Any) -> None:
        self.layer, self.share, self.rule = layer, share, rule

    def given(self) -> Values:  # noqa: D102
        return {}

    def move(self, batch: Batch, given: Values) -> Move:  # noqa: D102
        return lambda t, demand: self.rule.move(demand, 1.0)

    def moved(self, batch: Batch, wanted: Wanted, given: Values, total: float) -> Values:  # noqa: D102
        own = batch.activity[self.layer].potentials
        return {"squares": wanted.squares, "volts": sum_of_squares(own)}

    def penalty(self, totals: Values, entries: float, step: float) -> float:  # noqa: D102
        size = max(math.sqrt(totals["volts"] / entries), TINY)
        return volts_penalty(totals["squares"], step * self.share * size, entries)

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Array:  # noqa: D102
        raise AssertionError("the layer does not spike")
