"""Factored systems: against a general solve, hard ones among them; weights whose factor is older than their demands, and those
whose Gram matrix enters by an approximation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.backends import Factor, Outer, OuterFactor, solve_spd
from snnopt.backends.outer import HOPELESS, STEEP
from snnopt.backends.solves import cholesky
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.data import digits
from snnopt.runtime import Wiring
from snnopt.runtime.renewal import Renewal
from snnopt.runtime.statistics import Gram
from snnopt.runtime.sweeper import Sweeper
from snnopt.runtime.weights import prepare_by_group, scales
from snnopt.split import Columns
from tests.sweeps import random_weights


def spd(order: int, condition: float) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(order).normal(size=(order, order)))
    return (q * np.geomspace(1, 1 / condition, order)) @ q.T


@pytest.mark.parametrize("order", [1, 2, 33, 103, 104, 105, 208, 209, 400])
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
    x = np.random.default_rng(0).integers(-3, 4, size=(3, 60)).astype(np.float32)
    matrix = x.T @ x  # of whole numbers, exact as it stands
    matrix[np.diag_indices(60)] += np.float32(2.0**-18)
    with pytest.raises(np.linalg.LinAlgError):
        cholesky(matrix)
    z = Factor(matrix).solve(np.ones((60, 1), np.float32))
    exact = np.linalg.solve(matrix.astype(np.float64), np.ones((60, 1)))
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, exact, rtol=1e-3, atol=1e-5 * np.abs(exact).max())
    with pytest.raises(np.linalg.LinAlgError):
        Factor(-np.eye(4))


@pytest.mark.parametrize("shape", [(1, 1), (3, 60), (60, 3), (40, 200)])
@pytest.mark.parametrize(
    ("dtype", "least"), [(np.float64, 0.1), (np.float64, 10.0), (np.float32, 0.1), (np.float32, 10.0)]
)
def test_systems_of_rows_are_solved(shape: tuple[int, int], dtype: Any, least: float) -> None:
    """To an error that grows with the condition, of double precision where that is large."""
    rng = np.random.default_rng(shape[1])
    rows, d = rng.normal(size=shape).astype(dtype), least * rng.uniform(1, 3, shape[1])
    right = rng.normal(size=(shape[1], 7)).astype(dtype)
    z = OuterFactor(Outer(rows), d).solve(right)
    matrix = rows.astype(np.float64).T @ rows + np.diag(d)
    assert z.dtype == dtype and z.shape == right.shape
    condition = Outer(rows).condition(d)
    assert condition >= np.linalg.cond(matrix / np.sqrt(d) / np.sqrt(d)[:, None]) * (1 - 1e-6)
    expected = np.linalg.solve(matrix, right.astype(np.float64))
    own = np.finfo(dtype).eps * (1 if condition > STEEP else condition)
    miss = np.linalg.norm(z - expected, axis=0) / np.linalg.norm(expected, axis=0)
    assert condition < HOPELESS
    assert (miss <= 10 * (np.finfo(np.float64).eps * condition**2 + own)).all()
    np.testing.assert_allclose(Outer(rows).diagonal, np.diag(rows.T @ rows), rtol=1e-4)


def test_ridge_weights_take_rows_for_a_gram_matrix() -> None:
    """However small the damping beside them."""
    rng = np.random.default_rng(0)
    rows, lam, w0, cross = rng.normal(size=(5, 30)), rng.random(30), rng.normal(size=(4, 30)), rng.normal(size=(30, 4))
    lam[7:9] = 0
    for damping in (0.3, rng.uniform(0.1, 1, 30), 1e-12):
        np.testing.assert_allclose(
            RidgeWeights.solve(Outer(rows), cross, w0, lam, damping),
            RidgeWeights.solve(rows.T @ rows, cross, w0, lam, damping),
            rtol=1e-9 if np.ndim(damping) or damping > 0.1 else 1e-4,
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("order", "own", "rank"), [(60, 5, 9), (60, 5, 20), (90, 90, 30), (200, 12, 64)])
def test_an_approximation_is_at_most_the_matrix_and_misses_its_small_part(
    dtype: Any, order: int, own: int, rank: int
) -> None:
    """All of a matrix whose rank is no larger, one of fewer samples than features too; else about the smallest eigenvalues."""
    rng = np.random.default_rng(order)
    features = (rng.normal(size=(own, order)) * np.geomspace(1, 1e-2, order)).astype(dtype)
    matrix = features.T @ features
    near = Outer.near(matrix, rank)
    assert near.rows.shape == (rank, order) and near.dtype == dtype
    missed = np.linalg.eigvalsh(matrix.astype(np.float64) - near.rows.astype(np.float64).T @ near.rows)
    sizes, eps = np.linalg.eigvalsh(matrix)[::-1], 500 * np.finfo(dtype).eps  # of inverses by blocks
    assert missed[0] >= -eps * sizes[0]
    # Halko, Martinsson and Tropp 2011, Theorem 10.5, for what the rank leaves out, with room for luck
    left = sizes[rank // 2 :].sum() if own > rank else 0.0
    assert missed[-1] <= 3 * left + eps * sizes[0]
    assert np.array_equal(near.rows, Outer.near(matrix, rank).rows)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e30])
def test_matrices_of_any_size_are_approximated(size: float) -> None:
    features = np.random.default_rng(0).random((3, 130)).astype(np.float32)
    matrix = features.T @ features * np.float32(size)
    rows = Outer.near(matrix, 40).rows.astype(np.float64)
    np.testing.assert_allclose(rows.T @ rows, matrix, rtol=1e-3)


@pytest.mark.parametrize("ridge", [0.7, 0.2, 0.01])
def test_a_step_by_an_approximation_lowers_the_whole_quadratic(ridge: float) -> None:
    """``<c, dW> - <dW, G dW> / 2`` is positive, though most of G's eigenvalues are missed: its diagonal is kept."""
    spikes = (np.random.default_rng(0).random((3000, 300)) < 0.1).astype(np.float64)
    gram, cross = spikes.T @ spikes / 3000, np.random.default_rng(1).normal(size=(300, 4))
    columns = (Columns("w", None, 4, 300, None),)
    groups = [(np.arange(4), np.zeros(1, int))]
    given = (RidgeWeights, columns, groups, [gram[None]], np.zeros(300), ridge, None)
    whole, near = (prepare_by_group(*given, rank)[0].solve(cross, np.zeros((4, 300))) for rank in (None, 64))
    gained = [float(np.vdot(cross, w.T) - np.vdot(w.T, gram @ w.T) / 2) for w in (whole, near)]
    assert gained[0] >= gained[1] > 0.5 * gained[0]


