"""The hinge loss: its envelope, and training with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import snnopt as so
from snnopt.blocks import LOSS_FUNCTIONS
from snnopt.blocks.losses.hinge import GAMMA, hinge
from snnopt.oracles.losses import EXACT, LOSSES

X = so.Input(4, name="x")
H = so.LIF(beta=0.9, name="hidden")(so.Dense(20)(X))
Y = so.LI(beta=0.9, name="out")(so.Dense(3)(H))
NETWORK = so.Network(X, Y)
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 90)
DATA = (RNG.random((8, 90, 4)) + (np.arange(4) == LABELS[:, None])).astype(np.float32)

LOSS = LOSS_FUNCTIONS["hinge"]


@given(st.integers(0, 2**20), st.integers(1, 6), st.sampled_from([0.0, 0.3, 1.0, 10.0, 1e3]), st.booleans())
def test_envelope(seed: int, units: int, size: float, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    m, labels = size * rng.normal(size=(20, units)), rng.integers(0, units, 20)
    m = np.round(m) if ties else m
    exact, smooth, noise = LOSS.exact(m, labels), LOSS.values(m, labels), 1e-12 * (1 + size)
    np.testing.assert_array_equal(exact, hinge(m, labels))
    np.testing.assert_allclose(exact, EXACT["hinge"](m, labels), rtol=1e-14, atol=noise)
    np.testing.assert_allclose(smooth, LOSSES["hinge"](m, labels), rtol=1e-12, atol=noise)
    assert (smooth <= exact + noise).all() and (smooth >= exact - GAMMA - noise).all()
    assert (smooth[exact == 0] <= noise).all()


@given(st.integers(0, 2**20), st.sampled_from([0.3, 1.0, 3.0]))
def test_gradient_of_the_envelope(seed: int, size: float) -> None:
    """Against differences of its values, and its bound on the curvature; the envelope has no kinks, its gradient has."""
    rng = np.random.default_rng(seed)
    m, labels, h = size * rng.normal(size=(10, 4)), rng.integers(0, 4, 10), 1e-5
    g = LOSS.gradient(m, labels)
    for unit in range(4):
        step = h * np.eye(4)[unit]
        slope = (LOSS.values(m + step, labels) - LOSS.values(m - step, labels)) / (2 * h)
        np.testing.assert_allclose(g[:, unit], slope, atol=LOSS.curvature * h + 1e-9)
    other = m + rng.normal(size=m.shape)
    gain = ((LOSS.gradient(other, labels) - g) * (other - m)).sum(1)
    far = ((other - m) ** 2).sum(1)
    assert (gain >= -1e-12).all() and (gain <= LOSS.curvature * far * (1 + 1e-12)).all()
    assert np.abs(g.sum(1)).max() < 1e-12 and np.abs(g).max() <= 1 + 1e-12


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
@pytest.mark.parametrize("over", ["mean", so.Window(3), "last", "max"], ids=str)
def test_training(over: str | so.Window, algorithm: str) -> None:
    plan = so.compile(so.Problem(NETWORK, so.Hinge(Y, over=over) + 1e-4 * so.L2(H.weights)), algorithm)
    assert "hinge" in plan.explain() and "(smoothed by a Moreau envelope, gamma = 0.25)" in plan.explain()
    result = plan.solve(DATA, LABELS, seed=0)
    assert result.history[-1].loss < 0.7 * result.history[0].loss
    assert result.score(DATA, LABELS) > 0.8


def test_training_on_counted_spikes() -> None:
    out = so.LIF(beta=0.9, name="out")(so.Dense(3)(H))
    result = so.compile(so.Problem(so.Network(X, out), so.Hinge(out, over="count")), "rollout").solve(
        DATA, LABELS, seed=0
    )
    assert result.score(DATA, LABELS) > 0.6


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_plans_pass(algorithm: str) -> None:
    plan = so.compile(so.Problem(NETWORK, 0.5 * so.Hinge(Y) + 1e-3 * so.L2(Y.weights)), algorithm)
    so.verify(plan, trials=5).raise_if_failed()


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        (RNG.random((90, 3)), r"labels have shape \(90, 3\)"),
        (RNG.random(90), "labels are fractional"),
        (RNG.random((90, 1)), "labels are fractional"),
        (np.where(LABELS > 0, 1, -1), "label -1 is out of range"),
    ],
    ids=["rows", "numbers", "a column", "signs"],
)
def test_targets_that_are_no_labels_are_refused(targets: np.ndarray, names: str) -> None:
    plan = so.compile(so.Problem(NETWORK, so.Hinge(Y)))
    with pytest.raises(so.DataError, match=names) as caught:
        plan.solve(DATA, targets)
    assert "'out'" in str(caught.value)
    assert "so.SquaredError" in str(caught.value) or "number the classes" in str(caught.value)
