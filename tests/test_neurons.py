"""Neurons against their update equations written out step by step, and equations that are not linear."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import snnopt as so

T, N, M = 30, 4, 6
Step = Callable[[dict[str, np.ndarray], np.ndarray, np.ndarray], np.ndarray]
"""From states (changed in place), current and last spikes to the potential."""


def lif(x: dict[str, np.ndarray], i: np.ndarray, s: np.ndarray) -> np.ndarray:
    x["v"] = 0.9 * x["v"] + i - 1.2 * s
    return x["v"]


def soft(x: dict[str, np.ndarray], i: np.ndarray, s: np.ndarray) -> np.ndarray:
    x["v"] = 0.9 * (x["v"] - 1.2 * s) + i
    return x["v"]


def integrate(x: dict[str, np.ndarray], i: np.ndarray, s: np.ndarray) -> np.ndarray:
    x["v"] = x["v"] + i - 1.2 * s
    return x["v"]


def cuba(x: dict[str, np.ndarray], i: np.ndarray, s: np.ndarray) -> np.ndarray:
    x["c"] = 0.7 * x["c"] + i
    x["v"] = 0.9 * x["v"] + x["c"] - 1.2 * s
    return x["v"]


def adaptive(x: dict[str, np.ndarray], i: np.ndarray, s: np.ndarray) -> np.ndarray:
    x["v"] = 0.9 * x["v"] + i - 1.2 * s
    x["b"] = 0.95 * x["b"] + s
    return x["v"] - 0.3 * x["b"]


def resonate(x: dict[str, np.ndarray], i: np.ndarray, s: np.ndarray) -> np.ndarray:
    d, w = 0.95, 0.3
    v, c = x["v"], x["c"]
    x["v"] = d * (np.cos(w) * v - np.sin(w) * c) + i - 1.2 * s
    x["c"] = d * (np.sin(w) * v + np.cos(w) * c)
    return x["v"]


RESONATOR = so.Neuron.from_equations(
    x="d * (cos(w) * x - sin(w) * y) + i - theta * s",
    y="d * (sin(w) * x + cos(w) * y)",
    threshold=1.2,
    parameters={"d": 0.95, "w": 0.3, "theta": 1.2},
    name="h",
)
NEURONS: dict[str, tuple[so.Neuron, Step]] = {
    "LIF": (so.LIF(0.9, 1.2, name="h"), lif),
    "LIF, per neuron": (so.LIF(np.full(M, 0.9), np.full(M, 1.2), name="h"), lif),
    "LIF, soft reset without delay": (so.LIF(0.9, 1.2, reset_delay=False, name="h"), soft),
    "IF": (so.IF(1.2, name="h"), integrate),
    "CubaLIF": (so.CubaLIF(0.7, 0.9, 1.2, name="h"), cuba),
    "ALIF": (so.ALIF(0.9, 1.2, 0.95, 0.3, name="h"), adaptive),
    "LIF from equations": (so.Neuron.from_equations(v="0.9 * v + i - 1.2 * s", threshold=1.2, name="h"), lif),
    "resonate-and-fire": (RESONATOR, resonate),
}


@pytest.mark.parametrize(
    ("name", "recurrent"),
    [(n, False) for n in NEURONS] + [(n, True) for n, (neuron, _) in NEURONS.items() if hasattr(neuron, "recurrent")],
)
def test_neurons_follow_their_equations(name: str, recurrent: bool) -> None:
    neuron, step = NEURONS[name]
    if recurrent:
        neuron = type(neuron)(**{**vars(neuron), "recurrent": so.Dense()})
    rng = np.random.default_rng(0)
    x, w, v_rec = 2 * rng.random((T, N, 3)), rng.standard_normal((M, 3)), rng.standard_normal((M, M)) / 2
    source = so.Input(3)
    weights = {"h.weight": w} | ({"h.recurrent.weight": v_rec} if recurrent else {})
    h = neuron(so.Dense(M, bias=False)(source))
    trace = so.simulate(so.Network(source, h), weights, x)["h"]
    assert trace.spikes is not None
    state = {k: np.zeros((N, M)) for k in ("v", "c", "b")}
    s = np.zeros((N, M))
    for t in range(T):
        v = step(state, x[t] @ w.T + (s @ v_rec.T if recurrent else 0), s)
        np.testing.assert_allclose(trace.potentials[t], v, atol=1e-10)
        s = (v > 1.2).astype(float)
        np.testing.assert_array_equal(trace.spikes[t], s)
    assert 0.01 < trace.spikes.mean() < 0.9


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_every_neuron_trains(name: str, algorithm: str, clusters: tuple[np.ndarray, np.ndarray]) -> None:
    neuron, _ = NEURONS[name]
    x = so.Input(8)
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(neuron(so.Dense(M)(x))))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), algorithm)
    assert plan.solve(*clusters, timesteps=8).score(*clusters) > 0.9


BAD_EQUATIONS = {
    "v * v": ({"v": "v * v + i"}, "linear"),
    "two states": ({"x": "x * y + i", "y": "0.9 * y"}, "linear"),
    "a state in a function": ({"v": "exp(v) + i"}, "linear"),
    "division by a state": ({"v": "i / v"}, "linear"),
    "a power": ({"v": "v ** 2 + i"}, "linear"),
    "an unknown name": ({"v": "leak * v + i"}, "leak"),
    "a constant": ({"v": "0.9 * v + i + 1"}, "constant"),
    "an equals sign": ({"v": "v = 0.9 * v + i"}, "cannot be read"),
    "not text": ({"v": 0.9}, "text"),
    "a call": ({"v": "__import__('os').system('true') * v + i"}, "understood"),
    "nothing": ({}, "no equations"),
    "a state called i": ({"i": "0.9 * i"}, "'i'"),
}


@pytest.mark.parametrize("name", BAD_EQUATIONS)
def test_bad_equations_are_refused_by_name(name: str) -> None:
    equations, says = BAD_EQUATIONS[name]
    with pytest.raises(so.ModelError, match=says) as caught:
        so.Neuron.from_equations(**equations, threshold=1.0, name="resonator")  # type: ignore[arg-type]
    assert "resonator" in str(caught.value)


def test_a_neuron_that_never_reads_its_current_is_refused() -> None:
    x = so.Input(3)
    h = so.Neuron.from_equations(v="0.9 * v - s", threshold=1.0, name="deaf")(so.Dense(4)(x))
    with pytest.raises(so.ModelError, match="never reads"):
        so.simulate(so.Network(x, h), {"deaf.weight": np.zeros((4, 3)), "deaf.bias": np.zeros(4)}, np.ones((2, 1, 3)))
