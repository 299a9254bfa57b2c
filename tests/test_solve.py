"""``plan.solve``: what it promises about seeds, shapes, statuses and odd data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.runtime.records import EpochMeans

MakeProblem = Callable[..., so.Problem]
Data = tuple[np.ndarray, np.ndarray]
T = 6


def quick(name: str, **more: Any) -> so.Online | so.Rollout:
    return so.Online(epochs=3, **more) if name == "online" else so.Rollout(max_iter=6, **more)


BOTH = pytest.mark.parametrize("name", ["online", "rollout"])


def assert_same_weights(a: so.Result, b: so.Result) -> None:
    for name, w in a.weights.items():
        np.testing.assert_array_equal(b.weights[name], w)
        np.testing.assert_array_equal(b.last_weights[name], a.last_weights[name])


def assert_sound(result: so.Result) -> None:
    """No NaN anywhere in the weights, and a status with a message."""
    for weights in (result.weights, result.last_weights):
        assert all(np.isfinite(w).all() for w in weights.values())
    assert result.status in so.Status and result.message


# ---- seeds, progress, callbacks


@BOTH
def test_same_seed_same_result(name: str, mlp: MakeProblem, clusters: Data) -> None:
    first, again, other = (
        so.compile(mlp(), quick(name)).solve(*clusters, timesteps=T, seed=seed) for seed in (1, 1, 2)
    )
    assert_same_weights(first, again)
    columns = ["loss", "accuracy", "firing_rate", "flips", "rollout_gap", "penalty", "step", "ridge"]
    for a, b in zip(first.history, again.history, strict=True):
        assert repr([getattr(a, c) for c in columns]) == repr([getattr(b, c) for c in columns])
    assert not np.array_equal(first.weights["hidden.weight"], other.weights["hidden.weight"])


@BOTH
def test_a_plan_can_be_solved_again(name: str, mlp: MakeProblem, clusters: Data) -> None:
    plan = so.compile(mlp(), quick(name))
    assert_same_weights(plan.solve(*clusters, timesteps=T), plan.solve(*clusters, timesteps=T))


@BOTH
def test_progress_never_changes_the_iterates(
    name: str, mlp: MakeProblem, clusters: Data, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = so.compile(mlp(), quick(name))
    quiet = plan.solve(*clusters, timesteps=T, progress=False)
    assert capfd.readouterr() == ("", "")
    assert_same_weights(quiet, plan.solve(*clusters, timesteps=T))
    assert capfd.readouterr() == ("", ""), "quiet where standard error is no terminal"
    assert_same_weights(quiet, plan.solve(*clusters, timesteps=T, progress=True))
    out, drawn = capfd.readouterr()
    assert out == "" and name in drawn and "accuracy" in drawn


@BOTH
def test_a_callback_sees_every_record_and_changes_nothing(name: str, mlp: MakeProblem, clusters: Data) -> None:
    plan, seen = so.compile(mlp(), quick(name)), []
    quiet = plan.solve(*clusters, timesteps=T)

    def callback(record: Any) -> None:
        seen.append(record)
        np.random.seed(0)  # noqa: NPY002 - the global generator is none of ours
        record.firing_rate.clear()

    result = plan.solve(*clusters, timesteps=T, callback=callback)
    assert_same_weights(quiet, result)
    assert seen == list(result.history)
    with pytest.raises(AttributeError):
        seen[0].loss = 0.0


@BOTH
def test_validation_data_are_never_trained_on(name: str, mlp: MakeProblem, clusters: Data) -> None:
    x, y = clusters
    plan = so.compile(mlp(), quick(name))
    alone = plan.solve(x[:120], y[:120], timesteps=T)
    watched = plan.solve(x[:120], y[:120], timesteps=T, validation=(x[120:], y[120:]))
    assert_same_weights(alone, watched)
    assert all(math.isnan(r.validation) for r in alone.history)


@BOTH
def test_the_data_are_not_written_to(name: str, mlp: MakeProblem, clusters: Data) -> None:
    x, y = (a.copy() for a in clusters)
    x.flags.writeable = y.flags.writeable = False
    result = so.compile(mlp(), quick(name, dtype="float64")).solve(x, y, timesteps=T)
    result.score(x, y)


# ---- shapes of data


@BOTH
def test_constant_data_and_the_same_repeated_over_time(name: str, mlp: MakeProblem, clusters: Data) -> None:
    x, y = clusters
    plan = so.compile(mlp(), quick(name, dtype="float64"))
    constant, repeated = plan.solve(x, y, timesteps=T), plan.solve(np.repeat(x[None], T, 0), y)
    for key, w in constant.weights.items():
        np.testing.assert_allclose(repeated.weights[key], w, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(constant.predict(x), repeated.predict(np.repeat(x[None], T, 0)))
    assert constant.timesteps == T and repeated.timesteps is None


@pytest.mark.parametrize("held_constant", [True, False])
def test_demands_are_held_where_inputs_are_constant(held_constant: bool, clusters: Data) -> None:
    """By default for five steps there, for one where inputs change or series end; by choice anywhere."""
    x, y = clusters
    data, steps = (x, T) if held_constant else (np.repeat(x[None], T, 0), None)
    inp = so.Input(x.shape[1])
    h = so.LIF(beta=0.9)(so.Dense(9)(so.LIF(beta=0.9)(so.Dense(8)(inp))))
    problem = so.Problem(so.Network(inp, out := so.LI(beta=0.9)(so.Dense(int(y.max()) + 1)(h))), so.CrossEntropy(out))

    def trained(hold: int | None, lengths: Any = None) -> so.Result:
        return so.compile(problem, so.Online(epochs=2, hold=hold)).solve(data, y, timesteps=steps, lengths=lengths)

    by_default, exact, held = trained(None), trained(1), trained(5)
    assert_same_weights(by_default, held if held_constant else exact)
    with pytest.raises(AssertionError):
        assert_same_weights(exact, held)
    if not held_constant:
        lengths = np.full(len(y), T)
        lengths[0] -= 1
        assert_same_weights(trained(5, lengths), trained(1, lengths))


def test_data_may_be_a_dict_or_have_several_axes(mlp: MakeProblem, clusters: Data) -> None:
    x, y = clusters
    plan = so.compile(mlp(), quick("online"))
    flat = plan.solve(x, y, timesteps=T)
    assert_same_weights(flat, plan.solve({"pixels": x}, {"readout": y}, timesteps=T))
    image = so.Input((2, 4), name="pixels")
    h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(20)(image))
    out = so.LI(beta=0.9, name="readout")(so.Dense(3)(h))
    shaped = so.compile(
        so.Problem(so.Network(image, out), so.CrossEntropy(out) + 1e-3 * so.L2(h.weights)), quick("online")
    )
    assert_same_weights(flat, shaped.solve(x.reshape(-1, 2, 4), y, timesteps=T))


@BOTH
def test_two_inputs_add_their_currents(name: str, mlp: MakeProblem, clusters: Data) -> None:
    """Split in two and summed as currents, the features give the same network as whole.

    The ridge is scaled to each map's features, so these all have the mean square 1, and every sample enters the sums.
    """
    x, y = clusters
    x = x / np.sqrt((x**2).mean(0))
    all_samples = {"gram_share": 1.0, "batch_size": len(x)} if name == "online" else {}
    whole = so.compile(mlp(), quick(name, dtype="float64")).solve(x, y, timesteps=T)
    left, right = so.Input(3, name="left"), so.Input(5, name="right")
    h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(20)(left) + so.Dense(20, bias=False, name="r")(right))
    out = so.LI(beta=0.9, name="readout")(so.Dense(3)(h))
    problem = so.Problem(so.Network([left, right], out), so.CrossEntropy(out) + 1e-3 * so.L2(h.weights))
    algorithm = quick(name, dtype="float64", **all_samples)
    plan, data = so.compile(problem, algorithm), {"left": x[:, :3], "right": x[:, 3:]}
    start = {
        "hidden.0.weight": whole.weights["hidden.weight"][:, :3],
        "hidden.0.bias": whole.weights["hidden.bias"],
        "r.weight": whole.weights["hidden.weight"][:, 3:],
        "readout.weight": whole.weights["readout.weight"],
        "readout.bias": whole.weights["readout.bias"],
    }
    traces = so.simulate(problem.network, start, data, timesteps=T), so.simulate(whole, whole.weights, x, timesteps=T)
    np.testing.assert_allclose(traces[0]["hidden"].potentials, traces[1]["hidden"].potentials, atol=1e-12)
    further = so.compile(mlp(), algorithm).solve(x, y, timesteps=T, weights=whole.weights)
    split = plan.solve(data, y, timesteps=T, weights=start)
    np.testing.assert_allclose(
        np.hstack([split.weights["hidden.0.weight"], split.weights["r.weight"]]),
        further.weights["hidden.weight"],
        rtol=1e-6,
        atol=1e-8,
    )
    np.testing.assert_array_equal(split.predict(data), further.predict(x))


@BOTH
def test_two_outputs_with_two_losses(name: str, clusters: Data) -> None:
    x, y = clusters
    pixels = so.Input(8, name="pixels")
    h = so.LIF(name="hidden")(so.Dense(20)(pixels))
    a, b = so.LI(name="a")(so.Dense(3)(h)), so.LI(name="b")(so.Dense(2)(h))
    problem = so.Problem(so.Network(pixels, [a, b]), so.CrossEntropy(a) + 0.5 * so.CrossEntropy(b, over="last"))
    targets = {"a": y, "b": (y == 1).astype(int)}
    result = so.compile(problem, so.Online(epochs=12) if name == "online" else "rollout").solve(x, targets, timesteps=T)
    found = result.predict(x)
    assert isinstance(found, dict) and list(found) == ["a", "b"]
    assert all((found[k] == targets[k]).mean() > 0.9 for k in targets)
    assert result.score(x, targets) == pytest.approx(np.mean([(found[k] == targets[k]).mean() for k in targets]))


# ---- objectives


@BOTH
@pytest.mark.parametrize("over", ["mean", "last", so.Window(3)])
def test_every_window_learns(name: str, over: str | so.Window, mlp: MakeProblem, clusters: Data) -> None:
    result = so.compile(mlp(over=over), name).solve(*clusters, timesteps=T)
    assert result.score(*clusters) > 0.95


@BOTH
def test_squared_error_on_labels_and_one_hot_rows_is_one_problem(name: str, clusters: Data) -> None:
    x, y = clusters
    pixels = so.Input(8)
    out = so.LI(name="readout")(so.Dense(3)(so.LIF()(so.Dense(20)(pixels))))
    plan = so.compile(so.Problem(so.Network(pixels, out), so.SquaredError(out)), name)
    labelled, rows = plan.solve(x, y, timesteps=T), plan.solve(x, np.eye(3)[y], timesteps=T)
    np.testing.assert_array_equal(labelled.weights["readout.weight"], rows.weights["readout.weight"])
    assert labelled.score(x, y) > 0.95
    np.testing.assert_array_equal(rows.predict(x), labelled.readout(x))
    assert rows.real_outputs == ("readout",) and labelled.real_outputs == ()
    assert all(math.isnan(r.accuracy) for r in rows.history)


@BOTH
def test_a_loss_of_scale_zero_counts_for_nothing(name: str, clusters: Data) -> None:
    pixels = so.Input(8)
    out = so.LI(name="readout")(so.Dense(3)(so.LIF()(so.Dense(20)(pixels))))
    found = []
    for objective in (so.SquaredError(out), 0 * so.CrossEntropy(out) + so.SquaredError(out)):
        plan = so.compile(so.Problem(so.Network(pixels, out), objective), quick(name, dtype="float64"))
        found.append(plan.solve(*clusters, timesteps=T))
    np.testing.assert_allclose(found[0].weights["readout.weight"], found[1].weights["readout.weight"], rtol=1e-8)
    other = so.LI(name="other")(so.Dense(3)(so.LIF()(so.Dense(4)(pixels))))
    problem = so.Problem(so.Network(pixels, [out, other]), so.SquaredError(out) + 0 * so.CrossEntropy(other))
    assert_sound(
        so.compile(problem, quick(name)).solve(
            clusters[0], dict.fromkeys(("readout", "other"), clusters[1]), timesteps=T
        )
    )


@BOTH
@pytest.mark.parametrize("columns", [1, 2])
def test_real_targets_are_fitted(name: str, columns: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (300, 2))
    target = np.stack([x[:, 0] * x[:, 1], np.sin(2 * x[:, 0])], 1)[:, :columns]
    inp = so.Input(2)
    out = so.LI(name="out")(so.Dense(columns)(so.LIF()(so.Dense(60)(inp))))
    plan = so.compile(so.Problem(so.Network(inp, out), so.SquaredError(out)), name)
    result = plan.solve(x, target[:, 0] if columns == 1 else target, timesteps=10)
    found = result.predict(x)
    assert isinstance(found, np.ndarray) and found.shape == ((300,) if columns == 1 else (300, columns))
    found = found.reshape(300, columns)
    spread = ((target - target.mean(0)) ** 2).sum()
    assert result.score(x, target) == pytest.approx(1 - ((found - target) ** 2).sum() / spread)
    assert result.score(x, target) > 0.5


@pytest.mark.parametrize("name", ["online", "rollout", "full_dual"])
def test_validation_of_real_targets_is_their_score(name: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (80, 2))
    target = np.stack([x[:, 0] * x[:, 1], np.sin(2 * x[:, 0])], 1)
    inp = so.Input(2)
    out = so.LI(name="out")(so.Dense(2)(so.LIF()(so.Dense(20)(inp))))
    plan = so.compile(so.Problem(so.Network(inp, out), so.SquaredError(out)), name)
    result = plan.solve(x[:60], target[:60], timesteps=5, validation=(x[60:], target[60:]))
    held = [r.validation for r in result.history]
    assert np.isfinite(held).all() and all(math.isnan(r.accuracy) for r in result.history)
    last = dataclasses.replace(result, weights=result.last_weights)
    scores = [chosen.score(x[60:], target[60:]) for chosen in (last, result)]
    assert scores[0] == held[-1] or name == "rollout", "of the last record's weights"
    assert scores[1] == held[int(np.argmin([r.loss for r in result.history]))]
    assert math.isnan(result.score(x[:3], np.ones((3, 2)))), "targets that do not vary"


@BOTH
def test_accuracy_of_labels_beside_real_targets_is_that_of_the_labels(name: str, clusters: Data) -> None:
    x, y = clusters
    pixels = so.Input(8)
    h = so.LIF()(so.Dense(20)(pixels))
    a, b = so.LI(name="a")(so.Dense(3)(h)), so.LI(name="b")(so.Dense(8)(h))
    objective = so.CrossEntropy(a) + 0.1 * so.CrossEntropy(a, over="last") + so.SquaredError(b)
    targets = {"a": y, "b": x}
    plan = so.compile(so.Problem(so.Network(pixels, [a, b]), objective), quick(name))
    result = plan.solve(x, targets, timesteps=T, validation=(x, targets))
    found = result.readout(x)
    assert isinstance(found, dict)
    hits = float((found["a"].argmax(1) == y).mean())
    spread = ((x - x.mean(0)) ** 2).sum()
    assert result.score(x, targets) == pytest.approx((hits + 1 - ((found["b"] - x) ** 2).sum() / spread) / 2)
    best = result.history[int(np.argmin([r.loss for r in result.history]))]
    if name == "rollout":
        assert best.accuracy == pytest.approx(hits)
    else:
        assert 0 < best.accuracy <= 1
    assert result.history[-1].validation != result.history[-1].accuracy


def test_labels_are_scored_by_accuracy_whatever_was_trained_on(clusters: Data) -> None:
    x, y = clusters
    pixels = so.Input(8)
    out = so.LI(name="readout")(so.Dense(3)(so.LIF()(so.Dense(20)(pixels))))
    plan = so.compile(so.Problem(so.Network(pixels, out), so.SquaredError(out)))
    rows = plan.solve(x, np.eye(3)[y], timesteps=T, validation=(x, y))
    found = rows.readout(x)
    assert isinstance(found, np.ndarray)
    assert rows.score(x, y) == (found.argmax(1) == y).mean() > 0.9
    assert rows.history[-1].validation == pytest.approx(rows.score(x, y))


def test_a_history_gives_columns_records_and_parts(mlp: MakeProblem, clusters: Data) -> None:
    history = so.compile(mlp(), quick("online")).solve(*clusters, timesteps=T).history
    assert history[-1] is history.records[-1] and history[np.int64(0)] is history.records[0]
    part = history[1:]
    assert isinstance(part, so.History) and part.records == history.records[1:]
    np.testing.assert_array_equal(part["loss"], [r.loss for r in history][1:])
    with pytest.raises(so.UnknownNameError, match="did you mean 'loss'"):
        history["los"]
    with pytest.raises(IndexError):
        history[99]


def test_simulating_a_result_takes_its_timesteps(mlp: MakeProblem, clusters: Data) -> None:
    problem = mlp()
    result = so.compile(problem, quick("online")).solve(*clusters, timesteps=T)
    for network, weights in ((result, result.weights), (problem.network, result), (result, result)):
        trace = so.simulate(network, weights, clusters[0])
        assert len(trace["hidden"].potentials) == T
        assert len(so.simulate(network, weights, clusters[0], timesteps=3)["hidden"].potentials) == 3
    assert len(so.simulate(result, result.weights, np.stack([clusters[0]] * 4))["hidden"].potentials) == 4
    with pytest.raises(so.DataError, match="no time axis"):
        so.simulate(problem.network, result.weights, clusters[0])


def test_the_recorded_loss_is_the_objective(mlp: MakeProblem, clusters: Data) -> None:
    """By hand, from a simulation: the mean cross-entropy of mean potentials, and the penalty."""
    x, y = clusters
    result = so.compile(mlp(), so.Rollout(max_iter=4, dtype="float64")).solve(x, y, timesteps=T)
    m = so.simulate(result, result.weights, x, timesteps=T)["readout"].potentials.mean(0)
    losses = np.log(np.exp(m).sum(1)) - m[np.arange(len(y)), y]
    value = losses.mean() + 1e-3 / 2 * (result.weights["hidden.weight"] ** 2).sum()
    assert value == pytest.approx(np.min(result.history["loss"]), rel=1e-9)  # type: ignore[arg-type]


# ---- statuses and the best iterate


@pytest.fixture
def hard(clusters: Data) -> Data:
    """The clusters with every third label drawn at random: losses and accuracies differ from row to row."""
    x, y = clusters
    rng = np.random.default_rng(1)
    return x, np.where(rng.random(len(y)) < 1 / 3, rng.integers(0, 3, len(y)), y)


WILD = [so.Online(epochs=8, step=1e5), so.Rollout(max_iter=10, step=1e5)]
"""Steps so large that the loss rises."""


@pytest.mark.parametrize("algorithm", WILD, ids=lambda a: a.name)
def test_the_best_iterate_is_kept(algorithm: Any, mlp: MakeProblem, hard: Data) -> None:
    """The validation set is the training set, so that each row shows its own weights' accuracy."""
    losses: list[float] = []

    def stop_when_it_rises(record: Any) -> None:
        losses.append(record.loss)
        if record.loss > min(losses):
            raise KeyboardInterrupt

    plan = so.compile(mlp(), algorithm)
    result = plan.solve(*hard, timesteps=T, validation=hard, callback=stop_when_it_rises)
    best = int(np.argmin(losses))
    assert result.status is so.Status.INTERRUPTED and best == len(losses) - 2
    assert result.score(*hard) == pytest.approx(result.history.records[best].validation, abs=1e-12)
    last = dataclasses.replace(result, weights=result.last_weights)
    if algorithm.name == "rollout":
        assert objective(result, *hard) < objective(last, *hard)
    else:  # judged by the means of its batches, each taken with the weights of its moment
        assert last.score(*hard) == pytest.approx(result.history.records[-1].validation, abs=1e-12)


