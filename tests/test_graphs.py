"""Any graph of layers: the rollout, both forms, what losses see and what they ask, against a naive run of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import snnopt as so
from snnopt.algorithms import Word
from snnopt.backends import Move
from snnopt.errors import CompileError
from snnopt.lower import lower
from snnopt.program import check_program, pack_program, unpack_program
from snnopt.runtime import Wiring, check_weights, rollout
from snnopt.runtime.adjoint import Wanted
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Activity
from snnopt.runtime.moves import Moves
from snnopt.runtime.readout import readout_uses
from snnopt.runtime.stacking import stack
from snnopt.runtime.statistics import UseFeatures
from snnopt.runtime.sweeper import Sweeper
from snnopt.runtime.views import loss_views
from tests.graphs import Drawn, networks
from tests.naive import run
from tests.residuals import difference_residual, trace_residual

F64 = np.dtype(np.float64)
MANY = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))


def flat(data: dict[str, Any]) -> dict[str, Any]:
    return {n: x.reshape(*x.shape[:2], -1) for n, x in data.items()}


@MANY
@given(networks())
def test_simulate_is_the_program_as_written(drawn: Drawn) -> None:
    program = check_program(lower(drawn.problem))
    weights, data = drawn.weights(program), drawn.data(program)
    found = so.simulate(drawn.problem, weights, data)
    for name, (_, v, s) in run(program, weights, flat(data)).items():
        size = 1 + np.abs(v).max()
        np.testing.assert_allclose(found[name].potentials.reshape(v.shape), v, rtol=0, atol=1e-10 * size)
        spikes, threshold = found[name].spikes, program.by_name[name].dynamics.threshold
        if spikes is not None and threshold is not None:
            clear = np.abs(v - threshold) > 1e-9
            np.testing.assert_array_equal(spikes.reshape(s.shape)[clear], s[clear])


@MANY
@given(networks())
def test_a_rollout_satisfies_every_coupling_of_both_forms(drawn: Drawn) -> None:
    program = lower(drawn.problem)
    wiring = Wiring(program, F64)
    weights, data = check_weights(program, drawn.weights(program), F64), flat(drawn.data(program))
    activity = rollout(wiring, weights, data, drawn.steps)
    signals = data | {n: a.output for n, a in activity.items()}
    for c in program.couplings:
        v = activity[c.name].potentials
        r = trace_residual(wiring, c, weights, signals, v)
        assert np.abs(r).max() <= 1e-10 * (1 + np.abs(v).max())
        if c.dynamics.order == 1:
            e = difference_residual(wiring, c, weights, signals, v)
            assert np.abs(e).max() <= 1e-10 * (1 + np.abs(v).max())
        else:
            with pytest.raises(CompileError, match=c.name):
                difference_residual(wiring, c, weights, signals, v)


@MANY
@given(networks())
def test_residuals_of_other_values_are_those_of_the_definition(drawn: Drawn) -> None:
    """At values that are no rollout: r is v less the run of what drives it, and r = kappa * e."""
    program = lower(drawn.problem)
    wiring, rng = Wiring(program, F64), np.random.default_rng(drawn.seed)
    given_weights, data = drawn.weights(program), flat(drawn.data(program))
    weights = check_weights(program, given_weights, F64)
    shape = {c.name: (drawn.steps, drawn.samples, c.size) for c in program.couplings}
    sent = {n: rng.standard_normal(s) for n, s in shape.items()}
    signals = data | sent
    for c in program.couplings:
        v = rng.standard_normal(shape[c.name]) if c.dynamics.spiking else sent[c.name]
        # in the naive run every population sends what it is told, so each sees the signals given here
        told = _told(program, given_weights, signals, c.name)
        r = trace_residual(wiring, c, weights, signals, v)
        np.testing.assert_allclose(r, v - told, atol=1e-10 * (1 + np.abs(told).max()))
        if c.dynamics.order == 1:
            e = difference_residual(wiring, c, weights, signals, v)
            beta, filtered = c.dynamics.A[0, 0], np.zeros_like(e)
            for t in range(drawn.steps):
                filtered[t] = e[t] + (beta * filtered[t - 1] if t else 0)
            np.testing.assert_allclose(filtered, r, atol=1e-9 * (1 + np.abs(told).max()))


def _told(program: Any, weights: Any, signals: Any, name: str) -> Any:
    """Potentials of one population when everything it reads, its own spikes included, is given."""
    (only,) = [c for c in program.couplings if c.name == name]
    renamed = {f"in:{n}": x for n, x in signals.items()}
    maps = tuple(_renamed(m) for m in only.maps)
    alone = replace(program, couplings=(replace(only, maps=maps),), cells=((name,),), terms=())
    return run(alone, weights, renamed, spike=lambda n, t, v: signals[name][t])[name][1]


def _renamed(m: Any) -> Any:
    return replace(m, source=f"in:{m.source}")


def functional(over: Any, peak: Any = None) -> Any:
    """What a loss takes of potentials [T, ...]; with ``peak`` the steps of the maximum are given."""
    kind, width = over
    if kind == "max":
        return lambda v: v.max(0) if peak is None else np.take_along_axis(v, peak[None], 0)[0]
    return lambda v: {"mean": v, "last": v[-1:]}.get(kind, v[-width:] if width else v).mean(0)


class FixedSlope(Moves):
    """In place of the step rule: ``dv = p da``, so that what comes back is a gradient of a linear network."""

    def __init__(self, slope: Any) -> None:
        self.slope = slope

    def given(self) -> dict[str, Any]:
        return {}

    def move(self, batch: Batch, given: Mapping[str, Any]) -> Move:
        return lambda t, demand: demand * self.slope[t]

    def moved(self, batch: Batch, wanted: Wanted, given: Mapping[str, Any], total: float) -> dict[str, Any]:
        return {}

    def penalty(self, totals: Mapping[str, Any], entries: float, step: float) -> float:
        return 1.0

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> Any:
        raise AssertionError("not asked for")


def compiled(drawn: Drawn) -> so.Plan:
    return so.compile(drawn.problem, so.Online(dtype="float64"))


@MANY
@given(networks())
def test_losses_see_functionals_of_the_potentials(drawn: Drawn) -> None:
    program = lower(drawn.problem)
    wiring = Wiring(program, F64)
    given_weights, data = drawn.weights(program), flat(drawn.data(program))
    weights, targets = check_weights(program, given_weights, F64), drawn.targets(program)
    rng = np.random.default_rng(drawn.seed)
    lengths = rng.integers(1, drawn.steps + 1, drawn.samples) if drawn.seed % 2 else None
    batch = Batch(data, targets, lengths)
    batch.activity = rollout(wiring, weights, data, drawn.steps, readouts=False, lengths=lengths)
    views = loss_views(wiring, drawn.steps)
    for view in views:
        view.look(batch)
    for group in readout_uses(views, wiring):
        group.look(batch, weights)
    potentials = run(program, given_weights, data)
    for view in views:
        v = potentials[view.term.owner][1]
        for n in range(drawn.samples):
            end = drawn.steps if lengths is None else lengths[n]
            seen = functional(view.term.over)(v[:end, n])
            np.testing.assert_allclose(batch.seen[view][n], seen, atol=1e-9 * (1 + np.abs(v).max()))


@MANY
@given(networks())
def test_demands_and_sums_are_those_of_the_linearised_network(drawn: Drawn) -> None:
    """Along random directions of all weights and currents at once, by complex steps."""
    plan = compiled(drawn)
    program, rng = plan.program, np.random.default_rng(drawn.seed)
    given_weights, data, targets = drawn.weights(program), flat(drawn.data(program)), drawn.targets(program)
    sweeper = Sweeper(
        Wiring(program, F64),
        plan.bindings,
        so.Online(dtype="float64"),
        check_weights(program, given_weights, F64),
        drawn.steps,
    )
    shape = {c.name: (drawn.steps, drawn.samples, c.size) for c in program.couplings}
    slopes = {n: rng.uniform(0.1, 1.0, shape[n]) for n in sweeper.moves if program.by_name[n].dynamics.spiking}
    sweeper.moves.update({n: FixedSlope(p) for n, p in slopes.items()})
    batch = Batch(data, targets)
    for kind in ("rollout", "demands"):
        sweeper.run(Word(kind), batch)
    at = run(program, given_weights, data)
    h = 1e-30

    def linear(name: str, t: int, v: Any) -> Any:
        return at[name][2][t] + slopes[name][t] * (v - at[name][1][t])

    def summed_loss(weights: Any, shift: Any) -> Any:
        found, total = run(program, weights, data, linear, shift), 0
        for view in sweeper.views:
            v, v0 = found[view.term.owner][1], at[view.term.owner][1]
            m = functional(view.term.over, v0.argmax(0))(v)
            y = targets[view.term.owner]
            if view.term.kind == "squared_error":
                total = total + view.term.scale * ((m - np.eye(m.shape[1])[y]) ** 2).sum() / 2
            else:
                total = total + view.term.scale * (np.log(np.exp(m).sum(1)) - m[np.arange(len(m)), y]).sum()
        return total

    for name in sweeper.moves:
        direction = rng.standard_normal(shape[name])
        expected = -summed_loss(given_weights, {name: 1j * h * direction}).imag / h
        got = float((batch.wanted[name].current * direction).sum())
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-9)
    for b in plan.bindings:
        if b.block.kind != "weights":
            continue
        cross = np.sum(
            [
                UseFeatures(u, b.block.columns, sweeper.wiring, drawn.steps).cross(
                    batch.signals, batch.wanted[u.target.name].current
                )
                for u in b.block.uses
            ],
            0,
        ).T
        steps: Any = {n: rng.standard_normal(given_weights[n].shape) for n in b.block.variables}
        matrices = check_weights(program, given_weights | steps, F64)
        got = float((cross * stack(b.block.columns, matrices)).sum())
        moved = given_weights | {n: given_weights[n] + 1j * h * d for n, d in steps.items()}
        np.testing.assert_allclose(got, -summed_loss(moved, {}).imag / h, rtol=1e-8, atol=1e-9)
    for solver in sweeper.readouts:
        change: Any = {n: rng.standard_normal(given_weights[n].shape) for n in solver.block.variables}
        if not change:
            continue
        matrices = check_weights(program, given_weights | change, F64)
        gradient = np.sum(
            [
                s.cross(x, s.view.slope(batch))
                for s, x in zip(solver.uses.seen, batch.features[solver.block.name], strict=True)
            ],
            0,
        ).T
        got = float((gradient * stack(solver.block.columns, matrices)).sum())
        moved = given_weights | {n: given_weights[n] + 1j * h * d for n, d in change.items()}
        np.testing.assert_allclose(got, summed_loss(moved, {}).imag / h, rtol=1e-8, atol=1e-9)


@MANY
@given(networks())
def test_gram_sums_are_those_of_responses(drawn: Drawn) -> None:
    """``x' G x`` is the energy of what a change x of the weights does to the potentials, resets and spikes held."""
    plan = compiled(drawn)
    program, rng = plan.program, np.random.default_rng(drawn.seed)
    given_weights, data = drawn.weights(program), flat(drawn.data(program))
    wiring = Wiring(program, F64)
    at = run(program, given_weights, data)
    signals = data | {n: s for n, (_, _, s) in at.items()}
    lengths = rng.integers(1, drawn.steps + 1, drawn.samples) if drawn.seed % 2 else None
    mask = None if lengths is None else (np.arange(drawn.steps)[:, None] < lengths).astype(float)
    for b in plan.bindings:
        for use in b.block.uses if b.block.kind == "weights" else ():
            features = UseFeatures(use, b.block.columns, wiring, drawn.steps)
            steps: Any = {n: rng.standard_normal(given_weights[n].shape) for n in b.block.variables}
            change = stack(b.block.columns, check_weights(program, given_weights | steps, F64))
            gram = features.gram(signals, mask)
            got = sum(float(row @ gram.total[p] @ row) for row, p in zip(change, features.channel_pattern, strict=True))
            name = use.target.name
            here = {n: w if n in steps else 0 * w for n, w in (given_weights | steps).items()}
            used = {m for part in use.parts for m in part}
            response = _response(program, here, signals, name, used)
            energy = (response**2 * (1 if mask is None else mask[:, :, None])).sum()
            np.testing.assert_allclose(got, energy, rtol=1e-9, atol=1e-9)


