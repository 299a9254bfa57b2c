"""Iterations of an ADMM on a kept state; every record is of a rollout of its weights."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import KeptAlgorithm, Net
from snnopt.blocks import Binding
from snnopt.errors import DataError
from snnopt.penalties import PenaltyFunction
from snnopt.runtime.acceleration import Accelerator
from snnopt.runtime.batch import Batch
from snnopt.runtime.data import Samples
from snnopt.runtime.forward import Wiring, rollout
from snnopt.runtime.history import Record
from snnopt.runtime.journal import Journal, blame, finite
from snnopt.runtime.kept import KeptSweeper, Measures, PenaltyControl, State, measure, rms
from snnopt.runtime.loops.loop import Loop
from snnopt.runtime.readout import readout_uses
from snnopt.runtime.records import looked_at
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.status import Status
from snnopt.runtime.views import judge, loss_views
from snnopt.runtime.workspace import Workspace

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
        accelerator: Accelerator | None = None,
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
        self.control, self.accelerator = PenaltyControl(self.sweeper), accelerator
        self.views = loss_views(wiring, samples.steps)
        self.uses = readout_uses(self.views, wiring)
        self._weights = self.sweeper.reported_weights()
        self.rng, self.done, self.stale, self.lagrangian = rng, 0, 0, float("nan")
        self.fires: dict[str, Array] | None = None
        self.fired: dict[str, Array] | None = None
        self.workspace, self.looked_at = Workspace(), looked_at(samples.count)
        self.resting: dict[str, str] = {}

    @property
    def weights(self) -> dict[str, Array]:  # noqa: D102
        return self._weights

    def run(self) -> Generator[None, None, tuple[Status, str]]:  # noqa: D102
        algorithm, sweeper = self.algorithm, self.sweeper
        if over := self._over():
            return over
        for iteration in range(self.done + 1, algorithm.max_iter + 1):
            sweeper.moving = iteration > algorithm.warm_up
            start = None if self.accelerator is None else sweeper.pack()
            for word in algorithm.updates(self.net):
                sweeper.run(word)
            weights = sweeper.reported_weights()
            for bad in (sweeper.state.weights, weights):
                if not finite(bad):
                    return Status.DIVERGED, blame(bad, f"iteration {iteration}", ADVICE)
            found = measure(sweeper)
            if not np.isfinite(found.lagrangian):
                return Status.DIVERGED, blame(weights, f"iteration {iteration}", ADVICE)
            self.done, self.stale = iteration, self.stale + 1
            crossed = self._crossed(found)
            dual = self._dual(crossed)
            rests = self._rests(found, dual)
            ends = rests or iteration == algorithm.max_iter or self._over() is not None
            looks = ends or iteration % algorithm.look_every == 0
            if looks and not self._look(iteration, weights, found, dual):
                return Status.DIVERGED, blame(weights, f"iteration {iteration}", ADVICE)
            changed = self.control.after(iteration, found, dual, crossed)
            self._weights, self.fires, self.lagrangian = weights, found.fires, found.lagrangian
            if start is not None:
                self._accelerate(*start, changed)
            if looks:
                yield
            if rests:
                return Status.CONVERGED, f"all residuals are within tolerance, at iteration {iteration}"
            if over := self._over():
                return over
        return Status.MAX_ITER, f"ran {algorithm.max_iter} iterations"

    def _look(self, iteration: int, weights: dict[str, Array], found: Measures, dual: dict[str, float]) -> bool:
        """Roll these weights out and write a record of it; False if its loss is no number."""
        batch, journal = self._roll_out(weights), self.journal
        if not np.isfinite(batch.loss):
            return False
        if batch.loss < journal.best_loss * (1 - 1e-4):
            self.stale = 0
        fired = _fired(batch, self.looked_at)
        record = self._record(iteration, batch, found, fired, dual)
        journal.add(record, weights, self.algorithm.max_iter - iteration)
        self.fired = fired
        self._look_after(iteration, record)
        return True

    def _accelerate(self, parts: list[tuple[str, str]], old: Array, changed: bool) -> None:
        """Move on from where the sweep led, unless the map or its variables are not what they were."""
        assert self.accelerator is not None
        present, new = self.sweeper.pack()
        if changed or present != parts:
            self.accelerator.forget()
            return
        x = self.accelerator.after(old, new)
        if x is not new:
            self.sweeper.unpack(x)
            self.control.hold()

    def _over(self) -> tuple[Status, str] | None:
        """Why to stop after the iterations done, if at all."""
        patience, limit = self.algorithm.patience, self.journal.time_limit
        if patience is not None and self.stale >= patience:
            return (
                Status.STALLED,
                f"the rollout's loss has not fallen for {self.stale} iterations; the best one is kept",
            )
        if self.journal.out_of_time:
            return Status.TIME_LIMIT, f"the time limit of {limit:g} s was met at iteration {self.done}"
        return None

    def _look_after(self, iteration: int, record: Record) -> None:
        """Name layers that are silent or saturated, when they become so: no update reads anything from their spikes."""
        for layer, rate in record.firing_rate.items():
            what = {0.0: "is silent", 1.0: "fires at every step"}.get(rate, "")
            if what and self.resting.get(layer) != what:
                self.journal.note(
                    f"layer {layer!r} {what} when the weights are rolled out (iteration {iteration}). If this lasts, check the "
                    "scale of its input, lower or raise its threshold, or change rho against sigma"
                )
            self.resting[layer] = what

    def _rests(self, found: Measures, dual_residuals: dict[str, float]) -> bool:
        """Whether every coupling's residuals are within the tolerances, and the Lagrangian where a coupling has no dual."""
        stop, state = self.journal.stopping, self.sweeper.state
        if not stop.by_residuals or len(dual_residuals) < len(found.primal):
            return False
        resting = abs(found.lagrangian - self.lagrangian) <= stop.absolute + stop.relative * abs(found.lagrangian)
        for name, primal in found.primal.items():
            layer = name.removesuffix(".step")
            dual = (state.u if name == layer else state.w).get(layer)
            scale = max(map(rms, self.control.terms(name, found)))
            within = resting if dual is None else primal <= stop.absolute + stop.relative * scale
            multiplier = self.sweeper.penalties.values[name] * (scale if dual is None else rms(dual))
            if not within or dual_residuals[name] > stop.absolute + stop.relative * multiplier:
                return False
        return True

    def snapshot(self) -> Tree:  # noqa: D102
        return {
            "lagrangian": self.lagrangian,
            "resting": dict(self.resting),
            "done": self.done,
            "stale": self.stale,
            "fires": self.fires,
            "fired": self.fired,
            "weights": self._weights,
            "sweeper": self.sweeper.snapshot(),
            "control": self.control.snapshot(),
            "accelerator": None if self.accelerator is None else self.accelerator.snapshot(),
            "rng": self.rng.bit_generator.state,
        }

    def restore(self, tree: Tree) -> None:  # noqa: D102
        self.done, self.stale, self._weights = tree["done"], tree["stale"], tree["weights"]
        self.lagrangian, self.resting = tree["lagrangian"], tree["resting"]
        self.fires, self.fired = tree["fires"], tree["fired"]
        self.rng.bit_generator.state = tree["rng"]
        self.sweeper.restore(tree["sweeper"])
        self.control.restore(tree["control"])
        if self.accelerator is not None:
            self.accelerator.restore(tree["accelerator"])

    def _roll_out(self, weights: dict[str, Array]) -> Batch:
        """The rollout of these weights, and its objective."""
        state = self.sweeper.state
        batch = Batch(state.inputs, state.targets)
        batch.activity = rollout(
            self.wiring, weights, state.inputs, state.steps, readouts=False, workspace=self.workspace
        )
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

    def _crossed(self, found: Measures) -> dict[str, float]:
        """Share of the kept potentials that crossed their threshold, by hidden layer."""
        if self.fires is None:
            return {}
        return {n: _differing(fires, self.fires[n]) for n, fires in found.fires.items()}

    def _dual(self, crossed: dict[str, float]) -> dict[str, float]:
        """Dual residuals by coupling, since the iteration before."""
        sigma = self.sweeper.penalties.sigma
        steps = {f"{n}.step": sigma(n) * float(np.sqrt(share)) for n, share in crossed.items()}
        return self.sweeper.dual_residuals() | steps

    def _record(
        self, iteration: int, batch: Batch, found: Measures, fired: dict[str, Array], dual: dict[str, float]
    ) -> Record:
        layers, penalties = list(found.fires), self.sweeper.penalties
        flips = dict.fromkeys(layers, np.nan)
        gap = {n: _differing(fired[n], found.fires[n][:, self.looked_at]) for n in layers}
        if self.fired is not None:
            flips = {n: _differing(fired[n], self.fired[n]) for n in layers}
        record = Record(iteration, batch.loss, batch.accuracy, batch.firing_rates(), flips, gap)
        return replace(
            record,
            penalty=dict(penalties.values),
            ridge=self.algorithm.ridge,
            lagrangian=found.lagrangian,
            primal=found.primal,
            dual=dual,
        )


def _differing(some: Array, others: Array) -> float:
    """Share of the entries of two arrays of booleans that differ."""
    return float(np.count_nonzero(some != others) / some.size)


def _fired(batch: Batch, some: slice) -> dict[str, Array]:
    """The rollout's spikes of some samples, as booleans by hidden layer."""
    return {n: x.spikes[:, some] > 0 for n, x in batch.activity.items() if x.spikes is not None}
