"""Inputs that break naive runs: no NaN reaches the user, the status says what happened, dead layers are named at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import ALGORITHMS
from tests.sweeps import KEPT

RNG = np.random.default_rng(0)
X, LABELS = RNG.random((6, 40, 4)), RNG.integers(0, 3, 40)
ZERO = {"h.weight": np.zeros((8, 4)), "h.bias": np.zeros(8), "y.weight": np.zeros((3, 8)), "y.bias": np.zeros(3)}
DEAD = ZERO | {"h.weight": np.full((8, 4), -1.0), "h.bias": np.full(8, -1.0)}
HUGE = ZERO | {"h.weight": np.full((8, 4), 1e4), "y.weight": np.ones((3, 8))}

CASES: dict[str, tuple[np.ndarray, np.ndarray, dict[str, Any]]] = {
    "all zero": (0 * X, LABELS, {}),
    "one class": (X, 0 * LABELS, {}),
    "constant features": (np.ones_like(X), LABELS, {}),
    "inputs of 1e6": (1e6 * X, LABELS, {}),
    "inputs of 1e-6": (1e-6 * X, LABELS, {}),
    "huge weights": (X, LABELS, {"weights": HUGE}),
    "dead layer": (X, LABELS, {"weights": DEAD}),
    "one sample": (X[:, :1], LABELS[:1], {}),
    "one step": (X[:1], LABELS, {}),
}


def problem() -> so.Problem:
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(8)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) + 1e-4 * so.L1(h.weights))


def configured(name: str, dtype: str, **more: Any) -> Any:
    length: dict[str, Any] = {"epochs": 3} if name == "online" else {"max_iter": 6}
    return ALGORITHMS[name](dtype=dtype, **length, **more)  # type: ignore[arg-type]


def assert_told(result: so.Result) -> None:
    for weights in (result.weights, result.last_weights):
        assert all(np.isfinite(w).all() for w in weights.values())
    assert np.isfinite([r.loss for r in result.history]).all()
    if result.status in (so.Status.DIVERGED, so.Status.NUMERICAL_ERROR):
        assert len(result.message) > 20
    else:
        assert len(result.history) > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_no_nan_reaches_the_user(name: str, case: str, dtype: str) -> None:
    data, labels, more = CASES[case]
    assert_told(so.compile(problem(), configured(name, dtype)).solve(data, labels, **more))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rho", [1e-8, 1e8])
@pytest.mark.parametrize("sigma", [1e-8, 1e8])
@pytest.mark.parametrize("name", KEPT)
def test_extreme_penalties(name: str, rho: float, sigma: float, dtype: str) -> None:
    assert_told(so.compile(problem(), configured(name, dtype, rho=rho, sigma=sigma)).solve(X, LABELS))


@pytest.mark.parametrize(("weights", "words"), [(DEAD, "is silent"), (HUGE, "fires at every step")])
@pytest.mark.parametrize("name", [n for n in ALGORITHMS if n not in ("perin2025", "exact_block")])
def test_dead_and_saturated_layers_are_named_at_once(name: str, weights: Any, words: str) -> None:
    """Where a run starts from a rollout of its weights; the other two start from potentials drawn at random."""
    plan = so.compile(
        problem(), configured(name, "float64", **({} if name in ("online", "rollout") else {"ridge": 1e6}))
    )
    state = next(iter(plan.iterate(X, LABELS, weights=weights)))
    notes = [n for n in state.result().notes if words in n]
    assert notes and "'h'" in notes[0] and "check" in notes[0]
