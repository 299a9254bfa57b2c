"""What each word of a sweep from a rollout does, against its formula written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import Word
from snnopt.blocks.exact_step import ExactStep
from snnopt.penalties import Histogram, LevenbergMarquardt, flip_penalty
from snnopt.runtime import Wiring
from snnopt.runtime.batch import Batch
from snnopt.runtime.budgets import NUDGE, nudged
from snnopt.runtime.copies import SplitWeights, copies_of
from snnopt.runtime.initial import calibrate
from snnopt.runtime.moves import ExactMoves
from snnopt.runtime.stacking import stack
from snnopt.runtime.statistics import Gram
from snnopt.runtime.sums.entries import MANY
from snnopt.runtime.sweeper import Sweeper
from snnopt.runtime.workspace import Workspace
from tests.sweeps import F64, one_hidden, random_weights, series, swept

# ---- read-outs


@pytest.mark.parametrize("lam", [0.0, 0.3])
def test_several_losses_add_up_in_the_readout(lam: float) -> None:
    """One Newton step on 0.7 CE(mean) + 2 SE(last): each Gram matrix counts with its loss's own curvature."""
    (X, labels), beta = series(), 0.8
    x = so.Input(4, name="x")
    y = so.LI(beta=beta, name="y")(so.Dense(3)(x))
    objective = 0.7 * so.CrossEntropy(y) + 2.0 * so.SquaredError(y, over="last") + (lam or 1e-12) * so.L2(y.weights)
    algorithm = so.Rollout(readout_step=1.0, readout_ridge=1e-12, dtype="float64")
    plan = so.compile(so.Problem(so.Network(x, y), objective), algorithm)
    start = random_weights(plan)
    sweeper, _ = swept(plan.problem, algorithm, {"x": X}, {"y": labels}, ["rollout", "readout"], start)
    steps, samples = X.shape[:2]
    full = np.concatenate([X, np.ones((steps, samples, 1))], -1)
    last = np.array([beta ** (steps - 1 - t) for t in range(steps)])
    mean = np.array([sum(beta**k for k in range(steps - t)) / steps for t in range(steps)])
    f = [np.tensordot(h, full, 1) for h in (mean, last)]
    W = np.column_stack([start["y.weight"], start["y.bias"]])
    p = np.exp(f[0] @ W.T)
    p /= p.sum(1, keepdims=True)
    D = np.diag([lam or 1e-12] * 4 + [0.0])
    one = np.eye(3)[labels]
    g = (0.7 * (p - one).T @ f[0] + 2.0 * (f[1] @ W.T - one).T @ f[1]) / samples + W @ D
    H = (0.7 * 0.5 * f[0].T @ f[0] + 2.0 * f[1].T @ f[1]) / samples + D
    new = W - np.linalg.solve(H, g.T).T
    np.testing.assert_allclose(sweeper.weights["y.weight"], new[:, :4], rtol=1e-6)
    np.testing.assert_allclose(sweeper.weights["y.bias"], new[:, 4], rtol=1e-6)


@pytest.mark.parametrize("eta", [0.25, 1.0])
def test_the_readout_promises_its_decrease(eta: float) -> None:
    """Of a squared error with L2 the quadratic model is exact, whatever the step."""
    X, labels = series()
    x = so.Input(4, name="x")
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(x))
    problem = so.Problem(so.Network(x, y), so.SquaredError(y) + 0.4 * so.L2(y.weights))
    algorithm = so.Rollout(readout_step=eta, readout_ridge=1e-12, dtype="float64")
    _, batch = swept(problem, algorithm, {"x": X}, {"y": labels}, ["rollout", "readout"])
    assert batch.promised > 0
    assert batch.loss - batch.solved_loss == pytest.approx(batch.promised, rel=1e-6)


