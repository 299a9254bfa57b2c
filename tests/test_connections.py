"""Connections against naive sums, through a neuron that only integrates (IF without reset never clouds the current)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import snnopt as so

T, N = 3, 2


def current(connection: so.model.Signal, source: so.Input, x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """The current of the last connection: the membrane of a leaky integrator, differenced."""
    y = so.LI(beta=1.0, name="y")(connection)
    v = so.simulate(so.Network(source, y), weights, x)["y"].potentials
    return np.diff(np.concatenate([np.zeros_like(v[:1]), v]), axis=0)


def naive_convolution(x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """[T, N, C, H, W] with loops over every window."""
    x = np.pad(x, [(0, 0)] * 3 + [(padding, padding)] * 2)
    k = w.shape[-1]
    rows, columns = ((n - k) // stride + 1 for n in x.shape[-2:])
    out = np.empty((*x.shape[:2], len(w), rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = x[..., i * stride : i * stride + k, j * stride : j * stride + k]
            out[..., i, j] = np.einsum("tncij,dcij->tnd", window, w) + b
    return out


def naive_pool(x: np.ndarray, k: int) -> np.ndarray:
    rows, columns = x.shape[-2] // k, x.shape[-1] // k
    cut = x[..., : rows * k, : columns * k]
    return cut.reshape(*x.shape[:-2], rows, k, columns, k).mean((-3, -1))


@given(
    st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(0, 1), st.integers(0, 2**20)
)
def test_conv2d(channels_in: int, channels: int, kernel: int, stride: int, padding: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((T, N, channels_in, 4, 5))
    w, b = rng.standard_normal((channels, channels_in, kernel, kernel)), rng.standard_normal(channels)
    source = so.Input((channels_in, 4, 5))
    got = current(so.Conv2d(channels, kernel, stride, padding)(source), source, x, {"y.weight": w, "y.bias": b})
    np.testing.assert_allclose(got, naive_convolution(x, w, b, stride, padding), atol=1e-12)


@pytest.mark.parametrize("pool_first", [False, True])
def test_pooling_before_and_after_the_weights(pool_first: bool) -> None:
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((T, N, 2, 7, 6)), rng.standard_normal((3, 2, 2, 2)), rng.standard_normal(3)
    source = so.Input((2, 7, 6))
    conv, pool = so.Conv2d(3, 2), so.AvgPool2d(2)
    got = current(conv(pool(source)) if pool_first else pool(conv(source)), source, x, {"y.weight": w, "y.bias": b})
    wanted = (
        naive_convolution(naive_pool(x, 2), w, b, 1, 0)
        if pool_first
        else naive_pool(naive_convolution(x, w, b, 1, 0), 2)
    )
    np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_conv1d() -> None:
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((T, N, 2, 7)), rng.standard_normal((3, 2, 3)), rng.standard_normal(3)
    source = so.Input((2, 7))
    got = current(so.Conv1d(3, 3, stride=2, padding=1)(source), source, x, {"y.weight": w, "y.bias": b})
    padded = np.pad(x, [(0, 0)] * 3 + [(1, 1)])
    wanted = np.stack([np.einsum("tnck,dck->tnd", padded[..., 2 * i : 2 * i + 3], w) + b for i in range(4)], -1)
    np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_flatten_then_dense_and_dense_alone_agree() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((T, N, 2, 3, 4)), rng.standard_normal((5, 24))
    source = so.Input((2, 3, 4))
    wanted = x.reshape(T, N, 24) @ w.T
    for signal in (so.Dense(5, bias=False)(source), so.Dense(5, bias=False)(so.Flatten()(source))):
        np.testing.assert_allclose(current(signal, source, x, {"y.weight": w}), wanted, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_delay(steps: int) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((T, N, 4)), rng.standard_normal((5, 4))
    source = so.Input(4)
    got = current(so.Dense(5, bias=False)(so.Delay(steps)(source)), source, x, {"y.weight": w})
    late = np.concatenate([np.zeros((min(steps, T), N, 4)), x])[:T]
    np.testing.assert_allclose(got, late @ w.T, atol=1e-12)


def test_sparse_weights_stay_where_the_mask_is() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((20, 8)) < 0.3
    x, y = rng.random((60, 8)), rng.integers(0, 3, 60)
    source = so.Input(8)
    h = so.LIF(beta=0.9, name="h")(so.Sparse(mask)(source))
    out = so.LI(beta=0.9)(so.Dense(3)(h))
    for algorithm in ("online", "rollout"):
        plan = so.compile(so.Problem(so.Network(source, out), so.CrossEntropy(out)), algorithm)
        so.verify(plan, trials=3).raise_if_failed()
        weights = plan.solve(x, y, timesteps=5).weights["h.weight"]
        assert not np.any(weights[~mask]) and np.all(weights[mask])


def test_currents_add_and_a_shared_connection_has_one_weight() -> None:
    rng = np.random.default_rng(0)
    x, u, w = rng.standard_normal((T, N, 4)), rng.standard_normal((T, N, 4)), rng.standard_normal((5, 4))
    left, right = so.Input(4, name="left"), so.Input(4, name="right")
    shared = so.Dense(5, bias=False, name="w")
    y = so.LI(beta=1.0, name="y")(shared(left) + shared(right))
    v = so.simulate(so.Network([left, right], y), {"w.weight": w}, {"left": x, "right": u})["y"].potentials
    np.testing.assert_allclose(v, np.cumsum((x + u) @ w.T, 0), atol=1e-12)


MALFORMED = {
    "kernel larger than the image": lambda: so.Conv2d(2, 9)(so.Input((1, 8, 8), name="image")),
    "convolution of a vector": lambda: so.Conv2d(2, 3)(so.Input(64, name="image")),
    "no channels": lambda: so.Conv2d(0, 3),
    "stride zero": lambda: so.Conv2d(2, 3, stride=0),
    "three kernel sizes": lambda: so.Conv2d(2, (3, 3, 3)),
    "pooling a vector": lambda: so.AvgPool2d(2)(so.Input(64, name="image")),
    "delay of nothing": lambda: so.Delay(0),
    "mask of another width": lambda: so.Sparse(np.ones((3, 4)))(so.Input(5, name="image")),
    "empty mask": lambda: so.Sparse(np.zeros((3, 4))),
    "mask of one axis": lambda: so.Sparse(np.ones(4)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_connections_say_what_to_do(name: str) -> None:
    with pytest.raises(so.ModelError) as caught:
        MALFORMED[name]()
    assert caught.value.fix and caught.value.where


X8 = so.Input(8, name="x")


def problem(h: so.Population, readout: so.model.Signal | None = None) -> so.Problem:
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h) if readout is None else readout)
    return so.Problem(so.Network(X8, y), so.CrossEntropy(y))


def twice_in_one_layer() -> so.Problem:
    d = so.Dense(8, name="w")
    return problem(so.LIF(name="h")(d(X8) + d(so.Delay(1)(X8))))


def also_recurrent() -> so.Problem:
    d = so.Dense(8, name="w")
    return problem(so.LIF(name="h", recurrent=d)(d(X8)))


def shared_with_different_neurons() -> so.Problem:
    d = so.Dense(8, name="w")
    return problem(so.LIF(np.linspace(0.5, 0.9, 8), name="h2")(d(so.LIF(name="h1")(d(X8)))))


def half_learned_readout() -> so.Problem:
    h = so.LIF(name="h")(so.Dense(3, name="w")(X8))
    return problem(h, so.Dense(3)(h) + h)


def readout_without_weights() -> so.Problem:
    h = so.LIF(name="h")(so.Dense(3, name="w")(X8))
    return problem(h, h)


def sparse_readout() -> so.Problem:
    h = so.LIF(name="h")(so.Dense(12, name="w")(X8))
    return problem(h, so.Sparse(np.arange(36).reshape(3, 12) % 4 > 0)(h))


def readout_of_different_units() -> so.Problem:
    h = so.LIF(name="h")(so.Dense(12, name="w")(X8))
    y = so.LI(beta=[0.5, 0.9, 1.0], name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(X8, y), so.CrossEntropy(y) + 0.1 * so.SquaredError(y, over="last"))


def readouts_that_share() -> so.Problem:
    h, d = so.LIF(name="h")(so.Dense(12, name="w")(X8)), so.Dense(3)
    y, z = so.LI(beta=0.9, name="y")(d(h)), so.LI(beta=0.7, name="z")(d(so.Delay(1)(h)))
    return so.Problem(so.Network(X8, [y, z]), so.CrossEntropy(y) + so.CrossEntropy(z, over="last"))


def largest_membrane() -> so.Problem:
    h = so.LIF(name="h")(so.Dense(12, name="w")(X8))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(X8, y), so.CrossEntropy(y, over="max"))


def spike_count() -> so.Problem:
    h = so.LIF(name="h")(so.Dense(12, name="w")(X8))
    y = so.LIF(beta=0.9, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(X8, y), so.CrossEntropy(y, over="count"))


def layer_that_does_not_spike() -> so.Problem:
    return problem(so.LIF(name="h2")(so.Dense(12)(so.LI(beta=0.5, name="h1")(so.Dense(6, name="w")(X8)))))


def feedback_from_a_later_layer() -> so.Problem:
    h1 = so.LIF(name="h1")(so.Dense(10, name="w")(X8))
    h2 = so.LIF(name="h2")(so.Dense(8)(h1))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h2))
    return so.Problem(so.Network(X8, y, {h1: so.Dense(name="back")(so.Delay(1)(h2))}), so.CrossEntropy(y))


UNUSUAL = [
    twice_in_one_layer,
    also_recurrent,
    shared_with_different_neurons,
    half_learned_readout,
    readout_without_weights,
    sparse_readout,
    readout_of_different_units,
    readouts_that_share,
    largest_membrane,
    spike_count,
    layer_that_does_not_spike,
    feedback_from_a_later_layer,
]


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
@pytest.mark.parametrize("make", UNUSUAL)
def test_unusual_graphs_and_readouts_are_trained(
    make: Any, algorithm: str, clusters: tuple[np.ndarray, np.ndarray]
) -> None:
    plan = so.compile(make(), algorithm)
    so.verify(plan, trials=2).raise_if_failed()
    data, labels = clusters
    owners = {t.owner for t in plan.program.losses}
    targets = dict.fromkeys(owners, labels)
    start = plan.solve(data, targets, timesteps=6, time_limit=1e-9)
    result = plan.solve(data, targets, timesteps=6)
    assert np.any(result.last_weights["w.weight"] != start.weights["w.weight"])
    assert result.score(data, targets) > 0.9, result


def test_weights_on_a_sum_of_signals_are_refused() -> None:
    u = so.Input(8, name="u")
    with pytest.raises(so.ModelError, match="sum of signals"):
        so.Dense(4)(X8 + u)


MIXED: dict[str, Callable[[], so.Population]] = {
    "sparse and recurrent": lambda: so.LIF(name="h", recurrent=so.Dense(name="r"))(
        so.Sparse(np.arange(48).reshape(6, 8) % 3 < 2, name="w")(X8)
    ),
    "sparse and dense": lambda: so.LIF(name="h")(
        so.Sparse(np.arange(48).reshape(6, 8) % 3 < 2, name="w")(X8) + so.Dense(6, name="r")(so.Delay(1)(X8))
    ),
}


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
@pytest.mark.parametrize("name", MIXED)
def test_every_connection_into_a_layer_is_trained(
    name: str, algorithm: str, clusters: tuple[np.ndarray, np.ndarray]
) -> None:
    plan = so.compile(problem(MIXED[name]()), algorithm)
    so.verify(plan, trials=3).raise_if_failed()
    start = plan.solve(*clusters, timesteps=6, time_limit=1e-9)
    result = plan.solve(*clusters, timesteps=6)
    for weights in ("w.weight", "r.weight"):
        assert np.any(result.last_weights[weights] != start.weights[weights]), weights
    assert result.score(*clusters) > 0.9


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_a_convolution_beside_a_dense_connection_is_trained(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    image = so.Input((1, 4, 4), name="image")
    h = so.LIF(name="h", recurrent=so.Dense(name="r"))(so.Conv2d(2, 2, name="c")(image))
    y = so.LI(beta=0.9)(so.Dense(2)(h))
    plan = so.compile(so.Problem(so.Network(image, y), so.CrossEntropy(y)), algorithm)
    labels = rng.integers(0, 2, 80)
    x = rng.random((80, 1, 4, 4)) * np.where(labels, 1.0, 0.3)[:, None, None, None]
    start = plan.solve(x, labels, timesteps=6, time_limit=1e-9)
    result = plan.solve(x, labels, timesteps=6)
    for name in ("c.weight", "c.bias", "r.weight"):
        assert np.any(result.last_weights[name] != start.weights[name]), name
    assert result.score(x, labels) > 0.9