def objective(result: so.Result, x: np.ndarray, y: np.ndarray) -> float:
    m = result.readout(x)
    assert isinstance(m, np.ndarray)
    top = m.max(1, keepdims=True)
    losses = np.log(np.exp(m - top).sum(1)) + top[:, 0] - m[np.arange(len(y)), y]
    return float(losses.mean() + 1e-3 / 2 * (result.weights["hidden.weight"].astype(float) ** 2).sum())


def test_rollout_returns_weights_no_worse_than_any_recorded(mlp: MakeProblem, hard: Data) -> None:
    for step in (1.0, 8.0, 200.0):
        result = so.compile(mlp(), so.Rollout(max_iter=10, step=step, dtype="float64")).solve(*hard, timesteps=T)
        assert objective(result, *hard) <= np.min(result.history["loss"]) * (1 + 1e-9)  # type: ignore[arg-type]


def test_completed_and_max_iter(mlp: MakeProblem, clusters: Data) -> None:
    result = so.compile(mlp(), so.Online(epochs=2)).solve(*clusters, timesteps=T)
    assert result.status is so.Status.COMPLETED and len(result.history) == 2
    result = so.compile(mlp(), so.Rollout(max_iter=2)).solve(*clusters, timesteps=T)
    assert result.status is so.Status.MAX_ITER and len(result.history) == 2
    assert "2 iterations" in result.message