def test_readouts_of_several_kernels_pull_to_their_copy_once() -> None:
    """At rest -grad = lam sign(W) wherever W is not zero, for every unit"""
    rng, lam, beta = np.random.default_rng(1), 0.3, np.array([0.5, 0.6, 0.7, 0.8])
    x = so.Input(6, name="x")
    y = so.LI(beta=beta, name="y")(so.Dense(4)(x))
    X = rng.standard_normal((80, 6))
    target = X @ rng.standard_normal((6, 4)) + 0.3 * rng.standard_normal((80, 4))
    algorithm = so.Rollout(max_iter=400, readout_step=1.0, readout_ridge=1e-3, patience=400, dtype="float64")
    problem = so.Problem(so.Network(x, y), so.SquaredError(y) + lam * so.L1(y.weights))
    w = so.compile(problem, algorithm).solve(X, target, timesteps=6).weights
    gain = np.array([np.mean(np.cumsum([b**k for k in range(6)])) for b in beta])
    grad = (gain * (gain * (X @ w["y.weight"].T + w["y.bias"]) - target)).T @ X / 80
    on = w["y.weight"] != 0
    np.testing.assert_allclose(-grad[on], lam * np.sign(w["y.weight"][on]), rtol=0.05)
    assert np.all(np.abs(grad[~on]) <= lam * 1.1)


# ---- moves, weights


@pytest.mark.parametrize("algorithm", [so.Online(dtype="float64"), so.Rollout(dtype="float64")], ids=lambda a: a.name)
def test_potentials_that_do_not_spike_move_by_a_share_of_their_size(algorithm: Any) -> None:
    X, labels = series()
    x = so.Input(4, name="x")
    h = so.LI(beta=0.7, name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y))
    sweeper, batch = swept(problem, algorithm, {"x": X}, {"y": labels}, ["rollout", "readout", "demands"])
    sweeper.fade = 0.5
    sweeper.run(Word("potentials", "h"), batch)
    share = algorithm.flips if algorithm.name == "rollout" else algorithm.step * algorithm.move
    dv = batch.wanted["h"].potentials / batch.rho["h"]
    size = np.sqrt(np.mean(batch.activity["h"].potentials ** 2))
    assert np.sqrt(np.mean(dv**2)) == pytest.approx(0.5 * share * size, rel=1e-9)


def test_each_maps_ridge_is_in_its_own_unit() -> None:
    """An input in another unit, with weights to match, takes the same step in that unit."""
    (X, labels), rng, found = series(), np.random.default_rng(2), []
    Z = rng.standard_normal(X.shape)
    for unit in (1.0, 100.0):
        a, b = so.Input(4, name="a"), so.Input(4, name="b")
        h = so.LIF(beta=0.8, name="h")(so.Dense(5, name="wa")(a) + so.Dense(5, bias=False, name="wb")(b))
        y = so.LI(name="y")(so.Dense(3)(h))
        algorithm = so.Online(dtype="float64", gram_share=1.0)
        plan = so.compile(so.Problem(so.Network([a, b], y), so.CrossEntropy(y)), algorithm)
        w = random_weights(plan)
        (name,) = [m.weight for m in plan.program.by_name["h"].maps if m.source == "b" and m.weight]
        w[name] = w[name] / unit
        words = ["rollout", "readout", "demands", "potentials h", "weights h"]
        sweeper, _ = swept(plan.problem, algorithm, {"a": X, "b": unit * Z}, {"y": labels}, words, w)
        found.append({n: v * (unit if n == name else 1) for n, v in sweeper.weights.items()})
    for n, v in found[0].items():
        np.testing.assert_allclose(found[1][n], v, rtol=1e-6, atol=1e-9)


def two_blocks() -> so.Problem:
    """Two weight blocks into each of h1 and h2: the shared weights, and each layer's own."""
    x = so.Input(4, name="x")
    h0 = so.LIF(beta=0.8, name="h0")(so.Dense(4)(x))
    d = so.Dense(4, name="d")
    h1 = so.LIF(beta=0.8, name="h1")(d(h0) + so.Dense(4)(x))
    h2 = so.LIF(beta=0.8, name="h2")(d(h1) + so.Dense(4)(x))
    y = so.LI(name="y")(so.Dense(3)(h2) + so.Dense(3)(h1))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))


def test_blocks_into_one_layer_share_its_residual() -> None:
    plan = so.compile(two_blocks(), so.Online(dtype="float64"))
    sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, so.Online(dtype="float64"), random_weights(plan), 6)
    shares = {frozenset(s.block.layers): s.share for solvers in sweeper.solved_with.values() for s in solvers}
    into = {"h0": 1, "h1": 2, "h2": 2}
    assert len(shares) == 4
    assert all(share == 1 / max(into[n] for n in layers) for layers, share in shares.items())


