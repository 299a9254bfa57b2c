"""Factored systems: against a general solve, hard ones among them, and weights whose factor is older than their demands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.backends import Factor, solve_spd
from snnopt.data import digits
from snnopt.runtime import Wiring
from snnopt.runtime.renewal import Renewal
from snnopt.runtime.statistics import Gram
from snnopt.runtime.sweeper import Sweeper
from snnopt.runtime.weights import scales
from tests.sweeps import random_weights


def spd(order: int, condition: float) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(order).normal(size=(order, order)))
    return (q * np.geomspace(1, 1 / condition, order)) @ q.T


@pytest.mark.parametrize("order", [1, 2, 31, 32, 33, 127, 128, 129, 260, 400])
@pytest.mark.parametrize(("dtype", "condition"), [(np.float64, 1e3), (np.float64, 1e12), (np.float32, 1e3)])
def test_systems_are_solved(order: int, dtype: Any, condition: float) -> None:
    """To a backward error of a few roundings, however hard they are."""
    matrix = spd(order, condition).astype(dtype)
    right = np.random.default_rng(1).normal(size=(order, 7)).astype(dtype)
    factor = Factor(matrix)
    for b in (right, right[:, :1]):
        z = factor.solve(b)
        assert z.dtype == dtype and z.shape == b.shape
        miss = np.linalg.norm(matrix @ z - b, axis=0)
        size = np.linalg.norm(matrix, 2) * np.linalg.norm(z, axis=0) + np.linalg.norm(b, axis=0)
        assert (miss <= 50 * np.sqrt(order) * np.finfo(dtype).eps * size).all()
    assert np.array_equal(solve_spd(matrix, right), factor.solve(right))


def test_what_single_precision_finds_indefinite_is_factored_in_double() -> None:
    x = np.random.default_rng(0).normal(size=(3, 60)).astype(np.float32)
    matrix = x.T @ x + 1e-6 * np.eye(60, dtype=np.float32)
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(matrix)
    z = Factor(matrix.astype(np.float64) + 1e-5 * np.eye(60)).solve(np.ones((60, 1)))
    assert np.isfinite(z).all()
    with pytest.raises(np.linalg.LinAlgError):
        Factor(-np.eye(4))


def test_an_older_factor_solves_the_block_with_the_proximal_weight_that_is_stated() -> None:
    """``(rho G + lam + mu') dW' = c - lam W'`` with ``mu' = rho / rho_then (mu_then + lam) - lam``."""
    x = so.Input(6)
    h = so.LIF(beta=0.9, name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.9)(so.Dense(3)(h))
    plan = so.compile(
        so.Problem(so.Network(x, y), so.CrossEntropy(y) + 0.3 * so.L2(h.weights)), so.Online(dtype="float64")
    )
    sweeper = Sweeper(
        Wiring(plan.program, np.dtype(np.float64)), plan.bindings, so.Online(dtype="float64"), random_weights(plan), 4
    )
    (solver,) = sweeper.solved_with["h"]
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(40, 7))
    solver.grams = [Gram((samples.T @ samples)[None], 40.0)]
    gram, w0 = solver.grams[0].mean[0], rng.normal(size=(5, 7))
    first, later = rng.normal(size=(2, 7, 5))
    mu = 0.7 * scales(2.0 * gram, solver.columns)
    lam = solver.lam

    def expected(rho: float, damping: np.ndarray, cross: np.ndarray) -> np.ndarray:
        return np.linalg.solve(rho * gram + np.diag(lam + damping), cross - lam[:, None] * w0.T).T

    np.testing.assert_allclose(solver._solved([2.0], first, w0, 0.7), expected(2.0, mu, first), rtol=1e-10)
    solver.renewal.age = 1
    then = 5.0 / 2.0 * (mu + lam) - lam
    np.testing.assert_allclose(solver._solved([5.0], later, w0, 9.9), expected(5.0, then, later), rtol=1e-10)
    solver.renewal.age = 0
    fresh = 9.9 * scales(5.0 * gram, solver.columns)
    np.testing.assert_allclose(solver._solved([5.0], later, w0, 9.9), expected(5.0, fresh, later), rtol=1e-10)


def test_renewals_grow_rare_and_stand_for_every_sweep() -> None:
    renewal = Renewal(3)
    due = [renewal.due() for _ in range(30)]
    assert due[:4] == [1, 1, 1, 1] and due[4:12] == [0, 2] * 4 and due[12:] == [0, 0, 3] * 6
    assert [Renewal(1).due() for _ in range(3)] == [1, 1, 1]
    again = Renewal(3)
    again.restore(renewal.snapshot())
    assert [again.due() for _ in range(6)] == [renewal.due() for _ in range(6)]


@pytest.mark.parametrize("refresh", [1, 3])
def test_sums_are_renewed_from_as_many_samples_as_the_batches_between_would_give(refresh: int) -> None:
    x = so.Input(64)
    h = so.LIF(beta=0.9, name="h")(so.Dense(8)(x))
    y = so.LI(beta=0.9)(so.Dense(10)(h))
    d = digits(samples=200)
    chosen = so.Online(epochs=1, batch_size=10, gram_share=0.2, memory=0.9, refresh=refresh)
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), chosen)
    (state,) = plan.iterate(d.X_train, d.y_train, timesteps=3)
    solver: Any = state._run.engine.loop.sweeper.solved_with["h"][0]  # type: ignore[attr-defined]
    renewal, total = Renewal(refresh), 0.0
    for _ in range(20):
        if waited := renewal.due():
            total = total * 0.9**waited + 10 // round(1 / (0.2 * waited))
    assert solver.grams[0].count == pytest.approx(total)