def _response(program: Any, weights: Any, signals: Any, name: str, maps: set[Any]) -> Any:
    """Potentials of one population from some of its maps alone, without its spikes' feedback."""
    (only,) = [c for c in program.couplings if c.name == name]
    kept = tuple(_renamed(m) for m in only.maps if m in maps)
    alone = replace(program, couplings=(replace(only, maps=kept),), cells=((name,),), terms=())
    renamed = {f"in:{n}": x for n, x in signals.items()}
    return run(alone, weights, renamed, spike=lambda n, t, v: 0 * v)[name][1]


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(networks())
def test_both_algorithms_train_it_and_it_can_be_saved(drawn: Drawn) -> None:
    for algorithm in (so.Online(epochs=2, dtype="float64"), so.Rollout(max_iter=3, dtype="float64")):
        plan = so.compile(drawn.problem, algorithm)
        data, targets = drawn.data(plan.program), drawn.targets(plan.program)
        result = plan.solve(data, targets)
        assert result.status in ("COMPLETED", "MAX_ITER", "CONVERGED"), result.message
        assert all(np.isfinite(w).all() for w in result.weights.values())
        assert plan.explain()
    packed, arrays = pack_program(plan.program)
    again = check_program(unpack_program(packed, arrays))
    assert [c.name for c in again.couplings] == [c.name for c in plan.program.couplings]