def solver_of(problem: so.Problem, **settings: Any) -> Any:
    """The solver of the hidden weights of digits, after an epoch."""
    d = digits(samples=200)
    plan = so.compile(problem, so.Online(epochs=1, batch_size=20, **settings))
    (state,) = plan.iterate(d.X_train, d.y_train, timesteps=3)
    return state._run.engine.loop.sweeper.solved_with["h"][0]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("rank", "factor"), [(16, OuterFactor), (32, OuterFactor), (33, Factor), (10**9, Factor)])
def test_gram_matrices_of_wide_maps_enter_by_an_approximation(rank: int, factor: type) -> None:
    """Where a map has more than twice as many features as its rank; the sums themselves are whole."""
    x = so.Input(64)
    y = so.LI()(so.Dense(10)(so.LIF(name="h")(so.Dense(8)(x))))
    solver = solver_of(so.Problem(so.Network(x, y), so.CrossEntropy(y)), rank=rank)
    assert isinstance(solver.prepared[0].whole, factor)
    (gram,) = solver.grams
    assert gram.total.shape == (1, 65, 65)
    if factor is OuterFactor:
        (rho, ridge), cross = solver.held, np.random.default_rng(0).normal(size=(65, 8)).astype(np.float32)
        rows = Outer.near(gram.weighted(rho)[0], rank).rows
        whole = gram.weighted(rho)[0]
        damping = ridge * scales(np.diagonal(whole), solver.columns)
        damping += np.maximum(np.diagonal(whole) - (rows**2).sum(0), 0)
        expected = np.linalg.solve(rows.T @ rows + np.diag(damping), cross).T
        solver.renewal.age = 1
        change, scale = solver._solved([rho], cross, np.zeros((8, 65), np.float32), ridge)
        np.testing.assert_allclose(scale * change, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_masked_weights_and_weights_with_copies_are_solved_whole() -> None:
    x = so.Input(64)
    h = so.LIF(name="h")(so.Sparse(np.random.default_rng(0).random((8, 64)) < 0.5)(x))
    y = so.LI()(so.Dense(10)(h))
    parts = solver_of(so.Problem(so.Network(x, y), so.CrossEntropy(y)), rank=16).prepared[0].parts
    assert parts and all(isinstance(factor, Factor) for _, _, factor in parts)
    x = so.Input(64)
    h = so.LIF(name="h")(so.Dense(8)(x))
    y = so.LI()(so.Dense(10)(h))
    sparse = so.Problem(so.Network(x, y), so.CrossEntropy(y) + 0.1 * so.L1(h.weights))
    assert solver_of(sparse, rank=16).rank is None


def test_a_run_with_approximations_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    d = digits(samples=200)
    x = so.Input(64)
    y = so.LI()(so.Dense(10)(so.LIF()(so.Dense(8)(x))))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=4, rank=16))
    whole, path = plan.solve(d.X_train, d.y_train, timesteps=3, seed=0), tmp_path / "run.npz"
    steps = plan.iterate(d.X_train, d.y_train, timesteps=3, seed=0, checkpoint=path)
    next(steps)
    next(steps)
    del steps
    again = plan.solve(d.X_train, d.y_train, timesteps=3, seed=0, resume=path)
    for n, w in whole.weights.items():
        np.testing.assert_array_equal(again.weights[n], w)


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
    gram, w0 = samples.T @ samples / 40, rng.normal(size=(5, 7))
    first, later = rng.normal(size=(2, 7, 5))
    mu = 0.7 * scales(np.diagonal(2.0 * gram), solver.columns)
    lam = solver.lam

    def expected(rho: float, damping: np.ndarray, cross: np.ndarray) -> np.ndarray:
        return np.linalg.solve(rho * gram + np.diag(lam + damping), cross - lam[:, None] * w0.T).T

    def solved(rho: list[float], cross: np.ndarray, ridge: float) -> np.ndarray:
        change, scale = solver._solved(rho, cross, w0, ridge)
        return scale * change

    np.testing.assert_allclose(solved([2.0], first, 0.7), expected(2.0, mu, first), rtol=1e-10)
    solver.renewal.age = 1
    then = 5.0 / 2.0 * (mu + lam) - lam
    np.testing.assert_allclose(solved([5.0], later, 9.9), expected(5.0, then, later), rtol=1e-10)
    solver.renewal.age = 0
    fresh = 9.9 * scales(np.diagonal(5.0 * gram), solver.columns)
    np.testing.assert_allclose(solved([5.0], later, 9.9), expected(5.0, fresh, later), rtol=1e-10)


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
