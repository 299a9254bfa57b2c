"""Does it learn? On scikit-learn's digits, the main job in small."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_digits

import snnopt as so

T = 10
SEEDS = (0, 1, 2)


@cache
def split(seed: int) -> tuple[np.ndarray, ...]:
    """80 of 100 samples for training, the rest for testing."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    train, test = order[: len(y) * 4 // 5], order[len(y) * 4 // 5 :]
    return x[train] / 16, y[train], x[test] / 16, y[test]


def problem(*hidden: int) -> so.Problem:
    signal = x = so.Input(64, name="pixels")
    for k, units in enumerate(hidden):
        signal = so.LIF(beta=0.9, threshold=1.0, name=f"hidden{k}")(so.Dense(units)(signal))  # type: ignore[assignment]
    y = so.LI(beta=0.9, name="readout")(so.Dense(10)(signal))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))


def score(plan: so.Plan, seed: int) -> float:
    x, y, test_x, test_y = split(seed)
    return plan.solve(x, y, timesteps=T, seed=seed).score(test_x, test_y)


@cache
def random_hidden_layer(seed: int) -> float:
    """Test accuracy with the hidden layer as drawn: only the read-out learns, by ridge regression on mean spikes."""
    x, y, test_x, test_y = split(seed)
    plan = so.compile(problem(100), so.Rollout(max_iter=1))
    start = plan.solve(x[:64], y[:64], timesteps=T, seed=seed).weights

    def features(data: np.ndarray) -> np.ndarray:
        spikes = so.simulate(plan.problem.network, start, data, timesteps=T)["hidden0"].spikes
        assert spikes is not None
        return np.hstack([spikes.mean(0), np.ones((len(data), 1))])

    f = features(x)
    w = np.linalg.solve(f.T @ f + 1e-2 * np.eye(f.shape[1]), f.T @ np.eye(10)[y])
    return float(((features(test_x) @ w).argmax(1) == test_y).mean())


def test_online_with_its_defaults() -> None:
    plan = so.compile(problem(100), "online")
    assert np.mean([score(plan, seed) for seed in SEEDS]) >= 0.975


def test_online_on_three_hidden_layers() -> None:
    assert score(so.compile(problem(40, 40, 40), "online"), 0) >= 0.95


def test_online_on_few_samples() -> None:
    x, y, test_x, test_y = split(0)
    result = so.compile(problem(100), "online").solve(x[:200], y[:200], timesteps=T)
    assert result.score(test_x, test_y) >= 0.88


def test_rollout_beats_a_random_hidden_layer() -> None:
    plan = so.compile(problem(100), so.Rollout(max_iter=15))
    assert np.mean([score(plan, s) for s in SEEDS]) > np.mean([random_hidden_layer(s) for s in SEEDS])


def test_online_beats_a_random_hidden_layer_by_far() -> None:
    plan = so.compile(problem(100), so.Online(epochs=3))
    assert np.mean([1 - score(plan, s) for s in SEEDS]) < 0.7 * np.mean([1 - random_hidden_layer(s) for s in SEEDS])


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_sequences_are_learned_by_recurrence(algorithm: str) -> None:
    """Which of two inputs spiked first: the last steps alone do not tell."""
    rng, n, steps = np.random.default_rng(0), 300, 8
    first = rng.integers(0, 2, n)
    x = np.zeros((steps, n, 2))
    times = np.sort(np.stack([rng.choice(6, 2, replace=False) for _ in range(n)]), 1)
    x[times[:, 0], np.arange(n), first] = 1
    x[times[:, 1], np.arange(n), 1 - first] = 1
    inp = so.Input(2, name="x")
    h = so.LIF(beta=0.8, name="h", recurrent=so.Dense())(so.Dense(40)(inp))
    y = so.LI(beta=0.9, name="y")(so.Dense(2)(h))
    plan = so.compile(so.Problem(so.Network(inp, y), so.CrossEntropy(y, over=so.Window(3))), algorithm)
    result = plan.solve(x[:, :200], first[:200])
    assert result.score(x[:, 200:], first[200:]) > 0.9