def test_a_weight_block_promises_the_slope_of_its_step() -> None:
    """``promised`` is minus the directional derivative of the linearised objective, its L2 penalty included."""
    (X, labels), found, lam = series(), [], 0.5
    for scale in (1e-15, lam):
        x = so.Input(4, name="x")
        h = so.LIF(beta=0.8, name="h")(so.Dense(5)(x))
        y = so.LI(name="y")(so.Dense(3)(h))
        problem = so.Problem(so.Network(x, y), so.CrossEntropy(y) + scale * so.L2(h.weights))
        algorithm = so.Online(dtype="float64", gram_share=1.0)
        sweeper, batch = swept(
            problem, algorithm, {"x": X}, {"y": labels}, ["rollout", "readout", "demands", "potentials h"]
        )
        before = sweeper.weights
        (solver,) = sweeper.solved_with["h"]
        batch.ask(sweeper.passes, "weighed", blocks={solver.block.name: solver.wanted()})
        batch.promises.clear()  # those of the read-out
        changed = solver.update(before, batch, 1.0, 1.0)
        step = stack(solver.columns, changed) - stack(solver.columns, before)
        cross = solver.features[0].cross(batch.signals, batch.wanted["h"].current).T / batch.count
        gradient = -cross
        gradient[:, :4] += scale * before["h.weight"]
        found.append((batch.promised, -float(np.sum(gradient * step))))
    for predicted, expected in found:
        assert predicted == pytest.approx(expected, rel=1e-9)


# ---- budgets


@pytest.mark.parametrize("rate", [0.05, 0.9])
def test_the_price_of_a_budget(rate: float) -> None:
    X, labels = series()
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y), constraints=[so.SpikeBudget(h, rate)])
    algorithm = so.Online(dtype="float64")
    sweeper, batch = swept(problem, algorithm, {"x": X}, {"y": labels}, ["rollout", "readout", "demands"])
    spikes = batch.activity["h"].spikes
    assert spikes is not None
    da = sweeper.views[0].demand(batch).dense() @ sweeper.weights["y.weight"]  # type: ignore[union-attr]
    expected = max(0.0, 0.2 * np.abs(da).mean() * (spikes.mean() - rate) / rate)
    assert (expected > 0) == (rate == 0.05)
    assert sweeper.budgets["h"].price == pytest.approx(expected, rel=1e-9)
    v = batch.activity["h"].potentials
    slope = np.maximum(0, 1 - np.abs(v - 1) / width_of(v)) / width_of(v)
    j = np.zeros_like(v)  # reset term: the demand of later steps
    later = np.zeros_like(v[0])
    for t in range(len(v) - 1, -1, -1):
        dv = (da[t] - expected - later) * slope[t]
        np.testing.assert_allclose(batch.wanted["h"].potentials[t], dv, rtol=1e-9, atol=1e-12)
        later = j[t] = dv + 0.8 * later


def width_of(v: np.ndarray) -> float:
    """The median of so few entries that all are looked at, to half a bin."""
    width = Histogram(Histogram.of(np.abs(v - 1).ravel(), 1.0)).quantile(0.5)
    assert width == pytest.approx(np.median(np.abs(v - 1)), rel=0.02)
    return width


def test_budgets_hold_in_any_order_of_the_constraints() -> None:
    """Layer g is inhibited by h: fewer spikes of h let it fire more"""
    rng = np.random.default_rng(0)
    X, labels = rng.random((60, 4)), rng.integers(0, 3, 60)
    start = {
        "h.weight": np.full((8, 4), 0.5),
        "h.bias": np.zeros(8),
        "g.weight": np.full((8, 8), -0.3),
        "g.bias": np.full(8, 0.9),
        "y.weight": np.zeros((3, 8)),
        "y.bias": np.zeros(3),
    }

    def stop(record: object) -> None:
        raise KeyboardInterrupt

    for flipped in (False, True):
        x = so.Input(4, name="x")
        h = so.LIF(name="h")(so.Dense(8)(x))
        g = so.LIF(name="g")(so.Dense(8)(h))
        y = so.LI(name="y")(so.Dense(3)(g))
        both = [so.SpikeBudget(h, 0.05), so.SpikeBudget(g, 0.3)]
        problem = so.Problem(so.Network(x, y), so.CrossEntropy(y), constraints=both[::-1] if flipped else both)
        plan = so.compile(problem, so.Online(epochs=1, ridge=1e9, batch_size=60))
        result = plan.solve(X, labels, timesteps=8, weights=start, callback=stop)
        traces = so.simulate(result, result.weights, X.astype(np.float32), timesteps=8)
        assert traces["h"].spikes.mean() <= 0.05 and traces["g"].spikes.mean() <= 0.3  # type: ignore[union-attr]