def test_converged(mlp: MakeProblem, clusters: Data) -> None:
    x, y = clusters  # without input there is nothing to learn beyond the shares of the classes
    result = so.compile(mlp(), so.Rollout(max_iter=500, patience=500)).solve(0 * x, y, timesteps=T)
    assert result.status is so.Status.CONVERGED and "no flip" in result.message


def test_stalled(mlp: MakeProblem, hard: Data) -> None:
    """Flips are wanted, but a step of nearly nothing brings none about."""
    result = so.compile(mlp(), so.Rollout(max_iter=500, patience=3, step=1e-12)).solve(*hard, timesteps=T)
    assert result.status is so.Status.STALLED and "has not fallen" in result.message


@pytest.mark.parametrize("name", ["RidgeWeights", "MajorisedReadout", "DitheredStep"])
def test_the_bound_closed_form_is_the_one_that_runs(name: str, mlp: MakeProblem, clusters: Data) -> None:
    plan, calls = so.compile(mlp(), quick("online")), []
    binding = next(b for b in plan.bindings if b.title == name)
    update = {"DitheredStep": "move", "RidgeWeights": "prepare"}.get(name, "solve")
    original = getattr(binding.rule, update)

    def watched(*args: Any) -> Any:
        calls.append(1)
        return original(*args)

    assert isinstance(binding.rule, type)
    mine = type("Mine", (binding.rule,), {update: staticmethod(watched)})
    bindings = tuple(dataclasses.replace(b, rule=mine) if b is binding else b for b in plan.bindings)
    dataclasses.replace(plan, bindings=bindings).solve(*clusters, timesteps=T)
    assert calls


