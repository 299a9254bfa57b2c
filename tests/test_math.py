"""The formulas, against naive loops in double precision that share no code with the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import snnopt as so
from snnopt.algorithms import Word
from snnopt.backends import Move
from snnopt.blocks import LOSS_FUNCTIONS
from snnopt.blocks.dithered_step import DitheredStep
from snnopt.blocks.exact_step import ExactStep
from snnopt.blocks.majorised_readout import MajorisedReadout
from snnopt.blocks.masked_ridge_weights import MaskedRidgeWeights
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.penalties import Histogram, flip_penalty, volts_penalty
from snnopt.runtime import Wiring
from snnopt.runtime.adjoint import Wanted
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Activity
from snnopt.runtime.moves import Moves
from snnopt.runtime.statistics import UseFeatures
from snnopt.runtime.sweeper import Sweeper
from snnopt.split import columns, kernel, kernel_sum, readout_profile, reset_kernel, window

F64 = np.dtype(np.float64)


# ---- 1. neurons: the recurrence and its trace form


@dataclass(frozen=True)
class Lif:
    """A layer's parameters, one value per neuron, and how it resets."""

    beta: np.ndarray
    theta: np.ndarray
    reset: str

    @property
    def drop(self) -> np.ndarray:
        """What a spike takes from the next potential."""
        return {"delayed": self.theta, "within": self.beta * self.theta, "none": 0 * self.theta}[self.reset]

    def neuron(self, **more: Any) -> so.LIF:
        return so.LIF(
            beta=self.beta,
            threshold=self.theta,
            reset_mechanism="none" if self.reset == "none" else "subtract",
            reset_delay=self.reset != "within",
            **more,
        )


@st.composite
def layers(draw: st.DrawFn, units: int) -> Lif:
    number = st.floats(0.05, 1.0)
    beta = np.array(draw(st.lists(number, min_size=units, max_size=units)))
    if draw(st.booleans()):
        beta[:] = beta[0]
    theta = np.array(draw(st.lists(st.floats(0.3, 2.0), min_size=units, max_size=units)))
    return Lif(beta, theta, draw(st.sampled_from(["delayed", "within", "none"])))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Lif, int, bool, int]:
    """A layer, the number of steps, whether it is recurrent, a seed."""
    layer = draw(layers(draw(st.integers(1, 5))))
    return layer, draw(st.integers(1, 12)), draw(st.booleans()), draw(st.integers(0, 2**20))


def run(layer: Lif, recurrent: bool, x: np.ndarray, seed: int) -> tuple[Any, dict[str, np.ndarray], so.Network]:
    rng, m, n = np.random.default_rng(seed), len(layer.beta), x.shape[-1]
    inp = so.Input(n, name="x")
    h = layer.neuron(name="h", recurrent=so.Dense() if recurrent else None)(so.Dense(m)(inp))
    weights = {"h.weight": rng.standard_normal((m, n)), "h.bias": rng.uniform(-0.2, 0.6, m)}
    if recurrent:
        weights["h.recurrent.weight"] = 0.7 * rng.standard_normal((m, m))
    network = so.Network(inp, h)
    return so.simulate(network, weights, x)["h"], weights, network


def currents(weights: dict[str, np.ndarray], x: np.ndarray, s: np.ndarray) -> np.ndarray:
    i = x @ weights["h.weight"].T + weights["h.bias"]
    if "h.recurrent.weight" in weights:
        i[1:] += s[:-1] @ weights["h.recurrent.weight"].T
    return i


@given(situations())
def test_simulate_is_the_recurrence(situation: tuple[Lif, int, bool, int]) -> None:
    layer, steps, recurrent, seed = situation
    x = np.random.default_rng(seed).uniform(-0.5, 1.5, (steps, 3, 2))
    trace, weights, _ = run(layer, recurrent, x, seed)
    v, s = np.zeros((3, len(layer.beta))), np.zeros((3, len(layer.beta)))
    for t in range(steps):
        i = x[t] @ weights["h.weight"].T + weights["h.bias"]
        if recurrent:
            i = i + s @ weights["h.recurrent.weight"].T
        v = layer.beta * v + i - layer.drop * s
        np.testing.assert_allclose(trace.potentials[t], v, rtol=1e-10, atol=1e-10)
        s = (v > layer.theta).astype(float)
        np.testing.assert_array_equal(trace.spikes[t], s)


