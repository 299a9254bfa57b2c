"""Factored systems: against a general solve, hard ones among them; weights whose factor is older than their demands, and those
whose Gram matrix is of a few rows of features.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.backends import Factor, Outer, OuterFactor, solve_spd
from snnopt.backends.outer import HOPELESS, STEEP
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.data import digits
from snnopt.runtime import Wiring
from snnopt.runtime.renewal import Renewal
from snnopt.runtime.statistics import FeatureRows, Gram, UseFeatures
from snnopt.runtime.sums.sums import Sums
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


def uses(kind: str) -> tuple[UseFeatures, dict[str, np.ndarray], np.ndarray | None]:
    """Features of a first layer, its signals and a mask."""
    rng = np.random.default_rng(4)
    x = so.Input((2, 5, 5), name="x") if kind == "convolution" else so.Input(9, name="x")
    y = so.LI()(so.Dense(2)(so.LIF(name="h")((so.Conv2d(3, 2) if kind == "convolution" else so.Dense(4))(x))))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(dtype="float64"))
    sweeper = Sweeper(
        Wiring(plan.program, np.dtype(np.float64)), plan.bindings, plan.algorithm, random_weights(plan), 6
    )
    (solver,) = sweeper.solved_with["h"]
    lengths = np.array([6, 2, 4, 1, 6, 6, 3, 5])
    mask = (np.arange(6)[:, None] < lengths).astype(float) if kind == "unequal" else None
    data = rng.random((1 if kind == "constant" else 6, 8, int(np.prod(plan.program.inputs[0].shape))))
    return solver.features[0], {"x": data}, mask


@pytest.mark.parametrize("kind", ["constant", "timed", "unequal", "convolution"])
def test_rows_are_features(kind: str) -> None:
    """All of them give the Gram matrix; some are some of them, evenly spread over steps, samples and positions."""
    features, signals, mask = uses(kind)
    every, gram = features.rows(signals, mask, 10**6), features.gram(signals, mask)
    outer = every.weighted(2.0)
    np.testing.assert_allclose(outer.rows.T @ outer.rows, 2.0 * gram.mean[0], rtol=1e-12, atol=1e-12)
    some = features.rows(signals, mask, 7)
    assert some.each == every.each and len(some.rows) == 7
    places = [int(np.flatnonzero((every.rows == row).all(1))[0]) for row in some.rows]
    if kind != "unequal":  # whose rows after a series' end are all zero
        assert np.diff(places).min() >= len(every.rows) // 7 and np.diff(places).max() <= -(-len(every.rows) // 7)
    both = (some + every).newest(len(every.rows))
    assert np.array_equal(both.rows, every.rows) and (some + every).rows.shape[0] == 7 + len(every.rows)
    assert Sums({"a": some}).nbytes == some.rows.nbytes + 8
    assert (Sums({"a": some}) + Sums({"a": every}))["a"].rows.shape == (some + every).rows.shape


@pytest.mark.parametrize(("features", "rows", "kept"), [(64, 16, 16), (64, 32, 32), (64, 33, 0)])
def test_wide_maps_keep_rows(features: int, rows: int, kept: int) -> None:
    """Where a map has more than twice as many features, the newest so many; whole Gram sums otherwise."""
    d = digits(samples=200)
    x = so.Input(features)
    y = so.LI()(so.Dense(10)(so.LIF(name="h")(so.Dense(8)(x))))
    chosen = so.Online(epochs=1, batch_size=20, gram_rows=rows)
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), chosen)
    (state,) = plan.iterate(d.X_train, d.y_train, timesteps=3)
    (gram,) = state._run.engine.loop.sweeper.solved_with["h"][0].grams  # type: ignore[attr-defined]
    assert isinstance(gram, FeatureRows if kept else Gram)
    if kept:
        assert gram.rows.shape == (kept, features + 1)


def test_a_run_whose_sums_are_rows_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    d = digits(samples=200)
    x = so.Input(64)
    y = so.LI()(so.Dense(10)(so.LIF()(so.Dense(8)(x))))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=4, gram_rows=16))
    whole, path = plan.solve(d.X_train, d.y_train, timesteps=3, seed=0), tmp_path / "run.npz"
    steps = plan.iterate(d.X_train, d.y_train, timesteps=3, seed=0, checkpoint=path)
    next(steps), next(steps)
    steps.close()
    again = plan.solve(d.X_train, d.y_train, timesteps=3, seed=0, resume=path)
    for n, w in whole.weights.items():
        np.testing.assert_array_equal(again.weights[n], w)


@pytest.mark.parametrize("rows", [False, True])
def test_an_older_factor_solves_the_block_with_the_proximal_weight_that_is_stated(rows: bool) -> None:
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
    solver.grams = [FeatureRows(samples, 1.0) if rows else Gram((samples.T @ samples)[None], 40.0)]
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