@BOTH
def test_time_limit(name: str, mlp: MakeProblem, clusters: Data) -> None:
    endless = so.Online(epochs=10**6) if name == "online" else so.Rollout(max_iter=10**6, patience=10**6)
    result = so.compile(mlp(), endless).solve(*clusters, timesteps=T, time_limit=0.05)
    assert result.status is so.Status.TIME_LIMIT and "0.05 s" in result.message
    assert_sound(result)
    assert result.score(*clusters) > 1 / 3


@BOTH
@pytest.mark.parametrize("after", [1, 2])
def test_interrupted(name: str, after: int, mlp: MakeProblem, clusters: Data) -> None:
    rows: list[Any] = []

    def press(record: Any) -> None:
        rows.append(record)
        if len(rows) == after:
            raise KeyboardInterrupt

    plan = so.compile(mlp(), quick(name))
    result = plan.solve(*clusters, timesteps=T, callback=press)
    assert result.status is so.Status.INTERRUPTED and "stopped by the user" in result.message
    assert len(result.history) == after
    assert_sound(result)
    assert result.score(*clusters) > 0.5


@BOTH
def test_an_error_of_the_callback_comes_through(name: str, mlp: MakeProblem, clusters: Data) -> None:
    def fail(record: Any) -> None:
        raise RuntimeError("the disk of my log is full")

    with pytest.raises(RuntimeError, match="my log"):
        so.compile(mlp(), quick(name)).solve(*clusters, timesteps=T, callback=fail)


