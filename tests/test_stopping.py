"""When runs end, and which iterate they return; runs by hand."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import ALGORITHMS
from snnopt.runtime.history import Record
from snnopt.runtime.journal import Journal
from tests.sweeps import KEPT, small

RNG = np.random.default_rng(0)
X = RNG.random((6, 60, 4))
LABELS = (X.mean(0) @ RNG.standard_normal((4, 3))).argmax(1)
HELD = RNG.random((6, 60, 4)), RNG.integers(0, 3, 60)


def quick(name: str, **more: Any) -> Any:
    length = {"epochs": 8} if name == "online" else {"max_iter": 8}
    return ALGORITHMS[name](**{**length, **more})


def linear() -> so.Problem:
    """No hidden layer: a convex program."""
    x = so.Input(4, name="x")
    y = so.LI(beta=0.5, name="y")(so.Dense(3)(x))
    return so.Problem(so.Network(x, y), so.SquaredError(y, over="mean") + 0.1 * so.L2(y.weights))


@pytest.mark.parametrize("name", ["full_dual", "consensus", "exact_block"])
def test_a_convex_program_ends_within_its_tolerances(name: str) -> None:
    algorithm = ALGORITHMS[name](max_iter=5000, dual_step=1.0, rho=0.1, dtype="float64")  # type: ignore[call-arg]
    plan = so.compile(linear(), algorithm)
    result = plan.solve(X, LABELS, stop=so.Stopping(absolute=1e-7, relative=1e-6))
    last = result.history[-1]
    if name == "full_dual":  # the others have no dual on all dynamics: their limit is another problem's
        assert result.status is so.Status.CONVERGED and "within tolerance" in result.message
        assert last.primal["y"] < 1e-5 and last.dual["y"] < 1e-5
        gain = np.array([sum(0.5**k for k in range(6 - t)) / 6 for t in range(6)])
        phi = np.concatenate([np.tensordot(gain, X, 1), np.full((60, 1), gain.sum())], 1)
        normal = phi.T @ phi / 60 + np.diag([0.1] * 4 + [0.0])
        best = np.linalg.solve(normal, phi.T @ np.eye(3)[LABELS] / 60).T
        np.testing.assert_allclose(result.last_weights["y.weight"], best[:, :4], atol=1e-4)
    loose = plan.solve(X, LABELS, stop=so.Stopping(absolute=10.0))
    assert loose.status is so.Status.CONVERGED and len(loose.history) == 2


@pytest.mark.parametrize("name", KEPT)
def test_residuals_out_of_tolerance_end_nothing(name: str) -> None:
    plan = so.compile(small(), quick(name))
    assert plan.solve(X, LABELS).status is so.Status.MAX_ITER
    assert plan.solve(X, LABELS, stop=so.Stopping(absolute=1e-12)).status is so.Status.MAX_ITER


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("keep", ["loss", "accuracy", "validation"])
def test_the_best_iterate_is_returned(name: str, keep: Any) -> None:
    plan = so.compile(small(), quick(name))
    result = plan.solve(X, LABELS, validation=HELD, stop=so.Stopping(keep=keep))
    columns: dict[str, Any] = {k: result.history[k] for k in ("loss", "accuracy", "validation")}
    rank = {"loss": -columns["loss"]}.get(keep, columns[keep])
    best = max(range(len(rank)), key=lambda k: (rank[k], -columns["loss"][k]))
    if name == "online":  # its records are of batches, its weights of the end of the epoch
        ends = [state.weights for state in plan.iterate(X, LABELS, validation=HELD)]
        assert all(np.array_equal(w, result.weights[n]) for n, w in ends[best].items())
    else:
        assert result.score(X, LABELS) == pytest.approx(columns["accuracy"][best])
        assert result.score(*HELD) == pytest.approx(columns["validation"][best])


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("keep", ["loss", "accuracy", "validation"])
def test_patience_ends_a_run_that_gets_no_better(name: str, keep: Any) -> None:
    plan = so.compile(small(), quick(name, **({"epochs": 60} if name == "online" else {"max_iter": 60})))
    result = plan.solve(X, LABELS, validation=HELD, stop=so.Stopping(patience=3, keep=keep))
    columns: dict[str, Any] = {k: result.history[k] for k in ("loss", "accuracy", "validation")}
    rank = [(-columns[keep][k] if keep != "loss" else 0.0, columns["loss"][k]) for k in range(len(columns["loss"]))]
    best = min(range(len(rank)), key=rank.__getitem__)
    if result.status is so.Status.STALLED and "3 records" in result.message:
        assert len(rank) == best + 4
    else:
        assert len(rank) <= best + 4


def test_a_lower_loss_with_far_worse_accuracy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    add, k = Journal.add, iter(range(100))

    def worse(self: Journal, record: Record, weights: Any, left: int) -> None:
        n = next(k)
        add(self, Record(**{**vars(record), "loss": 10.0 - n, "accuracy": 0.9 - 0.1 * n}), weights, left)

    monkeypatch.setattr(Journal, "add", worse)
    plan = so.compile(small(), quick("rollout", max_iter=5))
    (note,) = [n for n in plan.solve(X, LABELS).notes if "least loss" in n]
    assert "accuracy 50.0%" in note and "classified 90.0%" in note and "keep='accuracy'" in note


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: so.Stopping(absolute=-1.0), "absolute = -1"),
        (lambda: so.Stopping(relative=np.nan), "relative = nan"),
        (lambda: so.Stopping(patience=0), "patience = 0"),
        (lambda: so.Stopping(keep="best"), "keep = 'best'"),  # type: ignore[arg-type]
        (lambda: so.compile(small()).solve(X, LABELS, stop=3), "stop=3"),  # type: ignore[arg-type]
        (lambda: so.compile(small()).solve(X, LABELS, stop=so.Stopping(absolute=1.0)), "'online' has none"),
        (lambda: so.compile(linear()).solve(X, X[0, :, :3], stop=so.Stopping(keep="accuracy")), "no labels"),
        (lambda: so.compile(small()).solve(X, LABELS, stop=so.Stopping(keep="validation")), "validation="),
    ],
)
def test_wrong_rules_are_refused(make: Any, words: str) -> None:
    with pytest.raises(so.ModelError, match=words):
        make()


# ---- by hand


@pytest.mark.parametrize("name", ALGORITHMS)
def test_iterating_by_hand_is_solving(name: str) -> None:
    plan = so.compile(small(), quick(name))
    whole = plan.solve(X, LABELS, validation=HELD)
    records, state = [], None
    for state in plan.iterate(X, LABELS, validation=HELD):
        records.append(state.record.loss)
        assert state.iteration == state.record.iteration and set(state.weights) == set(whole.weights)
    assert state is not None and records == list(whole.history["loss"])
    result = state.result()
    assert (result.status, result.message) == (whole.status, whole.message)
    for n, w in whole.weights.items():
        assert np.array_equal(w, result.weights[n]) and np.array_equal(whole.last_weights[n], state.weights[n])


@pytest.mark.parametrize("name", KEPT)
def test_looking_less_often_changes_no_iterate(name: str) -> None:
    """Records are those of a run that looks at every iteration, but for what changed since the record before."""
    every, third = (so.compile(small(), quick(name, look_every=k)).solve(X, LABELS) for k in (1, 3))
    assert [r.iteration for r in third.history.records] == [3, 6, 8] and third.status is so.Status.MAX_ITER
    for record in third.history.records:
        same = every.history[record.iteration - 1]
        assert (record.loss, record.accuracy, record.lagrangian) == (same.loss, same.accuracy, same.lagrangian)
        assert (record.primal, record.dual, record.penalty) == (same.primal, same.dual, same.penalty)
    for n, w in every.last_weights.items():
        assert np.array_equal(w, third.last_weights[n])
    rested = so.compile(linear(), quick(name, look_every=5)).solve(X, LABELS, stop=so.Stopping(absolute=10.0))
    assert rested.status is so.Status.CONVERGED and [r.iteration for r in rested.history.records] == [2]


def test_a_loop_that_is_left_keeps_what_it_found() -> None:
    plan = so.compile(small(), quick("rollout"))
    for state in plan.iterate(X, LABELS):
        if state.iteration == 3:
            break
    result = state.result()
    assert result.status is so.Status.INTERRUPTED and len(result.history) == 4 and "left by the user" in result.message
    assert "Iterate(3: loss" in repr(state)


def test_time_between_records_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    floating = np.geterr()
    for state in so.compile(small(), quick("rollout")).iterate(X, LABELS, time_limit=5.0):
        assert state.record.seconds == 0.0 and np.geterr() == floating
        now += 100.0
    assert state.result().status is so.Status.MAX_ITER


def test_wrong_options_are_refused_when_iterating() -> None:
    with pytest.raises(TypeError, match="progress"):
        next(so.compile(small()).iterate(X, LABELS, progress=True))


def test_a_callback_ends_a_run_by_returning_true() -> None:
    result = so.compile(small(), quick("rollout")).solve(X, LABELS, callback=lambda record: record.iteration == 2)
    assert result.status is so.Status.INTERRUPTED and len(result.history) == 3


def test_a_loss_that_never_falls_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = so.compile(small(), quick("rollout"))
    assert not [n for n in plan.solve(X, LABELS).notes if "no later iterate" in n]
    add = Journal.add

    def worse(self: Journal, record: Record, weights: Any, left: int) -> None:
        add(self, Record(**{**vars(record), "loss": 1.0 + record.iteration}), weights, left)

    monkeypatch.setattr(Journal, "add", worse)
    (note,) = [n for n in plan.solve(X, LABELS).notes if "no later iterate" in n]
    assert "the first one, 1:" in note and "check the scale of data and starting weights" in note
