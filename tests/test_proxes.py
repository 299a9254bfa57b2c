"""Proxes of losses: optimality, extremes, precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import wrightomega

from snnopt.blocks import LOSS_FUNCTIONS
from snnopt.blocks.losses import softmax_prox as softmax_module
from snnopt.blocks.losses.softmax_prox import log_and_line, softmax_prox
from snnopt.oracles.losses import EXACT

Array = np.ndarray
seeds, decades = st.integers(0, 2**20), st.floats(-6, 6)
sizes = st.sampled_from([0.0, 1e-3, 1.0, 10.0, 1e3])


@st.composite
def problems(draw: Any) -> tuple[Array, Array, Array, float]:
    """Centres [N, C], labels, weights of six decades each way, a scale."""
    rng = np.random.default_rng(draw(seeds))
    shape = (draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 3, 10])))
    center = draw(sizes) * rng.normal(size=shape)
    if draw(st.booleans()):
        center = np.round(center)  # ties
    low, high = sorted((draw(decades), draw(decades)))
    weight = 10 ** rng.uniform(low, high, shape)
    weight[rng.random(shape) < draw(st.sampled_from([0.0, 0.3]))] = np.inf
    return center, rng.integers(0, shape[1], shape[0]), weight, 10 ** draw(decades)


def softmax_residual(m: Array, center: Array, labels: Array, weight: Array, scale: float) -> float:
    """``m + scale/weight (softmax(m) - y) - center``, over the sizes of its parts, in extended precision."""
    m, center, weight = (x.astype(np.longdouble) for x in (m, center, weight))
    e = np.exp(m - m.max(1, keepdims=True))
    rows, g = np.arange(len(m)), e / e.sum(1, keepdims=True)
    g[rows, labels] = 0
    g[rows, labels] = -g.sum(1)
    parts = (m, scale / weight * g, -center)
    return float((np.abs(sum(parts)) / (1e-300 + np.sum(np.abs(parts), 0))).max())


@given(problems())
def test_cross_entropy_prox_is_where_its_gradient_vanishes(problem: tuple[Array, Array, Array, float]) -> None:
    center, labels, weight, scale = problem
    m = LOSS_FUNCTIONS["cross_entropy"].prox(center, labels, weight, scale)
    assert softmax_residual(m, *problem) < 1e-15 * (100 + 10 * np.abs(center).max())
    held = np.isinf(weight)
    np.testing.assert_array_equal(m[held], center[held])


@given(problems())
def test_squared_error_prox(problem: tuple[Array, Array, Array, float]) -> None:
    center, labels, weight, scale = problem
    y = np.eye(center.shape[1])[labels]
    for target in (labels, y):
        m = LOSS_FUNCTIONS["squared_error"].prox(center, target, weight, scale)
        residual = (m - center) + scale / weight * (m - y)
        assert (np.abs(residual) <= 1e-13 * (np.abs(center) + 1) * (1 + scale / weight)).all()


@given(problems(), seeds)
def test_hinge_prox_lies_below_all_else(problem: tuple[Array, Array, Array, float], seed: int) -> None:
    """By strong convexity: an objective at x is above the least by at least the weighted distance to the minimiser."""
    (center, labels, weight, scale), rng = problem, np.random.default_rng(seed)
    m = LOSS_FUNCTIONS["hinge"].prox(center, labels, weight, scale)
    held = np.isinf(weight)
    np.testing.assert_array_equal(m[held], center[held])
    w = np.where(held, 0, weight)

    def objective(x: Array) -> Array:
        return scale * EXACT["hinge"](x, labels) + (w * (x - center) ** 2).sum(1) / 2

    best = objective(m)
    for size in (*np.geomspace(1e-6, 1e4, 8), 0.0):
        move = size * rng.normal(size=m.shape)
        x = np.where(held, m, np.where(size > 0, m + move, center))
        away = (w * (x - m) ** 2).sum(1) / 2
        grain = 1e-14 * (1 + np.abs(center).max() + np.abs(x).max() + np.abs(m).max())
        noise = grain * (scale + (w * (np.abs(m - center) + np.abs(x - m))).max())
        assert (objective(x) >= best + away - 1e-12 * (best + objective(x) + away) - noise).all()


@given(problems(), st.sampled_from(sorted(LOSS_FUNCTIONS)), seeds)
def test_proxes_are_nonexpansive(problem: tuple[Array, Array, Array, float], kind: str, seed: int) -> None:
    center, labels, weight, scale = problem
    other = center + np.random.default_rng(seed).normal(size=center.shape)
    w = np.where(np.isinf(weight), 0, weight)
    other = np.where(np.isinf(weight), center, other)
    a, b = (LOSS_FUNCTIONS[kind].prox(z, labels, weight, scale) for z in (center, other))
    before, after = ((w * d**2).sum(1) for d in (center - other, a - b))
    size = np.abs(np.stack([center, other, a, b])).max()
    assert (after <= before * (1 + 1e-6) + 1e-11 * size * np.sqrt(w.max() * before) + 1e-22 * w.max() * size**2).all()


@given(problems(), st.sampled_from(sorted(LOSS_FUNCTIONS)))
def test_single_precision_is_single_and_near(problem: tuple[Array, Array, Array, float], kind: str) -> None:
    center, labels, weight, scale = problem
    whole = LOSS_FUNCTIONS[kind].prox(center, labels, weight, scale)
    for factor in (scale, np.float64(scale)):
        half = LOSS_FUNCTIONS[kind].prox(center.astype(np.float32), labels, weight, factor)
        assert half.dtype == np.float32
        size = np.abs(center).max() + np.abs(whole - center).max() + 1
        assert np.abs(half - whole).max() <= 1e-4 * size * (1 + np.abs(center).max() / 100)


@pytest.mark.parametrize("kind", LOSS_FUNCTIONS)
def test_weights_of_every_shape(kind: str) -> None:
    rng, loss = np.random.default_rng(0), LOSS_FUNCTIONS[kind]
    center, labels, unit = rng.normal(size=(5, 3)), rng.integers(0, 3, 5), np.array([0.5, 1.0, 2.0])
    full = np.broadcast_to(unit, center.shape)
    np.testing.assert_array_equal(loss.prox(center, labels, unit, 0.7), loss.prox(center, labels, full, 0.7))
    np.testing.assert_array_equal(loss.prox(center, labels, 2.0, 0.7), loss.prox(center, labels, 0 * full + 2, 0.7))
    heavy = loss.prox(center, labels, np.where(full == 2, 1e15, full), 0.7)
    np.testing.assert_allclose(loss.prox(center, labels, np.where(full == 2, np.inf, full), 0.7), heavy, atol=1e-12)


@given(seeds, st.floats(-14, 14), st.sampled_from([1e-3, 1.0, 30.0, 1e3, 1e6]))
def test_log_and_line_is_the_wright_omega_function(seed: int, log_x: float, size: float) -> None:
    rng = np.random.default_rng(seed)
    y, x = size * rng.normal(size=200), np.full(200, 10**log_x)
    q = log_and_line(y, x)
    omega = wrightomega(y + np.log(x))
    known = omega > 1e-300
    expected = np.where(omega > 1, np.log(np.maximum(omega, 1e-300)) - np.log(x), y - omega)
    np.testing.assert_allclose(q[known], expected[known], rtol=1e-13, atol=1e-12)
    np.testing.assert_array_equal(log_and_line(y, 0 * x), y)


@pytest.mark.parametrize("held", [0.0, 0.5])
@pytest.mark.parametrize("size", [1.0, 1e3])
def test_cross_entropy_prox_takes_few_steps(held: float, size: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with weights that span 24 decades."""
    calls = list[int]()

    def counted(y: Array, x: Array) -> Array:
        calls.append(1)
        return log_and_line(y, x)

    monkeypatch.setattr(softmax_module, "log_and_line", counted)
    rng = np.random.default_rng(0)
    for units in (2, 10, 100):
        pull = np.where(rng.random((200, units)) < held, 0, 10 ** rng.uniform(-12, 12, (200, units)))
        calls.clear()
        softmax_prox(size * rng.normal(size=pull.shape), rng.integers(0, units, 200), pull)
        assert len(calls) < 25