ABSURD = [
    so.Online(epochs=1, batch_size=180, readout_step=1e38),
    so.Online(move=1e-300),
    so.Rollout(step=1e300),
    so.Rollout(distance=1e300),
    so.Online(epochs=3, step=1e6),
    so.Online(epochs=3, step=1e30),
    so.Online(epochs=3, readout_step=1e6),
    so.Online(epochs=3, ridge=1e-30, readout_ridge=1e-30),
    so.Online(epochs=3, ridge=1e30),
    so.Online(epochs=3, dither=1e-9),
    so.Rollout(max_iter=5, step=1e6),
    so.Rollout(max_iter=5, step=1e30),
    so.Rollout(max_iter=5, distance=1e-30),
    so.Rollout(max_iter=5, distance=1e30),
    so.Rollout(max_iter=5, flips=1.0, ridge=1e-30),
]


@pytest.mark.parametrize("algorithm", ABSURD, ids=repr)
def test_absurd_settings_end_in_a_status(algorithm: Any, mlp: MakeProblem, clusters: Data) -> None:
    result = so.compile(mlp(), algorithm).solve(*clusters, timesteps=T)
    assert_sound(result)
    if result.status in (so.Status.DIVERGED, so.Status.NUMERICAL_ERROR):
        assert "step" in result.message or "ridge" in result.message