@given(situations())
def test_trace_form(situation: tuple[Lif, int, bool, int]) -> None:
    """``v = kappa * (W s_prev + b) + eta * s``, with the kernels written out for a LIF."""
    layer, steps, recurrent, seed = situation
    x = np.random.default_rng(seed).uniform(-0.5, 1.5, (steps, 3, 2))
    trace, weights, _ = run(layer, recurrent, x, seed)
    s, i = trace.spikes, currents(weights, x, trace.spikes)
    v = np.zeros_like(trace.potentials)
    for t in range(steps):
        for k in range(t + 1):
            v[t] += layer.beta**k * i[t - k]
        for k in range(1, t + 1):
            v[t] -= layer.beta ** (k - 1) * layer.drop * s[t - k]
    np.testing.assert_allclose(trace.potentials, v, rtol=1e-10, atol=1e-10)


@given(layers(3), st.integers(1, 9))
def test_kernels(layer: Lif, steps: int) -> None:
    space = layer.neuron().state_space()
    shape = (steps, 3)
    kappa = np.array([layer.beta**k for k in range(steps)])
    eta = np.array([0 * layer.beta if k == 0 else -(layer.beta ** (k - 1)) * layer.drop for k in range(steps)])
    bar = np.array([sum(layer.beta**k for k in range(t)) for t in range(1, steps + 1)])
    for found, expected in ((kernel, kappa), (reset_kernel, eta), (kernel_sum, bar)):
        np.testing.assert_allclose(np.broadcast_to(found(space, steps), shape), expected, rtol=1e-12, atol=1e-14)


# ---- 4. the read-out's window


@pytest.mark.parametrize("over", ["mean", "last", so.Window(1), so.Window(3), so.Window(7)])
@pytest.mark.parametrize("beta", [0.3, 0.9, 1.0])
def test_readout_profile_is_the_window_of_simulated_potentials(over: str | so.Window, beta: float) -> None:
    rng, steps = np.random.default_rng(1), 7
    x = rng.standard_normal((steps, 4, 3))
    inp = so.Input(3)
    y = so.LI(beta=beta, name="y")(so.Dense(2)(inp))
    weights = {"y.weight": rng.standard_normal((2, 3)), "y.bias": rng.standard_normal(2)}
    v = so.simulate(so.Network(inp, y), weights, x)["y"].potentials
    width = {"mean": steps, "last": 1}.get(over) if isinstance(over, str) else over.steps
    expected = v[steps - width :].mean(0)  # type: ignore[operator]
    lowered = so.CrossEntropy(y, over=over).lowered_over
    h = readout_profile(y.neuron.state_space(), window(lowered, steps, "y"))
    i = x @ weights["y.weight"].T + weights["y.bias"]
    np.testing.assert_allclose(sum(h[t] * i[t] for t in range(steps)), expected, rtol=1e-12, atol=1e-12)


# ---- 4. statistics of a weight block


def naive_features(signals: list[np.ndarray], biased: list[bool], beta: float, steps: int) -> np.ndarray:
    """``phi[t] = sum_k beta^k F[t - k]`` with a bias column ``sum_{k <= t} beta^k`` behind each biased map."""
    columns = []
    for x, bias in zip(signals, biased, strict=True):
        full = np.broadcast_to(x, (steps, *x.shape[1:]))
        full = np.concatenate([full, np.ones((*full.shape[:2], 1))], -1) if bias else full
        phi = np.zeros_like(full)
        for t in range(steps):
            for k in range(t + 1):
                phi[t] += beta**k * full[t - k]
        columns.append(phi)
    return np.concatenate(columns, -1)


FEATURES = {
    "constant": (["constant"], False, "one"),
    "over time": (["time"], False, "one"),
    "both": (["constant", "time"], False, "one"),
    "recurrent": (["time"], True, "one"),
    "constant and recurrent": (["constant"], True, "one"),
    "constant, beta per neuron": (["constant"], False, "several"),
    "over time, beta per neuron": (["time"], False, "several"),
    "recurrent, beta per neuron": (["time", "constant"], True, "several"),
}


