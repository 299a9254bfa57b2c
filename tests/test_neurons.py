"""Neurons against their update equations written out step by step, and equations that are not linear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


BAD_EQUATIONS: dict[str, tuple[dict[str, Any], str]] = {
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
    "parameters as a list": ({"v": "a * v + i", "parameters": [0.9]}, "not a dict"),
    "a parameter of text": ({"v": "a * v + i", "parameters": {"a": "0.9"}}, "a = '0.9'"),
    "a complex parameter": ({"v": "a * v + i", "parameters": {"a": 0.9j}}, "a = 0.9j"),
    "a switch": ({"v": "a * v + i", "parameters": {"a": True}}, "a = True"),
    "a NaN": ({"v": "a * v + i", "parameters": {"a": [0.9, np.nan]}}, "give a finite number"),
    "a ragged parameter": ({"v": "a * v + i", "parameters": {"a": [[0.9], [0.9, 0.8]]}}, "give a finite number"),
    "a threshold of text": ({"v": "0.9 * v + i", "threshold": "theta"}, "threshold = 'theta'"),
    "division by zero": ({"v": "v / 0 + i"}, "'v / 0' divides by zero"),
    "division by a parameter": ({"v": "v * (1 / a) + i", "parameters": {"a": [1, 0]}}, "'1 / a' divides by zero"),
    "too large a number": ({"v": "1e400 * v + i"}, "'1e400' is not a finite real number"),
    "too large a whole number": ({"v": f"1{'0' * 400} * v + i"}, "not a finite real number"),
    "an overflow": ({"v": "exp(1000) * v + i"}, r"'exp\(1000\)' is not a finite"),
    "a root": ({"v": "sqrt(-1) * v + i"}, r"'sqrt\(-1\)' is not a finite real"),
    "a fractional power": ({"v": "(-8) ** (1 / 3) * v + i"}, "not a finite real"),
    "a power of zero": ({"v": "0 ** -1 * v + i"}, "not a finite real"),
    "a spike without a threshold": ({"v": "0.9 * v + i - s", "threshold": None}, "s would never be 1"),
    "an unused parameter": ({"v": "0.9 * v + i", "parameters": {"tau": 2.0}}, "uses the parameter 'tau'"),
    "a parameter like a state": ({"v": "0.9 * v + i", "parameters": {"v": 0.9}}, "'v' is both a state and a parameter"),
    "two lengths": ({"v": "a * v + b * i", "parameters": {"a": [0.9] * 3, "b": [1.0] * 4}}, "a has 3 values, b has 4"),
    "growth": ({"v": "1.2 * v + i - s"}, r"by a factor of 1\.2 a step"),
    "growth of two": ({"v": "0.9 * v - 0.8 * w + i", "w": "0.8 * v + 0.9 * w"}, r"by a factor of 1\.20416 a step"),
    "growth of one neuron": ({"v": "a * v + i", "parameters": {"a": [0.9, 1.1]}}, r"by a factor of 1\.1 a step"),
}


@pytest.mark.parametrize("name", BAD_EQUATIONS)
def test_bad_equations_are_refused_by_name(name: str) -> None:
    equations, says = BAD_EQUATIONS[name]
    with pytest.raises(so.ModelError, match=says) as caught:
        so.Neuron.from_equations(**{"threshold": 1.0, "name": "resonator", **equations})
    assert "resonator" in str(caught.value)


def test_a_neuron_that_never_reads_its_current_is_refused() -> None:
    x = so.Input(3)
    h = so.Neuron.from_equations(v="0.9 * v - s", threshold=1.0, name="deaf")(so.Dense(4)(x))
    with pytest.raises(so.ModelError, match="never reads"):
        so.simulate(so.Network(x, h), {"deaf.weight": np.zeros((4, 3)), "deaf.bias": np.zeros(4)}, np.ones((2, 1, 3)))


def test_parameters_of_equations_are_counted_when_neurons_are() -> None:
    current = so.Dense(5)(so.Input(3))
    leaky = so.Neuron.from_equations(
        v="alpha * v + i - s", threshold=1.0, parameters={"alpha": [0.9, 0.8, 0.7]}, name="leaky"
    )
    with pytest.raises(so.ModelError, match=r"'leaky': alpha has 3 values for 5 neurons.\n  Fix: .*shape \(5,\)"):
        leaky(current)
    with pytest.raises(so.ModelError, match="threshold has 3 values for 5 neurons"):
        so.Neuron.from_equations(v="0.9 * v + i - s", threshold=[1.0, 1.0, 2.0])(current)
    assert leaky(so.Dense(3)(so.Input(3))).shape == (3,)


def test_states_that_neither_grow_nor_decay_are_taken() -> None:
    so.Neuron.from_equations(v="v + i - s", threshold=1.0)
    so.Neuron.from_equations(x="cos(1) * x - sin(1) * y + i", y="sin(1) * x + cos(1) * y")


def test_the_adaptation_is_not_called_like_a_bias() -> None:
    x = so.Input(3)
    y = so.LI(name="y")(so.Dense(2)(so.ALIF(name="h")(so.Dense(4)(x))))
    text = str(so.Problem(so.Network(x, y), so.CrossEntropy(y)))
    assert "adaptation[h,t] = 0.98 adaptation[h,t-1] + s[h,t-1]" in text
    assert text.count("b[h") == 1, "only the bias"


class TestBetaFromTau:
    def test_both_methods(self) -> None:
        """exp(-dt/tau), and 1 - dt/tau; one number or one for each neuron."""
        assert so.beta_from_tau(10.0, 1.0) == np.exp(-0.1)
        assert so.beta_from_tau(10, 1, "euler") == 0.9
        np.testing.assert_array_equal(so.beta_from_tau([2e-3, 1e-2], 1e-3, method="euler"), [0.5, 0.9])
        assert so.LIF(so.beta_from_tau(np.array([5.0, 20.0]), 1.0)).state_space().A.shape == (1, 1, 2)

    @pytest.mark.parametrize("tau", [0, -1.0, np.nan, np.inf, "10 ms", None, [], [1.0, 0.0], [[1.0], [2.0, 3.0]], True])
    def test_wrong_constants(self, tau: Any) -> None:
        with pytest.raises(so.ModelError, match="beta_from_tau: tau = "):
            so.beta_from_tau(tau, 1.0)

    @pytest.mark.parametrize("dt", [0, np.nan, "1", None, [1.0, 2.0]])
    def test_wrong_steps(self, dt: Any) -> None:
        with pytest.raises(so.ModelError, match="beta_from_tau: dt = "):
            so.beta_from_tau(1.0, dt)

    def test_wrong_methods_and_steps_that_leave_nothing(self) -> None:
        with pytest.raises(so.UnknownNameError, match="did you mean 'euler'"):
            so.beta_from_tau(1.0, 0.1, "Euler")  # type: ignore[arg-type]
        with pytest.raises(so.ModelError, match="dt = 2 is not shorter than tau = 1"):
            so.beta_from_tau([1.0, 5.0], 2.0, "euler")
        assert 0 < so.beta_from_tau(1.0, 2.0) < 1