# ---- odd data


ODD: dict[str, Callable[[np.ndarray, np.ndarray], Data]] = {
    "all zero": lambda x, y: (0 * x, y),
    "constant features": lambda x, y: (np.ones_like(x), y),
    "one class only": lambda x, y: (x, 0 * y),
    "large": lambda x, y: (1e6 * x, y),
    "small": lambda x, y: (1e-6 * x, y),
    "of mixed scales": lambda x, y: (x * 10.0 ** np.arange(-4, 4), y),
    "negative": lambda x, y: (-x, y),
    "one sample": lambda x, y: (x[:1], y[:1]),
    "two samples": lambda x, y: (x[:2], y[:2]),
    "whole numbers": lambda x, y: ((16 * x).astype(np.int16), y),
    "bytes": lambda x, y: (np.clip(255 * x, 0, 255).astype(np.uint8), y),
    "bits": lambda x, y: (x > 0.5, y),
    "half precision": lambda x, y: (x.astype(np.float16), y),
}


@BOTH
@pytest.mark.parametrize("kind", ODD)
def test_odd_data_end_in_a_status(name: str, kind: str, mlp: MakeProblem, clusters: Data) -> None:
    x, y = ODD[kind](*clusters)
    result = so.compile(mlp(), quick(name)).solve(x, y, timesteps=T)
    assert_sound(result)
    assert result.status in (so.Status.COMPLETED, so.Status.CONVERGED, so.Status.MAX_ITER, so.Status.STALLED)
    assert all(np.isfinite(record.loss) for record in result.history)
    assert 0 <= result.score(x, y) <= 1