@pytest.mark.parametrize("case", FEATURES)
@pytest.mark.parametrize("bias", [True, False])
def test_gram_and_cross_products_are_the_sums_over_features(case: str, bias: bool) -> None:
    kinds, recurrent, betas = FEATURES[case]
    rng, steps, samples, m = np.random.default_rng(2), 6, 5, 4
    beta = np.array([0.6, 0.9, 0.6, 0.8]) if betas == "several" else np.full(m, 0.7)
    inputs = [so.Input(2 + k, name=f"x{k}") for k in range(len(kinds))]
    current = so.Dense(m, bias=bias)(inputs[0])
    for k, inp in enumerate(inputs[1:]):
        current = current + so.Dense(m, bias=not bias, name=f"w{k}")(inp)
    h = so.LIF(beta=beta, name="h", recurrent=so.Dense() if recurrent else None)(current)
    y = so.LI(name="y")(so.Dense(2)(h))
    plan = so.compile(so.Problem(so.Network(inputs, y), so.CrossEntropy(y)))
    (use,) = next(b.block.uses for b in plan.bindings if b.block.kind == "weights")
    wiring = Wiring(plan.program, F64)
    features = UseFeatures(use, columns((use,)), wiring, steps)

    signals = {
        inp.name: rng.standard_normal((1 if kind == "constant" else steps, samples, *inp.shape))
        for inp, kind in zip(inputs, kinds, strict=True)
    }
    signals["h"] = (rng.random((steps, samples, m)) < 0.4).astype(float)
    sources = [signals[f"x{k}"] for k in range(len(kinds))]
    biased = [bias, *[not bias for _ in kinds[1:]]]
    if recurrent:
        sources.append(np.concatenate([np.zeros((1, samples, m)), signals["h"][:-1]]))
        biased.append(False)

    found = features.gram(signals)  # type: ignore[arg-type]
    assert found.count == samples
    dv = rng.standard_normal((steps, samples, m))
    j = np.zeros_like(dv)  # what the demand on the potentials asks of the current: filtered backward in time
    for t in range(steps):
        for later in range(t, steps):
            j[t] += beta ** (later - t) * dv[later]
    cross = features.cross(signals, j)  # type: ignore[arg-type]
    for unit in range(m):
        phi = naive_features(sources, biased, float(beta[unit]), steps)
        expected = np.einsum("tni,tnj->ij", phi, phi)
        gram = found.total[features.channel_pattern[unit]]
        np.testing.assert_allclose(gram, expected, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(cross[:, unit], np.einsum("tni,tn->i", phi, dv[:, :, unit]), rtol=1e-10, atol=1e-10)
    parts = [{n: x[:, half] for n, x in signals.items()} for half in (slice(0, 2), slice(2, None))]
    added = features.gram(parts[1]).after(features.gram(parts[0]), 1.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(added.mean, found.mean, rtol=1e-12, atol=1e-12)


# ---- 5. the adjoint


class FixedSlope(Moves):
    """In place of the step rule: every spike answers its potential with a slope, ``dv = p da``."""

    def __init__(self, slope: np.ndarray) -> None:
        self.slope = slope

    def given(self) -> dict[str, Any]:
        return {}

    def move(self, batch: Batch, given: Mapping[str, Any]) -> Move:
        return lambda t, demand: demand * self.slope[t]

    def moved(self, batch: Batch, wanted: Wanted, given: Mapping[str, Any], total: float) -> dict[str, Any]:
        return {}

    def penalty(self, totals: Mapping[str, Any], entries: float, step: float) -> float:
        return 1.0

    def spikes(self, activity: Activity, wanted: Wanted, rho: float, some: slice) -> np.ndarray:
        raise AssertionError("not asked for")


@dataclass(frozen=True)
class Net:
    """Layers by name with what feeds them; each has a bias."""

    layers: dict[str, Lif]
    feeds: dict[str, list[str]]
    recurrent: tuple[str, ...] = ()
    over: str | so.Window = "mean"
    loss: str = "cross_entropy"
    steps: int = 5
    samples: int = 4
    classes: int = 3
    beta_out: float = 0.8
    features: int = 4
    hold: int = 1

    @property
    def window(self) -> int:
        """Steps of the windows that demands are held over, which are even: 3 and 2 of 5 for a hold of 4."""
        return {4: 3}.get(self.hold, self.hold)

    def size(self, name: str) -> int:
        return {"x": self.features, "y": self.classes}.get(name) or len(self.layers[name].beta)

    def weight_names(self, target: str) -> list[tuple[str, str]]:
        """Each source of ``target`` and the stem of the weights that lead there."""
        several = len(self.feeds[target]) > 1
        return [(s, f"{target}.{k}" if several else target) for k, s in enumerate(self.feeds[target])]

    def problem(self) -> so.Problem:
        signals: dict[str, Any] = {"x": so.Input(self.features, name="x")}
        for name in (*self.layers, "y"):
            current = None
            for source in self.feeds[name]:
                part = so.Dense(self.size(name))(signals[source])
                current = part if current is None else current + part
            assert current is not None
            if name == "y":
                signals[name] = so.LI(beta=self.beta_out, name="y")(current)
            else:
                recurrent = so.Dense() if name in self.recurrent else None
                signals[name] = self.layers[name].neuron(name=name, recurrent=recurrent)(current)
        loss = {"cross_entropy": so.CrossEntropy, "squared_error": so.SquaredError}[self.loss]
        return so.Problem(so.Network(signals["x"], signals["y"]), 0.7 * loss(signals["y"], over=self.over))

    def weights(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        out = {}
        for name in (*self.layers, "y"):
            for source, stem in self.weight_names(name):
                out[f"{stem}.weight"] = rng.standard_normal((self.size(name), self.size(source)))
                out[f"{stem}.bias"] = rng.uniform(0.2, 0.8, self.size(name))
            if name in self.recurrent:
                out[f"{name}.recurrent.weight"] = 0.5 * rng.standard_normal((self.size(name), self.size(name)))
        return out

    def linearised_loss(
        self,
        weights: dict[str, np.ndarray],
        x: np.ndarray,
        labels: np.ndarray,
        slopes: dict[str, np.ndarray],
        at: dict[str, tuple[np.ndarray, np.ndarray]],
        shift: dict[str, np.ndarray],
    ) -> Any:
        """Summed loss of the network whose spikes are ``s0 + p (v - v0)``; ``shift`` is added to the currents.

        Where demands are held, hidden maps see each window's mean of the spikes, and what that takes away at ``at`` is added
        to their currents.
        """
        steps = self.steps
        dtype = np.result_type(*weights.values(), *shift.values(), float)
        spikes: dict[str, list[np.ndarray]] = {"x": list(x.astype(dtype))}
        for name in (*self.layers, "y"):
            v = s = np.zeros((self.samples, self.size(name)), dtype)
            vs, ss = [], []
            for t in range(steps):
                i = 0
                for source, stem in self.weight_names(name):
                    w, seen = weights[f"{stem}.weight"], spikes[source][t]
                    if name != "y" and name not in self.recurrent:
                        first = t - t % self.window
                        seen = np.mean(spikes[source][first : first + self.window], 0)
                        s0 = x if source == "x" else at[source][1]
                        i = i + (s0[t] - s0[first : first + self.window].mean(0)) @ w.real.T
                    i = i + seen @ w.T + weights[f"{stem}.bias"]
                if name in self.recurrent:
                    i = i + s @ weights[f"{name}.recurrent.weight"].T
                if name in shift:
                    i = i + shift[name][t]
                if name == "y":
                    v = self.beta_out * v + i
                else:
                    layer = self.layers[name]
                    v = layer.beta * v + i - layer.drop * s
                    v0, s0 = at[name]
                    s = s0[t] + slopes[name][t] * (v - v0[t])
                vs.append(v)
                ss.append(s)
            spikes[name] = vs if name == "y" else ss
        width = {"mean": steps, "last": 1}.get(str(self.over)) or self.over.steps  # type: ignore[union-attr]
        m = sum(spikes["y"][steps - width :]) / width
        target = np.eye(self.classes)[labels]
        if self.loss == "squared_error":
            return 0.7 * ((m - target) ** 2).sum() / 2
        return 0.7 * (np.log(np.exp(m).sum(1)) - (m * target).sum(1)).sum()


def lif(units: int, reset: str = "delayed", several: bool = False) -> Lif:
    rng = np.random.default_rng(units)
    beta = rng.uniform(0.5, 0.95, units) if several else np.full(units, 0.85)
    return Lif(beta, rng.uniform(0.5, 1.5, units) if several else np.ones(units), reset)


CHAIN = {"a": ["x"], "b": ["a"], "y": ["b"]}
NETS = {
    "one layer": Net({"a": lif(3)}, {"a": ["x"], "y": ["a"]}),
    "two layers": Net({"a": lif(3), "b": lif(4)}, CHAIN),
    "reset within the step": Net({"a": lif(3, "within"), "b": lif(4, "within")}, CHAIN),
    "no reset": Net({"a": lif(3, "none"), "b": lif(4, "none")}, CHAIN),
    "recurrent": Net({"a": lif(3), "b": lif(4)}, CHAIN, recurrent=("b",)),
    "both recurrent": Net({"a": lif(3, "within"), "b": lif(4)}, CHAIN, recurrent=("a", "b")),
    "per neuron": Net({"a": lif(3, several=True), "b": lif(4, "within", True)}, CHAIN, recurrent=("a",)),
    "skips": Net({"a": lif(3), "b": lif(4)}, {"a": ["x"], "b": ["a", "x"], "y": ["b", "a"]}),
    "last": Net({"a": lif(3), "b": lif(4)}, CHAIN, over="last"),
    "window": Net({"a": lif(3), "b": lif(4)}, CHAIN, recurrent=("a",), over=so.Window(2)),
    "squared error": Net({"a": lif(3), "b": lif(4)}, CHAIN, loss="squared_error"),
    "held": Net({"a": lif(3), "b": lif(4)}, CHAIN, hold=2),
    "held, skips": Net({"a": lif(3), "b": lif(4, "none")}, {"a": ["x"], "b": ["a", "x"], "y": ["b", "a"]}, hold=3),
    "held, recurrent": Net({"a": lif(3), "b": lif(4)}, CHAIN, recurrent=("b",), hold=2, over="last"),
    "held, of even length": Net({"a": lif(3), "b": lif(4, "within")}, CHAIN, hold=4),
    "held throughout": Net({"a": lif(3, several=True), "b": lif(4)}, CHAIN, hold=5),
    "one step": Net({"a": lif(3), "b": lif(4)}, CHAIN, recurrent=("a",), steps=1, samples=20),
}


@pytest.mark.parametrize("case", NETS)
def test_demands_are_minus_the_gradient_of_the_linearised_network(case: str) -> None:
    """By complex steps (finite differences without cancellation): of every current, every weight and every bias."""
    net, rng = NETS[case], np.random.default_rng(5)
    plan = so.compile(net.problem(), so.Online(dtype="float64"))
    weights = net.weights(rng)
    x = rng.standard_normal((net.steps, net.samples, net.features))
    labels = rng.integers(0, net.classes, net.samples)
    slopes = {n: rng.uniform(0.1, 1.5, (net.steps, net.samples, net.size(n))) for n in net.layers}

    online = so.Online(dtype="float64", hold=net.hold)
    sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, online, weights, net.steps)
    sweeper.passes.moves = sweeper.moves = {n: FixedSlope(p) for n, p in slopes.items()}
    batch = Batch({"x": x}, {"y": labels})
    for kind in ("rollout", "demands"):
        sweeper.run(Word(kind), batch)

    trace = so.simulate(net.problem().network, weights, x)
    at: dict[str, Any] = {n: (trace[n].potentials, trace[n].spikes) for n in net.layers}
    assert all(0 < s.mean() < 1 for _, s in at.values()), "a test of silent layers shows nothing"
    h = 1e-30

    def gradient(of: np.ndarray, place: tuple[int, ...], change: str, name: str) -> float:
        step = np.zeros(of.shape, complex)
        step[place] = 1j * h
        if change == "shift":
            value = net.linearised_loss(weights, x, labels, slopes, at, {name: step})
        else:
            value = net.linearised_loss(weights | {name: of + step}, x, labels, slopes, at, {})
        return float(value.imag / h)

    for name in net.layers:
        j = batch.wanted[name].current
        expected = np.zeros(batch.activity[name].potentials.shape)
        for place in np.ndindex(*expected.shape):
            expected[place] = -gradient(expected, place, "shift", name)
        hold = 1 if name in net.recurrent else net.window
        assert len(j) == -(-net.steps // hold)
        np.testing.assert_allclose(j, np.add.reduceat(expected, range(0, net.steps, hold)), rtol=1e-9, atol=1e-9)

    for binding in plan.bindings:
        if binding.block.kind != "weights":
            continue
        (use,) = binding.block.uses
        features = UseFeatures(use, binding.block.columns, sweeper.wiring, net.steps)
        cross = features.cross(batch.signals, batch.wanted[use.target.name].current).T
        parts = []
        for c in binding.block.columns:
            for variable in (c.weight, c.bias):
                if variable is not None:
                    w = weights[variable]
                    flat = [-gradient(w, place, "weight", variable) for place in np.ndindex(*w.shape)]
                    parts.append(np.reshape(flat, (len(w), -1)))
        np.testing.assert_allclose(cross, np.concatenate(parts, 1), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["cross_entropy", "squared_error"])
def test_losses(kind: str) -> None:
    """Values by hand, gradients by complex steps of them, and the bound on the curvature."""
    rng, loss = np.random.default_rng(3), LOSS_FUNCTIONS[kind]
    m, labels, classes = 2 * rng.standard_normal((6, 4)), rng.integers(0, 4, 6), 4

    def naive(m: np.ndarray) -> np.ndarray:
        if kind == "squared_error":
            return ((m - np.eye(classes)[labels]) ** 2).sum(1) / 2
        return np.log(np.exp(m).sum(1)) - m[np.arange(len(m)), labels]

    np.testing.assert_allclose(loss.values(m, labels), naive(m), rtol=1e-12)
    for c in range(classes):
        step = np.zeros(m.shape, complex)
        step[:, c] = 1e-30j
        np.testing.assert_allclose(loss.gradient(m, labels)[:, c], naive(m + step).imag / 1e-30, rtol=1e-10, atol=1e-12)
    other = m + rng.standard_normal(m.shape)
    gain = ((loss.gradient(other, labels) - loss.gradient(m, labels)) * (other - m)).sum(1)
    assert (gain <= loss.curvature * ((other - m) ** 2).sum(1) * (1 + 1e-12)).all()


# ---- 4. closed forms


@given(st.integers(0, 2**20), st.floats(1e-3, 1e3), st.floats(1e-3, 10.0), st.floats(0.2, 2.0))
def test_exact_step_flips_where_the_other_branch_is_cheaper(seed: int, rho: float, sigma: float, theta: float) -> None:
    rng = np.random.default_rng(seed)
    v = theta + rng.standard_normal((4, 3, 5)) / np.sqrt(rho)
    v[0, 0, 0] = theta  # does not spike: the step is strict
    s = (v > theta).astype(float)
    da = 2 * sigma * rng.standard_normal(v.shape)
    a = s + da / sigma

    def cost(u: np.ndarray, spike: np.ndarray) -> np.ndarray:
        return rho / 2 * (u - v) ** 2 + sigma / 2 * (a - spike) ** 2

    stay, cross = cost(v, s), cost(np.full_like(v, theta), 1 - s)
    dv = ExactStep.move(v, s, da, rho, sigma, theta)
    moved, flips = v + dv, dv != 0
    clear = np.abs(stay - cross) > 1e-9 * np.maximum(stay, cross)
    np.testing.assert_array_equal(flips[clear], (cross < stay)[clear])
    np.testing.assert_allclose(moved[flips], theta, rtol=1e-14, atol=1e-14)
    grid = np.linspace(theta - 4, theta + 4, 401)  # no other value of v does better
    best = np.min([cost(np.full_like(v, u), np.full_like(v, float(u > theta))) for u in grid], axis=0)
    chosen = cost(moved, np.where(flips, 1 - s, s))
    assert (chosen <= best + 1e-9 * np.maximum(1, best)).all()


def test_exact_step_ties_stay() -> None:
    v, theta = np.array([[[0.5, 1.0, 2.0]]]), 1.0
    s = (v > theta).astype(float)
    np.testing.assert_array_equal(s, [[[0, 0, 1]]])
    tie = (1 - 2 * s) * (0.5 + (v - theta) ** 2)  # gain - rho/2 (v - theta)^2 = sigma/2 at rho = 2, sigma = 1
    assert (ExactStep.move(v, s, tie, 2.0, 1.0, theta) == 0).all()
    more = tie * (1 + 1e-12)
    flipped = v + ExactStep.move(v, s, more, 2.0, 1.0, theta)
    np.testing.assert_array_equal(flipped > theta, [[[True, True, False]]])


@given(st.integers(0, 2**20), st.floats(0.05, 3.0))
def test_dithered_slope_is_the_derivative_of_the_expected_step(seed: int, width: float) -> None:
    v, theta = np.random.default_rng(seed).uniform(-3, 5, (2, 3)), 1.0
    xi = width * (np.arange(200_000) + 0.5) / 200_000  # one half of the triangle, by its quantiles
    density = (1 - xi / width) / width * (width / 200_000)

    def expected(u: float) -> float:
        return float((density * ((u - theta - xi > 0) * 1.0 + (u - theta + xi > 0))).sum())

    e = 0.02 * width
    numeric = [[(expected(u + e) - expected(u - e)) / (2 * e) for u in row] for row in v]
    np.testing.assert_allclose(DitheredStep.slope(v, theta, width), numeric, atol=0.02 / width)


@st.composite
def ridges(draw: st.DrawFn) -> tuple[Any, ...]:
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    k, channels, rows = draw(st.integers(1, 6)), draw(st.integers(1, 4)), 12
    phi, dv = rng.standard_normal((rows, k)), rng.standard_normal((rows, channels))
    lam = np.where(rng.random(k) < 0.3, 0.0, draw(st.floats(1e-3, 10.0)))  # zero: biases
    return rng, phi, dv, rng.standard_normal((channels, k)), lam, draw(st.floats(1e-2, 10.0)), draw(st.floats(0.1, 10))


def least_squares(phi: Any, dv: Any, w0: Any, lam: Any, mu: float, rho: float) -> np.ndarray:
    """``rho/2 |W phi - (W0 phi + dv)|^2 + lam/2 |W|^2 + mu/2 |W - W0|^2`` as one least-squares system."""
    k = len(lam)
    left = np.concatenate([np.sqrt(rho) * phi, np.diag(np.sqrt(lam)), np.sqrt(mu) * np.eye(k)])
    right = np.concatenate([np.sqrt(rho) * (phi @ w0.T + dv), np.zeros((k, len(w0))), np.sqrt(mu) * w0.T])
    return np.linalg.lstsq(left, right, rcond=None)[0].T


@given(ridges())
def test_ridge_weights(case: tuple[Any, ...]) -> None:
    _, phi, dv, w0, lam, mu, rho = case
    found = w0 + RidgeWeights.solve(rho * phi.T @ phi, rho * phi.T @ dv, w0, lam, mu)
    np.testing.assert_allclose(found, least_squares(phi, dv, w0, lam, mu, rho), rtol=1e-8, atol=1e-8)


@given(ridges())
def test_masked_ridge_weights(case: tuple[Any, ...]) -> None:
    rng, phi, dv, w0, lam, mu, rho = case
    mask = rng.random(w0.shape) < 0.6
    w0 = w0 * mask
    found = w0 + MaskedRidgeWeights.solve(rho * phi.T @ phi, rho * phi.T @ dv, w0, lam, mu, mask)
    for row, keep in enumerate(mask):
        assert (found[row, ~keep] == 0).all()
        if keep.any():
            one = least_squares(phi[:, keep], dv[:, [row]], w0[[row]][:, keep], lam[keep], mu, rho)
            np.testing.assert_allclose(found[row, keep], one[0], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("order", [5, 150, 192, 193, 300])
def test_ridge_weights_of_any_order(order: int) -> None:
    """Small systems take another way than large ones."""
    rng = np.random.default_rng(order)
    phi, dv = rng.standard_normal((2 * order, order)), rng.standard_normal((2 * order, 3))
    w0, lam = rng.standard_normal((3, order)), np.full(order, 0.3)
    found = w0 + RidgeWeights.solve(phi.T @ phi, phi.T @ dv, w0, lam, 0.5)
    np.testing.assert_allclose(found, least_squares(phi, dv, w0, lam, 0.5, 1.0), rtol=1e-8, atol=1e-8)


@given(ridges())
def test_majorised_readout(case: tuple[Any, ...]) -> None:
    """Exact for a squared error; for a cross-entropy the minimiser of a bound, so the loss cannot rise."""
    rng, x, target, w0, lam, *_ = case
    gram, n = x.T @ x / len(x), len(x)
    squared = LOSS_FUNCTIONS["squared_error"]
    gradient = x.T @ squared.gradient(x @ w0.T, target) / n
    found = w0 + MajorisedReadout.solve(gram, gradient, w0, lam, squared.curvature, 0.0, 1.0)
    exact = least_squares(x / np.sqrt(n), (target - x @ w0.T) / np.sqrt(n), w0, lam, 0.0, 1.0)
    np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-7)

    entropy, labels = LOSS_FUNCTIONS["cross_entropy"], rng.integers(0, len(w0), n)

    def objective(w: np.ndarray) -> float:
        return float(entropy.values(x @ w.T, labels).mean() + (lam * w**2).sum() / 2)

    gradient = x.T @ entropy.gradient(x @ w0.T, labels) / n
    for eta in (0.5, 1.0):
        change = MajorisedReadout.solve(gram, gradient, w0, lam, entropy.curvature, 0.0, eta)
        assert objective(w0 + change) <= objective(w0) + 1e-12
        slope = (gradient.T + lam * w0) * change
        bound = objective(w0) + slope.sum() * (1 - eta / 2)
        assert objective(w0 + change) <= bound + 1e-9


# ---- 6. penalties that set a trust region


@given(st.integers(0, 2**20), st.floats(1e-3, 10.0))
def test_volts_penalty_sets_the_size_of_the_moves(seed: int, volts: float) -> None:
    moves = np.random.default_rng(seed).standard_normal((3, 4, 5))
    dv = moves / volts_penalty(float((moves**2).sum()), volts, moves.size)
    assert np.sqrt((dv**2).mean()) == pytest.approx(volts)
    assert volts_penalty(0.0, volts, moves.size) == 0


@given(st.integers(0, 2**20), st.floats(0.01, 0.5))
def test_flip_penalty_sets_the_share_of_flips(seed: int, share: float) -> None:
    """At most the share, and no more than a bin less: neighbouring edges are 2.2% apart."""
    score, unit = np.random.default_rng(seed).uniform(0.1, 1, 4000), 0.37
    sigma = flip_penalty(Histogram(Histogram.of(score, unit)), share, unit)
    assert (score > sigma / 2).mean() <= share <= (score > sigma / 2 * 2 ** (-1.001 / 32)).mean()
    assert flip_penalty(Histogram(Histogram.of(-score, unit)), share, unit) == 0, "where no flip pays, none is bought"


@given(st.integers(0, 2**20), st.floats(0.0, 1.0), st.floats(1e-3, 1e3))
def test_quantiles_of_histograms_are_those_of_the_values(seed: int, share: float, unit: float) -> None:
    """To half a bin, whatever the unit; counts of parts add up to those of the whole."""
    values = np.exp(np.random.default_rng(seed).normal(0, 2, 501))
    counts = Histogram.of(values, unit)
    np.testing.assert_array_equal(counts, Histogram.of(values[:77], unit) + Histogram.of(values[77:], unit))
    k = min(500, int(share * 501))
    assert unit * Histogram(counts).quantile(share) == pytest.approx(np.sort(values)[k], rel=2 ** (0.51 / 32) - 1)
