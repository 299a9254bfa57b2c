"""Iterations of an ADMM on a kept state; every record is of a rollout of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import KeptAlgorithm, Net
from snnopt.blocks import Binding
from snnopt.errors import DataError
from snnopt.penalties import PenaltyFunction
from snnopt.runtime.batch import Batch
from snnopt.runtime.data import Samples
from snnopt.runtime.forward import Wiring, rollout
from snnopt.runtime.history import Record
from snnopt.runtime.journal import Journal, blame, finite
from snnopt.runtime.kept import KeptSweeper, Measures, PenaltyControl, State, measure
from snnopt.runtime.loops.loop import Loop
from snnopt.runtime.readout import readout_uses
from snnopt.runtime.status import Status
from snnopt.runtime.views import judge, loss_views

Array = NDArray[Any]

ADVICE = "Raise rho or ridge, lower the step of the duals, or use dtype='float64'; check the scale of the data"


class KeptLoop(Loop):
    """At most ``max_iter`` sweeps."""

    def __init__(
        self,
        wiring: Wiring,
        bindings: tuple[Binding, ...],
        algorithm: KeptAlgorithm,
        net: Net,
        samples: Samples,
        targets: dict[str, Array],
        weights: dict[str, Array],
        rng: np.random.Generator,
        journal: Journal,
        penalties: Mapping[str, PenaltyFunction],
    ) -> None:
        if samples.lengths is not None:
            fix = "use 'online' or 'rollout', or cut the series to one length"
            raise DataError("lengths", f"{algorithm.name!r} keeps potentials at every step of every series", fix)
        self.wiring, self.algorithm, self.net, self.journal = wiring, algorithm, net, journal
        self.count, self.dtype = samples.count, wiring.dtype
        state = State(weights, samples.take(slice(None), wiring.dtype), targets, samples.steps)
        if algorithm.start == "rollout":
            state.roll_out(wiring)
        else:
            state.scatter(wiring, rng)
        self.sweeper = KeptSweeper(wiring, bindings, algorithm, state, penalties)
        self.control = PenaltyControl(self.sweeper)
        self.views = loss_views(wiring, samples.steps)
        self.uses = readout_uses(self.views, wiring)
        self._weights = self.sweeper.reported_weights()

    @property
    def weights(self) -> dict[str, Array]:  # noqa: D102
        return self._weights

    def run(self) -> tuple[Status, str]:  # noqa: D102
        algorithm, sweeper, journal = self.algorithm, self.sweeper, self.journal
        last: tuple[Batch, Measures] | None = None
        stale = 0
        for iteration in range(1, algorithm.max_iter + 1):
            sweeper.moving = iteration > algorithm.warm_up
            for word in algorithm.updates(self.net):
                sweeper.run(word)
            weights = sweeper.reported_weights()
            for bad in (sweeper.state.weights, weights):
                if not finite(bad):
                    return Status.DIVERGED, blame(bad, f"iteration {iteration}", ADVICE)
            found, batch = measure(sweeper), self._roll_out(weights)
            if not np.isfinite([batch.loss, found.lagrangian]).all():
                return Status.DIVERGED, blame(weights, f"iteration {iteration}", ADVICE)
            self._weights = weights
            improved = batch.loss < journal.best_loss * (1 - 1e-4)
            record = self._record(iteration, batch, found, last)
            journal.add(record, weights, algorithm.max_iter - iteration)
            self.control.after(iteration, found, record.dual, self._flips(found, last))
            stale, last = 0 if improved else stale + 1, (batch, found)
            if algorithm.patience is not None and stale >= algorithm.patience:
                return Status.STALLED, f"the rollout's loss has not fallen for {stale} iterations; the best one is kept"
            if journal.out_of_time:
                return Status.TIME_LIMIT, f"the time limit of {journal.time_limit:g} s was met at iteration {iteration}"
        return Status.MAX_ITER, f"ran {algorithm.max_iter} iterations"

    def _roll_out(self, weights: dict[str, Array]) -> Batch:
        """The rollout of these weights, and its objective."""
        state = self.sweeper.state
        batch = Batch(state.inputs, state.targets)
        batch.activity = rollout(self.wiring, weights, state.inputs, state.steps, readouts=False)
        for view in self.views:
            view.look(batch)
        for group in self.uses:
            group.look(batch, weights)
        loss, batch.accuracy = judge(self.views, batch)
        spikes = sum(
            s.cost * state.steps * batch.activity[n].potentials.shape[2] * batch.firing_rate(n)
            for n, s in self.sweeper.spikes.items()
        )
        batch.loss = self.sweeper.penalties_of_weights() + spikes + loss
        return batch

    def _flips(self, found: Measures, last: tuple[Batch, Measures] | None) -> dict[str, float]:
        """Share of the kept potentials that crossed their threshold, by hidden layer."""
        if last is None:
            return {}
        return {n: float(np.mean(fires != last[1].fires[n])) for n, fires in found.fires.items()}

    def _record(self, iteration: int, batch: Batch, found: Measures, last: tuple[Batch, Measures] | None) -> Record:
        layers, penalties, crossed = list(found.fires), self.sweeper.penalties, self._flips(found, last)
        gap, flips, dual = dict.fromkeys(layers, np.nan), dict.fromkeys(layers, np.nan), dict[str, float]()
        for name in layers:
            spikes = batch.activity[name].spikes
            assert spikes is not None
            gap[name] = float(np.mean((spikes > 0) != found.fires[name]))
            if last is not None:
                old = last[0].activity[name].spikes
                flips[name] = float(np.mean(spikes != old))
                dual[f"{name}.step"] = penalties.sigma(name) * float(np.sqrt(crossed[name]))
        record = Record(iteration, batch.loss, batch.accuracy, batch.firing_rates(), flips, gap)
        return replace(
            record,
            penalty=dict(penalties.values),
            ridge=self.algorithm.ridge,
            lagrangian=found.lagrangian,
            primal=found.primal,
            dual=self.sweeper.dual_residuals() | dual,
        )
