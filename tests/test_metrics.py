"""Metrics: held against counts that read the definitions one synapse at a time, and against cases worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import snnopt as so
from snnopt.lower import lower
from snnopt.metrics.decisions import own, seen
from snnopt.program import Program
from tests.graphs import Drawn, networks
from tests.naive import dense, run

Array = np.ndarray[Any, Any]
MakeProblem = Callable[..., so.Problem]
Data = tuple[Array, Array]


def counted_by_hand(
    program: Program, weights: dict[str, Array], data: dict[str, Array], lengths: Array
) -> tuple[Array, Array]:
    """(ACs, MACs, dense) over all samples, and spikes by layer: every sample, step, synapse in a loop of its own."""
    found = run(program, weights, data)
    sends = data | {n: s for n, (_, _, s) in found.items()}
    total = np.zeros(3, int)
    for c in program.couplings:
        for m in c.maps:
            if m.weight is None:
                continue
            gather = dense(m, sends[m.source].shape[2])
            w = weights[m.weight].reshape(m.channels, m.fan_in)
            graded = not set(np.unique(sends[m.source])) <= {-1.0, 0.0, 1.0}
            synapses = [
                (source, channel, entry)
                for position in range(m.positions)
                for entry in range(m.fan_in)
                for source in np.flatnonzero(gather[position, entry])
                for channel in range(m.channels)
            ]
            for n, length in enumerate(lengths):
                for t in range(length):
                    x = sends[m.source][t - m.lag, n] if t >= m.lag else np.zeros(sends[m.source].shape[2])
                    total[2] += len(synapses)
                    total[int(graded)] += sum(x[i] != 0 and w[k, f] != 0 for i, k, f in synapses)
    steps = np.arange(len(next(iter(data.values()))))[:, None] < lengths
    return total, np.array([(found[c.name][2] * steps[:, :, None]).sum() for c in program.couplings if c.spike])


@given(networks())
def test_counts_are_those_of_the_definition(drawn: Drawn) -> None:
    program = lower(drawn.problem)
    rng = np.random.default_rng(drawn.seed)
    weights = {n: np.where(rng.random(w.shape) < 0.2, 0.0, w) for n, w in drawn.weights(program).items()}
    data = drawn.data(program)
    if drawn.seed % 3 == 0:
        data = {n: np.sign(x - 0.5) * (abs(x - 0.5) > 0.3) for n, x in data.items()}
    lengths = rng.integers(1, drawn.steps + 1, drawn.samples) if drawn.seed % 2 else np.full(drawn.samples, drawn.steps)
    flat = {n: x.reshape(*x.shape[:2], -1) for n, x in data.items()}
    total, spikes = counted_by_hand(program, weights, flat, lengths)
    trial = so.metrics.trial(drawn.problem, data, weights=weights, lengths=lengths if drawn.seed % 2 else None)
    ops = so.metrics.synaptic_operations(trial)
    found = np.array([ops.effective_acs, ops.effective_macs, ops.dense]) * drawn.samples
    np.testing.assert_allclose(found, total, rtol=1e-12)
    np.testing.assert_allclose(np.sum(list(ops.layers.values()), 0), found / drawn.samples, rtol=1e-12)
    firing = so.metrics.firing(trial)
    np.testing.assert_allclose([f.spikes * drawn.samples for f in firing.values()], spikes)
    neurons = sum(c.size for c in program.couplings if c.spike)
    if neurons:
        sparsity = 1 - spikes.sum() / (neurons * lengths.sum())
        assert so.metrics.activation_sparsity(trial) == pytest.approx(sparsity, abs=1e-12)
    synapses = [weights[v.name] for v in program.variables if v.kind == "weight"]
    zeros = sum(int((w == 0).sum()) for w in synapses) / sum(w.size for w in synapses)
    assert so.metrics.connection_sparsity(trial) == pytest.approx(zeros, abs=1e-12)
    for name, margin in so.metrics.margins(trial).items():
        v, theta = run(program, weights, flat)[name][1], program.by_name[name].dynamics.threshold
        gaps = [abs(v[t, n] - theta) for n, length in enumerate(lengths) for t in range(length)]
        assert margin.least == pytest.approx(np.min(gaps), rel=1e-9, abs=1e-12)
        assert margin.quantiles[0.5] == pytest.approx(np.median(gaps), rel=1e-9)


def test_a_convolution_has_fewer_synapses_at_the_border() -> None:
    """3 x 3 on 4 x 4 with padding: corners are in 4 windows, edges in 6, the middle in 9; two channels."""
    image = so.Input((1, 4, 4), name="image")
    y = so.LI(beta=1.0, name="y")(so.Conv2d(2, kernel=3, padding=1, bias=False)(image))
    network = so.Network(image, y)
    weights = {"y.weight": np.ones((2, 1, 3, 3))}
    for at, windows in {(0, 0): 4, (0, 1): 6, (2, 3): 6, (1, 2): 9}.items():
        X = np.zeros((1, 1, 1, 4, 4))
        X[(0, 0, 0, *at)] = 1
        ops = so.metrics.synaptic_operations(network, X, weights=weights)
        assert (ops.effective_acs, ops.effective_macs) == (2 * windows, 0)
        assert ops.dense == 2 * (4 * 4 + 8 * 6 + 4 * 9)
    pooled = so.LI(beta=1.0, name="y")(so.AvgPool2d(2)(so.Conv2d(2, kernel=3, padding=1, bias=False)(image)))
    ops = so.metrics.synaptic_operations(so.Network(image, pooled), X, weights=weights)
    assert ops.effective_acs == 2 * 9  # pooling after the weights changes nothing
    direct = so.LI(beta=1.0, name="y")(so.Dense(3, bias=False)(so.Flatten()(so.AvgPool2d(2)(image))))
    ops = so.metrics.synaptic_operations(so.Network(image, direct), X, weights={"y.weight": np.ones((3, 4))})
    assert (ops.effective_acs, ops.dense) == (3, 16 * 3)  # a pixel is in one window


def test_a_network_worked_by_hand() -> None:
    """Two inputs, held for four steps, into one neuron that spikes at t = 1, 3, into itself and two outputs."""
    x = so.Input(2, name="x")
    h = so.IF(threshold=1.5, name="h")(so.Dense(1)(x))
    y = so.LI(beta=0.5, name="y")(so.Dense(2)(h) + so.Dense(2, bias=False, name="skip")(so.Delay(2)(x)))
    network = so.Network(x, y)
    weights = {
        "h.weight": np.array([[1.0, 0.0]]),
        "h.bias": np.zeros(1),
        "y.0.weight": np.array([[1.0], [0.0]]),
        "y.0.bias": np.zeros(2),
        "skip.weight": np.array([[0.5, 0.5], [0.0, 0.5]]),
    }
    X = np.array([[0.9, 2.0]])  # v = 0.9, 1.8 (spike), 1.2, 2.1 (spike)
    trial = so.metrics.trial(network, X, weights=weights, timesteps=4)
    np.testing.assert_allclose(trial.activity["h"].potentials[:, 0, 0], [0.9, 1.8, 1.2, 2.1])
    ops = so.metrics.synaptic_operations(trial)
    assert ops.layers["h"] == (0, 4, 8)  # only the first pixel's weight is not zero
    assert ops.layers["y"] == (2, 2 * 3, 4 * 2 + 4 * 4)  # two spikes, one weight; the skip arrives at t = 2, 3
    assert so.metrics.energy(trial) == pytest.approx(2 * 0.9e-12 + 10 * 4.6e-12)
    assert so.metrics.energy(trial, per_ac=1.0, per_mac=0.0) == 2
    assert so.metrics.activation_sparsity(trial) == 0.5
    assert so.metrics.connection_sparsity(trial) == 3 / 8
    margin = so.metrics.margins(trial)["h"]
    assert margin.least == pytest.approx(0.3) and margin.roundings == pytest.approx(0.3 / 2**-52)
    size = so.metrics.footprint(trial)
    # thresholds of h twice, as theta and in R; the decay of y. Two steps of x, a bit for the reset.
    assert (size.weights, size.parameters, size.states, size.buffers) == (8 * 11, 8 * 3, 8 * 3, 8 * 4 + 1)
    assert size.total == 88 + 24 + 24 + 33


def test_dead_and_saturated_neurons() -> None:
    x = so.Input(1, name="x")
    h = so.LIF(beta=0.5, threshold=1.0, name="h")(so.Dense(3)(x))
    y = so.LI(name="y")(so.Dense(2)(h))
    weights = {
        "h.weight": np.array([[0.1], [3.0], [0.8]]),
        "h.bias": np.zeros(3),
        "y.weight": np.ones((2, 3)),
        "y.bias": np.zeros(2),
    }
    X, lengths = np.ones((6, 2, 1)), np.array([6, 3])
    found = so.metrics.firing(so.Network(x, y), X, weights=weights, lengths=lengths)["h"]
    assert (found.neurons, found.dead, found.saturated) == (3, 1, 1)
    third = so.simulate(so.Network(x, y), weights, X, lengths=lengths)["h"].spikes
    assert third is not None and 0 < third[:, :, 2].sum() < 9
    assert found.rate == pytest.approx((9 + third[:, :, 2].sum()) / 27)


def test_one_silent_step_is_not_saturated() -> None:
    x = so.Input(1, name="x")
    y = so.LIF(beta=0.5, name="y")(so.Dense(2)(x))
    weights = {"y.weight": np.array([[0.0], [5.0]]), "y.bias": np.array([5.0, 0.0])}
    X = np.ones((4, 2, 1))
    X[0, 1] = 0
    assert so.metrics.firing(so.Network(x, y), X, weights=weights)["y"].saturated == 1


def test_data_held_constant_count_as_the_same_data_in_time() -> None:
    x = so.Input(3, name="x")
    h = so.LIF(name="h")(so.Dense(4)(so.Delay(2)(x)))
    network = so.Network(x, so.LI(name="y")(so.Dense(2)(h)))
    rng = np.random.default_rng(0)
    weights = {
        "h.weight": rng.standard_normal((4, 3)),
        "h.bias": np.ones(4),
        "y.weight": np.ones((2, 4)),
        "y.bias": np.zeros(2),
    }
    X, lengths = rng.random((5, 3)), np.array([1, 2, 3, 5, 6])
    held = so.metrics.synaptic_operations(network, X, weights=weights, timesteps=6, lengths=lengths)
    timed = np.broadcast_to(X, (6, 5, 3))
    assert held == so.metrics.synaptic_operations(network, timed, weights=weights, lengths=lengths)


class TestFootprint:
    def test_reflects_what_is_constrained_to_a_grid(self, mlp: MakeProblem) -> None:
        problem = mlp()
        hidden = problem.network.populations[0]
        tight = so.Problem(problem.network, problem.objective, [so.Grid(hidden.weights, bits=4)])
        weights = {
            "hidden.weight": np.ones((20, 8), np.float32),
            "hidden.bias": np.ones(20, np.float32),
            "readout.weight": np.ones((3, 20), np.float32),
            "readout.bias": np.ones(3, np.float32),
        }
        free, grid = (so.metrics.footprint(p, weights=weights).weights for p in (problem, tight))
        assert free == 4 * (160 + 20 + 60 + 3)
        assert grid == 160 * 4 / 8 + 4 + 4 * (20 + 60 + 3)


class TestDecisions:
    @pytest.fixture
    def spiking(self) -> tuple[so.Network, dict[str, Array]]:
        """Inputs are passed on as currents; two units that integrate and fire."""
        x = so.Input(2, name="x")
        y = so.IF(threshold=1.0, name="y")(so.Dense(2, bias=False)(x))
        return so.Network(x, y), {"y.weight": np.eye(2)}

    def decided(self, spiking: tuple[so.Network, dict[str, Array]], X: Any, by: str) -> list[bool]:
        network, weights = spiking
        X = np.asarray(X, float)
        one = [so.metrics.accuracy(network, X[:, n : n + 1], [0], by=by, weights=weights) for n in range(X.shape[1])]
        return [a == 1 for a in one]

    def test_each_rule_by_hand(self, spiking: tuple[so.Network, dict[str, Array]]) -> None:
        # [T, N, 2]: unit 1 fires first and once, unit 0 later and twice; then both at once, unit 0 higher; then neither
        X = [[[0.1, 1.1], [1.5, 1.2], [0.1, 0.2]], [[1.3, 0.0], [0, 0], [0.1, 0.2]], [[1.2, 0.0], [0, 0], [0.1, 0.2]]]
        assert self.decided(spiking, X, "first") == [False, True, False]
        assert self.decided(spiking, X, "count") == [True, True, True]  # ties go to the lowest unit
        assert self.decided(spiking, X, "max") == [True, True, False]
        assert self.decided(spiking, X, "last") == [True, True, False]
        assert self.decided(spiking, X, "mean") == [True, True, False]
        network, weights = spiking
        nobody = so.metrics.accuracy(network, np.asarray(X)[:, 2:], [0], by="first", weights=weights)
        other = so.metrics.accuracy(network, np.asarray(X)[:, 2:], [1], by="first", weights=weights)
        assert (nobody, other) == (0, 0)

    @pytest.mark.parametrize("over", ["mean", "last", "max", so.Window(3)])
    @pytest.mark.parametrize("unequal", [False, True])
    def test_the_loss_s_own_is_the_score(
        self, mlp: MakeProblem, clusters: Data, over: str | so.Window, unequal: bool
    ) -> None:
        X, labels = clusters
        lengths = np.random.default_rng(1).integers(3, 7, len(X)) if unequal else None
        timed = np.broadcast_to(X, (6, *X.shape))
        plan = so.compile(mlp(over=over), so.Online(epochs=1))
        result = plan.solve(timed, labels, lengths=lengths)
        trial = so.metrics.trial(result, timed, lengths=lengths)
        readout = result.readout(timed, lengths=lengths)
        assert not isinstance(readout, dict)
        np.testing.assert_allclose(seen(trial, "readout", own(trial, "readout")), readout, rtol=1e-3, atol=1e-5)
        assert so.metrics.accuracy(trial, targets=labels) == result.score(timed, labels, lengths=lengths)
        found = so.metrics.summary(result, timed, labels, lengths=lengths)
        assert found.score["readout"] == result.score(timed, labels, lengths=lengths)
        if isinstance(over, str):
            assert found.accuracy["readout"][over] == found.accuracy["readout"]["own"]
        assert set(found.accuracy["readout"]) == {"own", "mean", "last", "max"}

    def test_a_hidden_layer_can_be_judged(self, spiking: tuple[so.Network, dict[str, Array]]) -> None:
        x = so.Input(2, name="x")
        h = so.IF(name="h")(so.Dense(2, bias=False)(x))
        y = so.LI(name="y")(so.Dense(2, bias=False)(h))
        weights = {"h.weight": np.eye(2), "y.weight": np.eye(2)[::-1]}
        X, labels = np.array([[2.0, 0.0], [0.0, 2.0]]), [0, 1]
        how: dict[str, Any] = {"weights": weights, "timesteps": 3}
        assert so.metrics.accuracy(so.Network(x, y), X, labels, **how) == 0
        assert so.metrics.accuracy(so.Network(x, y), X, labels, output="h", by="count", **how) == 1


class TestSummary:
    def test_of_several_outputs_and_real_targets(self) -> None:
        rng = np.random.default_rng(0)
        x = so.Input(4, name="x")
        h = so.LIF(name="h")(so.Dense(10)(x))
        y, z = so.LI(name="y")(so.Dense(3)(h)), so.LI(name="z")(so.Dense(2)(h))
        problem = so.Problem(so.Network(x, [y, z]), so.CrossEntropy(y) + so.SquaredError(z))
        X = rng.random((5, 20, 4))
        targets = {"y": rng.integers(0, 3, 20), "z": rng.random((20, 2))}
        result = so.compile(problem, so.Online(epochs=1)).solve(X, targets)
        found = so.metrics.summary(result, X, targets)
        assert np.mean(list(found.score.values())) == pytest.approx(result.score(X, targets), rel=1e-5)
        assert list(found.accuracy) == ["y"]
        text = str(found)
        assert "z, R squared" in text and "y, accuracy by mean potential" in text and "least margin (V)" in text
        assert so.metrics.accuracy(result, X, targets) == found.accuracy["y"]["own"]
        bare = so.metrics.summary(result, X)
        assert not bare.score and "accuracy" not in str(bare)

    def test_works_from_a_loaded_file_and_without_spikes(self, tmp_path: Any) -> None:
        x = so.Input(4, name="x")
        y = so.LI(name="y")(so.Dense(3)(x))
        X, labels = np.random.default_rng(0).random((5, 20, 4)), np.arange(20) % 3
        result = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=1)).solve(X, labels)
        found = so.metrics.summary(so.load(result.save(tmp_path / "a.npz")), X, labels)
        assert np.isnan(found.activation_sparsity) and not found.firing
        assert "activation sparsity" in str(found)
        assert str(found) == str(so.metrics.summary(result, X, labels))


class TestBadInput:
    @pytest.mark.parametrize("model", [None, "digits.npz", 3, np.ones(3), so.Result])
    def test_what_is_no_model(self, model: object) -> None:
        with pytest.raises(so.ModelError, match="is no result and no network"):
            so.metrics.summary(model, np.ones((2, 3)))

    def test_nothing_to_run_on(self, mlp: MakeProblem, clusters: Data) -> None:
        result = so.compile(mlp(), so.Online(epochs=1)).solve(*clusters, timesteps=3)
        with pytest.raises(so.DataError, match="there are no data"):
            so.metrics.summary(result)

    def test_a_network_needs_weights_and_data(self, mlp: MakeProblem, clusters: Data) -> None:
        problem = mlp()
        with pytest.raises(so.DataError, match="a network has no weights of its own"):
            so.metrics.firing(problem, clusters[0], timesteps=3)
        with pytest.raises(so.DataError, match="they are missing"):
            so.metrics.footprint(problem.network, weights={})
        with pytest.raises(so.DataError, match="is not a dict"):
            so.metrics.footprint(problem.network, weights=[1])  # type: ignore[arg-type]

    def test_a_trial_has_its_data(self, mlp: MakeProblem, clusters: Data) -> None:
        result = so.compile(mlp(), so.Online(epochs=1)).solve(*clusters, timesteps=3)
        trial = so.metrics.trial(result, clusters[0])
        with pytest.raises(so.ModelError, match="a trial has its data already"):
            so.metrics.margins(trial, clusters[0])
        with pytest.raises(so.UnknownNameError, match="did you mean 'first'"):
            so.metrics.accuracy(trial, targets=clusters[1], by="frist")
        with pytest.raises(so.UnknownNameError, match="did you mean 'hidden'"):
            so.metrics.accuracy(trial, targets=clusters[1], output="hiden")
        with pytest.raises(so.DataError, match="does not spike"):
            so.metrics.accuracy(trial, targets=clusters[1], by="first")
        with pytest.raises(so.DataError, match="there are none"):
            so.metrics.accuracy(trial)
        with pytest.raises(so.DataError, match="out of range for 3 units"):
            so.metrics.accuracy(trial, targets=clusters[1] + 5)
        with pytest.raises(so.ModelError, match="joules per operation"):
            so.metrics.energy(trial, per_ac=float("nan"))
        with pytest.raises(so.ModelError, match="joules per operation"):
            so.metrics.energy(trial, per_mac="cheap")  # type: ignore[arg-type]