@BOTH
@pytest.mark.parametrize("kind", ["large", "whole numbers", "bytes", "half precision"])
def test_the_unit_of_the_data_does_not_matter(name: str, kind: str, mlp: MakeProblem, clusters: Data) -> None:
    x, y = ODD[kind](*clusters)
    assert so.compile(mlp(), name).solve(x, y, timesteps=T).score(x, y) > 0.9


@BOTH
def test_one_time_step_and_batches_larger_than_the_data(name: str, mlp: MakeProblem, clusters: Data) -> None:
    assert so.compile(mlp(), name).solve(*clusters, timesteps=1).score(*clusters) > 0.9
    large = so.compile(mlp(), so.Online(epochs=2, batch_size=10**6)).solve(*clusters, timesteps=T)
    assert large.status is so.Status.COMPLETED
    assert_sound(large)
    one = so.compile(mlp(), so.Online(epochs=1, batch_size=1)).solve(*clusters, timesteps=T)
    assert_sound(one)


@BOTH
@pytest.mark.parametrize(("bias", "word"), [(-1e3, "is silent"), (1e3, "fires at every step")])
def test_dead_layers_are_named_and_moved(name: str, bias: float, word: str, mlp: MakeProblem, clusters: Data) -> None:
    plan = so.compile(mlp(), quick(name))
    weights = dict(plan.solve(*clusters, timesteps=T).weights)
    weights["hidden.bias"] = np.full(20, bias)
    result = plan.solve(*clusters, timesteps=T, weights=weights)
    assert any("layer 'hidden'" in note and word in note for note in result.notes)
    assert_sound(result)
    assert abs(result.last_weights["hidden.bias"]).mean() < abs(bias)


def test_integers_start_from_the_given_weights(mlp: MakeProblem, clusters: Data) -> None:
    """Weights of any dtype, also whole numbers and float64, are taken as starting point in the algorithm's dtype."""
    plan = so.compile(mlp(), so.Online(epochs=1))
    assert {w.dtype.name for w in plan.solve(*clusters, timesteps=T).weights.values()} == {"float32"}
    start: dict[str, Any] = {
        "hidden.weight": np.ones((20, 8), int),
        "hidden.bias": [0] * 20,
        "readout.weight": np.zeros((3, 20)),
        "readout.bias": np.zeros(3),
    }
    result = plan.solve(*clusters, timesteps=T, weights=start)
    assert {w.dtype.name for w in result.weights.values()} == {"float32"}
    assert (start["hidden.weight"] == 1).all()


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_data_in_any_unit_are_learned(scale: float, algorithm: str, clusters: Data) -> None:
    x = so.Input(8, name="volts")
    h = so.LIF(beta=0.9, name="hidden")(so.Dense(20)(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(3)(h))
    X, labels = clusters
    result = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), algorithm).solve(
        scale * X, labels, timesteps=T
    )
    assert result.score(scale * X, labels) > 0.95


def test_data_beyond_single_precision_are_refused(mlp: MakeProblem, clusters: Data) -> None:
    X, labels = clusters
    with pytest.raises(so.DataError, match=r"'pixels'.*too large for float32.*\n.*float64"):
        so.compile(mlp(), "online").solve(1e20 * X, labels, timesteps=T)


