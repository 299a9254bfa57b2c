"""Over-relaxation and Anderson's acceleration: the same solutions sooner where a programme is convex, no harm where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.runtime.acceleration import Acceleration
from tests.sweeps import KEPT, small
from tests.test_checkpoints import Stop, assert_same, constrained
from tests.test_stopping import LABELS, X, linear, quick

CHOICES: list[Acceleration] = [so.OverRelaxation(1.6), so.Anderson(), so.Anderson(memory=1, allowed=2.0)]
STOP = so.Stopping(absolute=1e-8, relative=1e-7)


def convex(rho: float = 10.0) -> so.Plan:
    algorithm = so.FullDual(max_iter=3000, dual_step=1.0, rho=rho, ridge=1e-6, warm_up=1, dtype="float64")
    return so.compile(linear(), algorithm)


@pytest.mark.parametrize("accelerate", CHOICES, ids=str)
def test_a_convex_programme_ends_sooner_in_the_same_solution(accelerate: Acceleration) -> None:
    plan = convex()
    plain, fast = plan.solve(X, LABELS, stop=STOP), plan.solve(X, LABELS, stop=STOP, accelerate=accelerate)
    assert plain.status is fast.status is so.Status.CONVERGED
    assert len(fast.history) < 0.8 * len(plain.history)
    for n, w in plain.last_weights.items():
        np.testing.assert_allclose(fast.last_weights[n], w, atol=1e-5)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_over_relaxation_is_its_formula(factor: float) -> None:
    a = so.OverRelaxation(factor).accelerator()
    old, new = np.array([1.0, 2.0]), np.array([3.0, 1.0])
    np.testing.assert_allclose(a.after(old, new), old + factor * (new - old))


def test_anderson_solves_a_linear_map_in_as_many_steps_as_it_has_dimensions() -> None:
    rng = np.random.default_rng(0)
    m = rng.normal(size=(4, 4))
    m *= 0.9 / np.abs(np.linalg.eigvals(m)).max()
    b = rng.normal(size=4)
    solution = np.linalg.solve(np.eye(4) - m, b)
    a, x = so.Anderson(memory=6, regularisation=1e-16, allowed=1e6).accelerator(), np.zeros(4)
    for _ in range(7):
        x = a.after(x, m @ x + b)
    np.testing.assert_allclose(x, solution, rtol=1e-5, atol=1e-6)


def test_a_step_that_makes_it_worse_is_taken_back() -> None:
    a = so.Anderson(allowed=1.0).accelerator()
    x0, x1 = np.array([0.0]), np.array([1.0])
    assert a.after(x0, x1) is x1
    end = np.array([1.5])
    start = a.after(x1, end)
    assert start == pytest.approx([2.0], rel=1e-6)  # f halves as x grows by 1: it is 0 at 2
    np.testing.assert_array_equal(a.after(start, start + 7.0), end)
    assert a.snapshot() == [[], [], None]


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("accelerate", CHOICES, ids=str)
@pytest.mark.parametrize("problem", [small, constrained])
def test_no_harm_where_it_is_not_convex(name: str, accelerate: Acceleration, problem: Any) -> None:
    """Finite, constraints exact, no more than the sweeps that were asked for; penalties that move make it start afresh."""
    rules = {"dynamics": so.Quadratic(1.0, control=so.ResidualBalancing(every=3))}
    plan = so.compile(problem(), quick(name, warm_up=1))
    for penalties in (None, rules):
        result = plan.solve(X, LABELS, accelerate=accelerate, penalties=penalties)
        assert len(result.history) == 8 and np.isfinite([r.loss for r in result.history]).all()
        if problem is constrained:
            assert np.abs(result.weights["h.weight"]).max() <= np.float32(0.6)
            assert np.abs(result.last_weights["h.weight"]).max() <= np.float32(0.6)


@pytest.mark.parametrize("accelerate", CHOICES, ids=str)
@pytest.mark.parametrize("name", ["full_dual", "exact_block", "perin2025"])
def test_resumed_runs_are_the_uninterrupted_ones(name: str, accelerate: Acceleration, tmp_path: Path) -> None:
    plan = so.compile(constrained(), quick(name, warm_up=1))
    whole = plan.solve(X, LABELS, accelerate=accelerate)
    plan.solve(X, LABELS, accelerate=accelerate, checkpoint=tmp_path / "run.npz", callback=Stop(5))
    assert_same(plan.solve(X, LABELS, accelerate=accelerate, resume=tmp_path / "run.npz"), whole)
    with pytest.raises(so.FileError, match="another plan"):
        plan.solve(X, LABELS, resume=tmp_path / "run.npz")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: so.OverRelaxation(2.0), "factor = 2"),
        (lambda: so.OverRelaxation(0.0), "factor = 0"),
        (lambda: so.Anderson(memory=0), "memory = 0"),
        (lambda: so.Anderson(allowed=-1.0), "allowed = -1"),
        (lambda: so.Anderson(regularisation=np.inf), "regularisation = inf"),
        (lambda: convex().solve(X, LABELS, accelerate=1.6), "so.Anderson"),  # type: ignore[arg-type]
        (lambda: so.compile(small()).solve(X, LABELS, accelerate=so.Anderson()), "'full_dual'"),
    ],
)
def test_wrong_choices_are_refused(make: Any, words: str) -> None:
    with pytest.raises(so.ModelError, match=words):
        make()