# ---- copies


def split_of(problem: so.Problem, dual: bool = True) -> SplitWeights:
    plan = so.compile(problem, so.Online(dtype="float64"))
    (copy,) = copies_of(plan.bindings).values()
    return SplitWeights(copy, np.random.default_rng(0).standard_normal((5, 5)), dual, 0.1)


def test_the_unscaled_dual_of_a_copy_stays_when_its_penalty_changes() -> None:
    x = so.Input(4, name="x")
    h = so.LIF(name="h")(so.Dense(5)(x))
    y = so.LI(name="y")(so.Dense(3)(h))
    split = split_of(so.Problem(so.Network(x, y), so.CrossEntropy(y) + 0.1 * so.L1(h.weights)))
    gram, cross = np.eye(5)[None], np.zeros((5, 5))
    split.hold([gram], cross, split.v)
    assert split.m == pytest.approx(0.1)
    split.step(split.v, np.random.default_rng(1).standard_normal((5, 5)))
    y0, at = split.m * split.u, split.v
    assert np.any(y0)
    (held,), pulled = split.hold([9 * gram], cross, at + 1)
    assert split.m == pytest.approx(0.9)
    np.testing.assert_allclose(split.m * split.u, y0, rtol=1e-12)
    on = split.on
    np.testing.assert_allclose(held[0] - 9 * gram[0], np.diag(0.9 * on), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(pulled, (on * (0.9 * (split.v - at - 1) - y0)).T, rtol=1e-12, atol=1e-12)


def test_shared_weights_survive_a_layer_that_is_asked_for_nothing() -> None:
    """The pull is of all uses: one of them may have rho = 0 for a sweep."""
    x = so.Input(4, name="x")
    d = so.Dense(4, bias=False)
    h = so.LIF(name="h")(so.Dense(4)(x))
    h1 = so.LIF(name="h1")(d(h))
    h2 = so.LIF(name="h2")(d(h1))
    y = so.LI(name="y")(so.Dense(3)(h2) + so.Dense(3)(h1))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y) + 1e-2 * so.L1(h1.weights)))
    (copy,) = copies_of(plan.bindings).values()
    rng = np.random.default_rng(0)
    A, w, goal = rng.standard_normal((50, 4)), rng.standard_normal((4, 4)), rng.standard_normal((4, 4))
    split, gram = SplitWeights(copy, w, True, 0.1), A.T @ A / 50
    for k in range(61):
        grams = [(k < 60) * gram[None], gram[None]]
        cross = sum(grams)[0] @ (goal - w).T  # type: ignore[index]
        grams, cross = split.hold(grams, cross, w)
        w, old = split.step(w, np.linalg.solve(sum(grams)[0], cross).T), w  # type: ignore[index]
    np.testing.assert_allclose(w, old, atol=0.3)


def test_constraints_hold_beside_a_penalty_from_the_first_record_on() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    X = rng.random((60, 4)) + np.eye(4)[labels]
    x = so.Input(4, name="x")
    h = so.LIF(name="h")(so.Dense(8)(x))
    y = so.LI(name="y")(so.Dense(3)(h))
    objective = so.CrossEntropy(y) + 1e-3 * so.L1(h.weights)
    problem = so.Problem(so.Network(x, y), objective, constraints=[so.Box(h.weights, -0.1, 0.1)])
    result = so.compile(problem, so.Rollout(max_iter=1)).solve(X, labels, timesteps=5)
    assert np.abs(result.weights["h.weight"]).max() <= np.float32(0.1)


# ---- starts, moves, controllers


def test_calibration_judges_the_steps_that_count() -> None:
    """Weights under which a layer fires at most steps of short series are too large, however long the padding."""
    plan = so.compile(one_hidden("subtract"))
    wiring, rng = Wiring(plan.program, F64), np.random.default_rng(0)
    start = {n: 10 * np.abs(w) for n, w in random_weights(plan).items()}
    X = rng.uniform(0.5, 1.0, (4, 30, 4))
    padded = np.concatenate([X, np.zeros((12, 30, 4))])
    alone = calibrate(wiring, start, {"x": X}, 4)
    assert np.any(alone["h.weight"] != start["h.weight"])
    for n, w in calibrate(wiring, start, {"x": padded}, 16, np.full(30, 4)).items():
        np.testing.assert_array_equal(w, alone[n])


