"""Sites that agree on weights and keep their samples."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms.settings import Federation
from snnopt.runtime.executors.worker import Worker
from tests.shards import T, apart, problem, samples

X, Y = samples(200)
SITES = [Y < 1, Y >= 1]


def sites() -> so.Shards:
    return so.Shards([(X[some], Y[some]) for some in SITES])


def test_two_sites_with_different_classes_learn_all_of_them() -> None:
    """One site has a single class, so that what it wants of weights has no end; the scaled duals come to balance it."""
    plan = so.compile(problem((20,)), so.Federated(rounds=60, batch_size=20))
    found = plan.solve(sites(), timesteps=T)
    assert found.status is so.Status.COMPLETED and len(found.history) == 60
    alone = [so.compile(problem((20,)), "online").solve(X[s], Y[s], timesteps=T).score(X, Y) for s in SITES]
    assert found.score(X, Y) > 0.9 > 0.75 > max(alone)
    last = found.history[-1]
    assert last.loss < found.history[0].loss and 0 < last.dual["weights"] < last.primal["weights"]
    assert apart(found, plan.solve(sites(), timesteps=T)) == 0


def test_a_round_is_the_printed_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    """``z`` and the scaled duals by hand, from what the sites return; weighted duals stay balanced."""
    algorithm = so.Federated(rounds=4, batch_size=30, dual_step=0.4, dtype="float64")
    calls: list[tuple[int, Any, Any, Any]] = []
    own = Worker.trained

    def trained(self: Worker, k: int, part: Any, made: Any, z: Any, dual: Any, *others: Any) -> Any:
        w = own(self, k, part, made, z, dual, *others)
        calls.append((k, z, dual, w))
        return w

    monkeypatch.setattr(Worker, "trained", trained)
    result = so.compile(problem((8,)), algorithm).solve(sites(), timesteps=T)
    share = [s.mean() for s in SITES]
    z, u = calls[0][1], [{n: 0 * w for n, w in calls[0][1].items()} for _ in SITES]
    for first, second in zip(calls[::2], calls[1::2], strict=True):
        for k, (site, given_z, given_u, _) in enumerate((first, second)):
            assert site == k
            for n in z:
                np.testing.assert_allclose(given_z[n], z[n], rtol=1e-12, atol=1e-14)
                np.testing.assert_allclose(given_u[n], u[k][n], rtol=1e-12, atol=1e-14)
        w = [first[3], second[3]]
        z = {n: share[0] * (w[0][n] + u[0][n]) + share[1] * (w[1][n] + u[1][n]) for n in z}
        u = [{n: u[k][n] + 0.4 * (w[k][n] - z[n]) for n in z} for k in range(2)]
    for n, last in result.last_weights.items():
        np.testing.assert_allclose(last, z[n].reshape(last.shape), rtol=1e-12, atol=1e-14)


def test_a_strong_pull_holds_sites_where_they_are() -> None:
    start = so.compile(problem(), so.Rollout(max_iter=1)).solve(X, Y, timesteps=T).weights
    held = so.compile(problem(), so.Federated(rounds=1, pull=1e9)).solve(sites(), timesteps=T, weights=start)
    free = so.compile(problem(), so.Federated(rounds=1, pull=1e-9)).solve(sites(), timesteps=T, weights=start)
    for n, w in start.items():
        np.testing.assert_allclose(held.weights[n], w, atol=1e-6)
    assert max(float(np.abs(free.weights[n] - w).max()) for n, w in start.items()) > 0.01


def test_no_sample_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(*given: Any) -> Any:
        raise AssertionError("a sample left its site")

    monkeypatch.setattr(Worker, "rows", rows)
    assert so.compile(problem(), so.Federated(rounds=2)).solve(sites(), timesteps=T).status is so.Status.COMPLETED


def test_it_resumes_to_the_same_bits(tmp_path: Any) -> None:
    plan, file = so.compile(problem(), so.Federated(rounds=5)), tmp_path / "run.npz"
    expected = plan.solve(sites(), timesteps=T)
    plan.solve(sites(), timesteps=T, checkpoint=file, callback=lambda r: r.iteration == 2)
    assert apart(expected, plan.solve(sites(), timesteps=T, resume=file)) == 0
    assert plan.solve(sites(), timesteps=T, time_limit=1e-9).status is so.Status.TIME_LIMIT


def test_weights_that_run_away_end_in_a_status() -> None:
    wild = so.Federated(rounds=30, step=1e30, pull=1e-3)
    found = so.compile(problem(), wild).solve(sites(), timesteps=T)
    assert found.status in (so.Status.DIVERGED, so.Status.NUMERICAL_ERROR, so.Status.COMPLETED)
    assert all(np.isfinite(w).all() for w in found.weights.values())


def test_what_it_refuses() -> None:
    with pytest.raises(so.ModelError, match="one shard for each site"):
        so.compile(problem(), "federated").solve(X, Y, timesteps=T)
    x = so.Input(6)
    h = so.LIF(name="h")(so.Dense(4)(x))
    y = so.LI()(so.Dense(3)(h))
    for constraint in (so.Box(h.weights, -1, 1), so.SpikeBudget(h, 0.1)):
        constrained = so.Problem(so.Network(x, y), so.CrossEntropy(y), constraints=[constraint])
        with pytest.raises(so.CompileError, match="need not keep it"):
            so.compile(constrained, "federated")
    for wrong in ({"rounds": 0}, {"pull": -1}, {"dual_step": 2}, {"epochs": 1.5}, {"pull": "x"}):
        with pytest.raises(so.ModelError, match=next(iter(wrong))):
            so.Federated(**wrong)
    assert dataclasses.asdict(so.Federated().schedule) == dataclasses.asdict(Federation(20, 1, None, 0.1, 0.3))