@pytest.mark.parametrize(
    ("setting", "value"), [("refresh", 2.0), ("epochs", "3"), ("ridge", "x"), ("step", True), ("gram_share", 1.5)]
)
def test_settings_of_the_wrong_type_are_refused(setting: str, value: object) -> None:
    with pytest.raises(so.ModelError, match=f"'online'.*{setting}"):
        so.Online(**{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("epochs", "batches"), [(0.01, [1]), (0.5, [3]), (1, [6]), (1.5, [6, 3]), (2.4, [6, 6, 3])])
def test_an_epoch_may_end_before_its_last_batch(
    epochs: float, batches: list[int], mlp: MakeProblem, clusters: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step falls to zero over the passes asked for, and no batch begins after them."""
    X, labels = clusters
    counted, steps = list[int](), list[float]()
    add, record = EpochMeans.add, EpochMeans.record

    def count(self: EpochMeans, batch: Any) -> None:
        counted[-1] += 1
        add(self, batch)

    def close(self: EpochMeans, epoch: int, sweeper: Any) -> so.Record:
        counted.append(0)
        steps.append(sweeper.fade)
        return record(self, epoch, sweeper)

    monkeypatch.setattr(EpochMeans, "add", count)
    monkeypatch.setattr(EpochMeans, "record", close)
    counted.append(0)
    result = so.compile(mlp(), so.Online(epochs=epochs, batch_size=len(labels) // 6)).solve(X, labels, timesteps=T)
    assert counted[:-1] == batches and result.status is so.Status.COMPLETED
    assert steps[-1] == pytest.approx(1 - (sum(batches) - 1) / (6 * epochs))


@pytest.mark.parametrize("wrong", [{"time_limit": "5"}, {"time_limit": -5}, {"callback": 3}, {"validation": 7}])
def test_options_of_the_wrong_type_are_refused(wrong: dict[str, Any], mlp: MakeProblem, clusters: Data) -> None:
    with pytest.raises(so.ModelError, match=next(iter(wrong))):
        so.compile(mlp(), "online").solve(*clusters, timesteps=T, **wrong)


@BOTH
def test_a_spike_cost_lowers_the_rate_and_enters_the_loss(name: str, clusters: Data) -> None:
    rates = []
    for price in (0.0, 0.05):
        x = so.Input(8, name="pixels")
        h = so.LIF(beta=0.9, name="hidden")(so.Dense(20)(x))
        y = so.LI(beta=0.9, name="readout")(so.Dense(3)(h))
        problem = so.Problem(so.Network(x, y), so.CrossEntropy(y) + price * so.SpikeCost(h))
        result = so.compile(problem, quick(name, dtype="float64")).solve(*clusters, timesteps=T)
        rates.append(result.history.records[-1].firing_rate["hidden"])
    assert rates[1] < 0.9 * rates[0]
    spikes = so.simulate(problem, result.weights, clusters[0].astype(float), timesteps=T)["hidden"].spikes
    assert spikes is not None
    m = result.readout(clusters[0])
    assert isinstance(m, np.ndarray)
    losses = np.log(np.exp(m).sum(1)) - m[np.arange(len(m)), clusters[1]]
    total = float(losses.mean()) + 0.05 * float(spikes.sum((0, 2)).mean())
    if name == "rollout":
        assert total == pytest.approx(min(r.loss for r in result.history.records), rel=1e-9)


def test_what_a_fixed_readout_passes_on_is_its_rules(clusters: Data) -> None:
    pixels = so.Input(8)
    out = so.LI(name="readout")(so.LIF(name="hidden")(so.Dense(3)(pixels)))
    plan = so.compile(so.Problem(so.Network(pixels, out), so.CrossEntropy(out)), so.Online(epochs=1, dtype="float64"))

    def nothing(loss: Any, seen: np.ndarray, target: np.ndarray, scale: float) -> np.ndarray:
        return np.zeros_like(seen)

    binding = next(b for b in plan.bindings if b.title == "FixedReadout")
    assert isinstance(binding.rule, type)
    silent = dataclasses.replace(binding, rule=type("Silent", (binding.rule,), {"solve": staticmethod(nothing)}))
    bindings = tuple(silent if b is binding else b for b in plan.bindings)
    still = dataclasses.replace(plan, bindings=bindings).solve(*clusters, timesteps=T, weights=(w := start(plan)))
    np.testing.assert_array_equal(still.weights["hidden.weight"], w["hidden.weight"])
    assert np.any(plan.solve(*clusters, timesteps=T, weights=w).weights["hidden.weight"] != w["hidden.weight"])


def start(plan: so.Plan) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {v.name: rng.standard_normal(v.shape) for v in plan.program.variables if v.kind in ("weight", "bias")}


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        ("rollout", "epochs", r"setting of Rollout.*'epochs'.*max_iter"),
        ("online", "lr", r"setting of Online.*'lr'.*step"),
        ("full_dual", "rhoo", r"did you mean 'rho'"),
    ],
)
def test_settings_that_an_algorithm_has_not_are_named(name: str, setting: str, words: str) -> None:
    settings: dict[str, Any] = {setting: 1.0}
    with pytest.raises(so.UnknownNameError, match=f"(?s){words}"):
        so.algorithms.ALGORITHMS[name](**settings)