def test_weights_under_constraints_accumulate_their_steps() -> None:
    """W may cross a gap between levels in several steps; biases are taken from where the block was solved."""
    x = so.Input(4, name="x")
    h = so.LIF(name="h")(so.Dense(5)(x))
    y = so.LI(name="y")(so.Dense(3)(h))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y), constraints=[so.Box(h.weights, -0.1, 0.1)])
    (copy,) = copies_of(so.compile(problem).bindings).values()
    start, change = np.full((5, 5), 0.5), np.full((5, 5), -0.25)
    split = SplitWeights(copy, start, False, 0.1)
    found = [split.v[0], *(split.step(at, change)[0] for at in (split.v, split.v + np.array([0, 0, 0, 0, 2.0])))]
    np.testing.assert_allclose([f[0] for f in found], [0.1, 0.1, 0.0], atol=1e-15)
    np.testing.assert_allclose([f[4] for f in found], [0.5, 0.25, 2.25], atol=1e-15)


@pytest.mark.parametrize("step", [0.5, 1.0])
def test_a_share_of_flips_times_the_step(step: float) -> None:
    """And flips land on the threshold: ``dv = rho (theta(+ulp) - v)``."""
    X, labels = series(samples=65)  # so few that every entry is looked at
    algorithm = so.Rollout(flips=0.1, distance=0.01, dtype="float64")
    plan = so.compile(one_hidden(), algorithm)
    sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, algorithm, random_weights(plan), len(X))
    sweeper.control = LevenbergMarquardt(step)
    batch = Batch({"x": X}, {"y": labels})
    for word in (Word("rollout"), Word("readout"), Word("demands"), Word("potentials", "h")):
        sweeper.run(word, batch)
    wanted, v, rho = batch.wanted["h"].potentials, batch.activity["h"].potentials, batch.rho["h"]
    assert 0.9 * 0.1 * step <= np.mean(wanted != 0) <= 0.1 * step  # a bin less at most
    np.testing.assert_allclose((v + wanted / rho)[wanted != 0], 1.0, rtol=1e-9)
    da = sweeper.views[0].demand(batch).dense() @ sweeper.weights["y.weight"]  # type: ignore[union-attr]
    assert rho == pytest.approx(0.01 * np.abs(da).mean(), rel=1e-9)


def test_dithered_moves_have_the_size_asked_for() -> None:
    X, labels = series()
    algorithm = so.Online(step=4.0, move=0.1, dtype="float64")
    sweeper, batch = swept(
        one_hidden("subtract"), algorithm, {"x": X}, {"y": labels}, ["rollout", "readout", "demands"]
    )
    sweeper.fade, sweeper.control = 0.5, LevenbergMarquardt(0.7)
    sweeper.run(Word("potentials", "h"), batch)
    dv = batch.wanted["h"].potentials / batch.rho["h"]
    assert np.sqrt(np.mean(dv**2)) == pytest.approx(0.5 * 0.7 * 0.4, rel=1e-9)


@pytest.mark.parametrize(
    ("algorithm", "left"), [(so.Online(dtype="float64"), 1.0), (so.Federated(dtype="float64"), 0.25)]
)
def test_the_readouts_step_fades_where_sites_must_agree(algorithm: Any, left: float) -> None:
    (X, labels), steps = series(), []
    plan = so.compile(one_hidden("subtract"), algorithm)
    for fade in (1.0, 0.25):
        start = random_weights(plan)
        sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, algorithm, start, len(X))
        sweeper.fade = fade
        batch = Batch({"x": X}, {"y": labels})
        sweeper.run(Word("rollout"), batch)
        sweeper.run(Word("readout"), batch)
        steps.append(sweeper.weights["y.weight"] - start["y.weight"])
    np.testing.assert_allclose(steps[1], left * steps[0], rtol=1e-9)


def test_running_sums_are_weighted_means() -> None:
    a, b = Gram(np.full((1, 2, 2), 6.0), 3.0), Gram(np.full((1, 2, 2), 10.0), 2.0)
    np.testing.assert_allclose(a.mean, 2.0)
    np.testing.assert_allclose(a.weighted(0.7), 1.4)
    np.testing.assert_allclose(b.after(a, 0.5).mean, (0.5 * 6 + 10) / (0.5 * 3 + 2))


def test_full_batches_nudge_by_the_relative_excess() -> None:
    problem = one_hidden("subtract")
    h = problem.network.populations[0]
    loss = so.CrossEntropy(problem.network.outputs[0])
    plan = so.compile(so.Problem(problem.network, loss, constraints=[so.SpikeBudget(h, 0.2)]))
    w = random_weights(plan)
    moved = nudged(Wiring(plan.program, F64), w, {"h": 0.5}, 6)
    np.testing.assert_allclose(moved["h.bias"], w["h.bias"] - NUDGE * 1.5, rtol=1e-12)
    assert nudged(Wiring(plan.program, F64), w, {"h": 0.2}, 6)["h.bias"] is w["h.bias"]


def test_the_controller_sees_actual_over_promised_decrease(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, float]] = []
    old = LevenbergMarquardt.after

    def after(self: LevenbergMarquardt, actual: float, predicted: float) -> LevenbergMarquardt:
        seen.append((actual, predicted))
        return old(self, actual, predicted)

    monkeypatch.setattr(LevenbergMarquardt, "after", after)
    X, labels = series(samples=64)
    so.compile(one_hidden("subtract"), so.Online(epochs=1, batch_size=64, step=0.1, dtype="float64")).solve(X, labels)
    ((actual, predicted),) = seen
    assert predicted > 0 and 0.5 * predicted < actual < 2 * predicted


def test_budgets_count_the_steps_that_count() -> None:
    X, labels = series(steps=12, samples=60)
    lengths = np.full(60, 4)
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(20)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y), constraints=[so.SpikeBudget(h, 0.05)])
    result = so.compile(problem, so.Rollout(max_iter=2)).solve(3 * X, labels, lengths=lengths)
    spikes = so.simulate(result, result.weights, (3 * X[:4]).astype(np.float32))["h"].spikes
    assert spikes is not None and 0.02 < spikes.mean() <= 0.05


def test_a_recurrent_layers_penalties_are_of_its_last_full_demand() -> None:
    """The pass runs backward, so what it kept is turned round before it is compared with potentials in time."""

    X, labels = series(samples=100)
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h", recurrent=so.Dense())(so.Dense(20)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h))
    algorithm = so.Rollout(flips=0.2, distance=0.01, dtype="float64")
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y, over="last"))
    sweeper, batch = swept(problem, algorithm, {"x": X}, {"y": labels}, ["rollout", "readout", "demands"])
    moves, seen = sweeper.moves["h"], list[np.ndarray]()
    assert isinstance(moves, ExactMoves)
    rule, first = moves.rule, moves.rho

    class Spied:
        score = rule.score

        @staticmethod
        def move(v: np.ndarray, s: np.ndarray, demand: np.ndarray, *others: Any) -> Any:
            seen.append(demand.copy())
            return rule.move(v, s, demand, *others)

    moves.rule, moves.last = Spied, None
    sweeper.run(Word("demands"), batch)
    demand, v, s = np.stack(seen[::-1]), batch.activity["h"].potentials, batch.activity["h"].spikes
    assert s is not None and moves.rho == first
    sweeper.run(Word("demands"), batch)
    assert moves.rho == pytest.approx(0.01 * np.abs(demand).mean(), rel=1e-9)
    some = batch.entries(v.shape, batch.counted, MANY)
    score = ExactStep.score(some.look(v), some.look(s), some.look(demand), first, 1.0)
    assert moves.sigma == flip_penalty(Histogram(Histogram.of(score, first)), 0.2, first)
    assert moves.sigma > 0


def test_moves_found_later_are_those_of_their_own_rollout() -> None:
    """A sweep may roll out again, into the same arrays, before somebody looks at what its demands asked for."""
    (X, labels), algorithm = series(), so.Online(dtype="float64")
    plan = so.compile(one_hidden("subtract"), algorithm)
    found = []
    once: list[Any] = ["rollout", "demands"]
    for words in (once, [*once, "rollout"]):
        sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, algorithm, random_weights(plan), len(X))
        batch = Batch({"x": X}, {"y": labels}, workspace=Workspace())
        for k, word in enumerate(words):
            if k == 2:
                sweeper.weights = {n: 2 * w for n, w in sweeper.weights.items()}
            sweeper.run(Word(word), batch)
        found.append(batch.wanted["h"].potentials.copy())
    assert np.any(found[0])
    np.testing.assert_array_equal(found[1], found[0])
