"""NIR: what is exported comes back to the last bit, in memory and by file; what cannot be said is refused by name."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import snnopt as so
from snnopt.interop.nir import replayed
from snnopt.lower import lower_network
from snnopt.model.neurons import EquationNeuron
from snnopt.program import pack_program, unpack_program
from snnopt.runtime import check_inputs, check_weights
from tests.graphs import Drawn, networks

nir = pytest.importorskip("nir")
Array = np.ndarray[Any, Any]
ENCODINGS = ("neurons", "exact")


def exported(trained: Any, weights: Any = None, **options: Any) -> Any:
    """The graph, whatever a reset to zero would change."""
    if options.get("encoding") == "exact":
        return so.to_nir(trained, weights, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", so.ResetMismatchWarning)
        return so.to_nir(trained, weights, on_reset_mismatch="warn", **options)


def assert_same_bits(a: Array, b: Array) -> None:
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def assert_same_network(network: so.Network, weights: Any, found: so.Imported, data: Any) -> None:
    """The same weights, potentials and spikes by the same names, to the last bit."""
    assert set(found.weights) == set(weights)
    for name, w in weights.items():
        assert_same_bits(found.weights[name], np.asarray(w))
    ours, theirs = (so.simulate(n, w, data) for n, w in ((network, weights), (found.network, found.weights)))
    assert set(ours) == set(theirs)
    for name, activity in ours.items():
        assert_same_bits(activity.potentials, theirs[name].potentials)
        assert (activity.spikes is None) == (theirs[name].spikes is None)
        if activity.spikes is not None:
            assert_same_bits(activity.spikes, theirs[name].spikes)  # type: ignore[arg-type]


def has_no_words(network: so.Network, encoding: str) -> bool:
    """Whether a neuron of the network has no node in NIR: ALIF, equations, or decays of 1 among others."""

    def mixed(neuron: Any, what: str) -> bool:
        values = np.ravel(getattr(neuron, what, 0.5))
        return bool(np.any(values == 1) and np.any(values < 1))

    return any(
        isinstance(p.neuron, so.ALIF | EquationNeuron) or mixed(p.neuron, "beta") or mixed(p.neuron, "alpha")
        for p in network.populations
    )


class TestRoundTrip:
    @hypothesis.settings(deadline=None, max_examples=120)
    @hypothesis.given(
        drawn=networks(),
        encoding=st.sampled_from(ENCODINGS),
        single=st.booleans(),
        dt=st.sampled_from([1e-4, 1e-3, 0.7]),
    )
    def test_random_networks_come_back_to_the_last_bit(
        self, drawn: Drawn, encoding: str, single: bool, dt: float, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        network = drawn.problem.network
        program = lower_network(network)
        weights, data = drawn.weights(program), drawn.data(program)
        if single:
            weights = {n: w.astype(np.float32) for n, w in weights.items()}
        if has_no_words(network, encoding):
            with pytest.raises(so.CompileError, match=r"layer 'h|layer 'y"):
                exported(network, weights, dt=dt, encoding=encoding, data=data)
            return
        graph = exported(network, weights, dt=dt, encoding=encoding, data=data)
        assert_same_network(network, weights, so.from_nir(graph), data)
        path = tmp_path_factory.mktemp("nir") / "net.nir"
        nir.write(path, graph)
        nir.read(path)  # with the package's own check of shapes
        assert_same_network(network, weights, so.from_nir(path), data)


def small(**neuron: Any) -> tuple[so.Network, dict[str, Array], Array]:
    """A chain of two hidden layers driven hard, its weights, and data."""
    x = so.Input(5, name="x")
    h = so.LIF(beta=0.9, name="h", **neuron)(so.Dense(8)(x))
    k = so.CubaLIF(0.6, np.linspace(0.5, 0.9, 6), name="k", recurrent=so.Dense(name="w_back"))(so.Dense(6)(h))
    network = so.Network(x, so.LI(0.9, name="y")(so.Dense(3)(k)))
    rng = np.random.default_rng(0)
    variables = [v for v in lower_network(network).variables if v.kind in ("weight", "bias")]
    return network, {v.name: rng.standard_normal(v.shape) for v in variables}, rng.uniform(0, 1, (20, 4, 5))


class TestGraph:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_a_signal_that_is_added_twice(self, encoding: str) -> None:
        """NIR has one edge at most between two nodes."""
        x = so.Input(3, name="x")
        h = so.LIF(0.9, name="h")(so.Delay(1)(x) + x + x)
        network = so.Network(x, so.LI(0.9, name="y")(h + h + so.Dense(3)(h)))
        weights = {"y.weight": np.eye(3), "y.bias": np.ones(3)}
        data = np.random.default_rng(0).uniform(0, 1, (9, 2, 3))
        graph = exported(network, weights, data=data, encoding=encoding)
        assert len(set(graph.edges)) == len(graph.edges)
        assert_same_network(network, weights, so.from_nir(graph), data)

    def test_layers_and_weights_keep_their_names(self) -> None:
        network, weights, data = small()
        graph = exported(network, weights, data=data)
        assert {"x", "h", "k", "y", "h.weight", "k.weight", "w_back.weight", "y.weight"} < set(graph.nodes)
        assert ("h", "k.weight") in graph.edges and ("w_back.weight", "k") in graph.edges
        assert graph.metadata["dt"] == 1e-4

    def test_numbers_are_those_that_importers_expect(self) -> None:
        """tau = dt / (1 - beta), r = 1 and weights over 1 - beta; a CubaLIF takes its factors in w_in and r."""
        network, weights, data = small()
        nodes = exported(network, weights, dt=1e-3, data=data).nodes
        h, k, y = nodes["h"], nodes["k"], nodes["y"]
        np.testing.assert_allclose(h.tau, np.full(8, 1e-3 / (1 - 0.9)), rtol=1e-15)
        np.testing.assert_array_equal([h.r, h.v_leak, h.v_reset, h.v_threshold], [[1] * 8, [0] * 8, [0] * 8, [1] * 8])
        np.testing.assert_allclose(nodes["h.weight"].weight, weights["h.weight"] / (1 - 0.9), rtol=1e-15)
        np.testing.assert_allclose(nodes["h.weight"].bias, weights["h.bias"] / (1 - 0.9), rtol=1e-15)
        np.testing.assert_allclose(k.tau_syn, np.full(6, 1e-3 / (1 - 0.6)), rtol=1e-15)
        np.testing.assert_allclose(k.w_in, k.tau_syn / 1e-3, rtol=1e-15)
        np.testing.assert_allclose(k.r, k.tau_mem / 1e-3, rtol=1e-15)
        np.testing.assert_array_equal(nodes["k.weight"].weight, weights["k.weight"])
        assert type(y).__name__ == "LI" and np.all(y.r == 1)

    def test_the_exact_encoding_writes_the_reset_out(self) -> None:
        network, weights, _ = small()
        graph = so.to_nir(network, weights, encoding="exact")
        for edge in (("h.weight", "h.membrane"), ("h.membrane", "h"), ("h", "h.reset"), ("h.reset", "h.membrane")):
            assert edge in graph.edges
        assert [type(graph.nodes[n]).__name__ for n in ("h.membrane", "h", "h.reset")] == ["LI", "Threshold", "Linear"]
        np.testing.assert_array_equal(graph.nodes["h.reset"].weight, -np.eye(8))
        np.testing.assert_array_equal(graph.nodes["h.weight"].weight, weights["h.weight"])

    def test_the_exact_encoding_computes_our_network(self) -> None:
        """Its nodes, stepped one by one as their definitions read, spike as our network does."""
        network, weights, data = small()
        graph = so.to_nir(network, weights, encoding="exact", dt=1e-3)
        found = stepped(graph, data, 1e-3)
        ours = so.simulate(network, weights, data)
        for name in ("h", "k"):
            np.testing.assert_array_equal(found[name], ours[name].spikes)
        np.testing.assert_allclose(found["y"], ours["y"].potentials, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("neuron", [{}, {"reset_delay": False}, {"reset_mechanism": "none"}])
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_every_reset_comes_back(self, neuron: dict[str, Any], encoding: str) -> None:
        network, weights, data = small(**neuron)
        assert_same_network(
            network, weights, so.from_nir(exported(network, weights, encoding=encoding, data=data)), data
        )

    def test_without_readouts_the_hidden_layers_are_the_output(self) -> None:
        network, weights, data = small()
        graph = exported(network, weights, data=data, readouts=False)
        assert "y" not in graph.nodes and ("k", "k.output") in graph.edges
        found = so.from_nir(graph)
        assert set(found.weights) == {n for n in weights if n[0] != "y"}
        ours = so.simulate(network, weights, data)
        theirs = so.simulate(found.network, found.weights, data)
        assert_same_bits(ours["k"].spikes, theirs["k"].spikes)  # type: ignore[arg-type]

    def test_two_exports_are_the_same(self) -> None:
        network, weights, data = small()
        a = exported(network, weights, data=data)
        imported = so.from_nir(a)
        b = exported(imported.network, imported.weights, data=data)
        assert set(a.nodes) == set(b.nodes) and a.edges == b.edges
        for name, node in a.nodes.items():
            for what, value in vars(node).items():
                if isinstance(value, np.ndarray):
                    assert_same_bits(value, getattr(b.nodes[name], what))


def stepped(graph: Any, data: Array, dt: float) -> dict[str, list[Array]]:
    """A graph run by Euler's method on its nodes' definitions; edges back arrive a step late."""
    order = [
        "h.weight",
        "h.reset",
        "h.membrane",
        "h",
        "k.weight",
        "w_back.weight",
        "k.reset",
        "k.synapse",
        "k.membrane",
    ]
    sent, v = dict[str, Array](), dict[str, Array]()
    out: dict[str, list[Array]] = {n: [] for n in (*order, "k", "y.weight", "y")}
    for x in data:
        sent["x"] = x
        for name in out:
            node = graph.nodes[name]
            current = np.zeros((len(x), *node.input_type["input"]))
            for a, b in graph.edges:
                current = current + sent[a] if b == name and a in sent else current
            match type(node).__name__:
                case "Affine":
                    sent[name] = current @ node.weight.T + node.bias
                case "Linear":
                    sent[name] = current @ node.weight.T
                case "LI":
                    old = v.get(name, np.zeros_like(current))
                    v[name] = sent[name] = old + dt / node.tau * (node.v_leak - old + node.r * current)
                case "Threshold":
                    sent[name] = (current > node.threshold).astype(float)
            out[name].append(sent[name])
    return out


class TestResets:
    def test_export_is_refused_with_the_layer_and_both_ways_out(self) -> None:
        network, weights, _ = small()
        with pytest.raises(so.CompileError, match=r"layer 'h'.*reset.*\n.*on_reset_mismatch='warn'.*encoding='exact'"):
            so.to_nir(network, weights)

    def test_a_network_without_spikes_has_nothing_to_refuse(self) -> None:
        x = so.Input(3, name="x")
        network = so.Network(x, so.LI(1.0, name="y")(so.LI(0.8, name="f")(so.Dense(4)(x)) + so.Dense(4)(x)))
        weights = {
            "f.weight": np.ones((4, 3)),
            "f.bias": np.zeros(4),
            "y.weight": np.ones((4, 3)),
            "y.bias": np.ones(4),
        }
        graph = so.to_nir(network, weights)
        assert [type(graph.nodes[n]).__name__ for n in "fy"] == ["LI", "I"]
        assert_same_network(network, weights, so.from_nir(graph), np.random.default_rng(0).uniform(0, 1, (5, 2, 3)))

    def test_the_report_counts_what_a_reset_to_zero_changes(self) -> None:
        """Against a count by hand: one neuron, a current of 0.6 a step, no leak, threshold 1, 9 steps.

        Subtraction: v = .6 1.2 .8 1.4 1.0 .6 ... as sums of .6 less the spikes; to zero: .6 1.2 .6 1.2 ...
        """
        x = so.Input(1, name="x")
        network = so.Network(x, so.LI(name="y")(so.Dense(1)(so.IF(name="h")(so.Dense(1)(x)))))
        weights = {"h.weight": [[0.625]], "h.bias": [0.0], "y.weight": [[1.0]], "y.bias": [0.0]}
        v, u, own, zero = 0.0, 0.0, [], []
        for _ in range(9):
            v, u = v + 0.625, u + 0.625
            own.append(v > 1)
            zero.append(u > 1)
            v, u = v - own[-1], 0.0 if zero[-1] else u
        changed, either = sum(map(bool.__ne__, own, zero)), sum(map(bool.__or__, own, zero))
        assert 0 < changed < either
        with pytest.warns(so.ResetMismatchWarning, match=rf"h: {changed} of {either} \({changed / either:.1%}\)"):
            graph = so.to_nir(network, weights, on_reset_mismatch="warn", data=np.ones((9, 1, 1)))  # type: ignore[arg-type]
        assert f"{sum(own)} spikes with its own reset, {sum(zero)} with that" in graph.metadata["reset_mismatch"]

    def test_steps_after_a_series_end_do_not_count(self) -> None:
        """Counts of series that are padded are the sums of those of each series alone."""
        network, weights, data = small()
        program, kind, lengths = lower_network(network), np.dtype(np.float64), np.array([3, 20, 7, 11])
        matrices = check_weights(program, weights, kind)
        padded = replayed(program, matrices, check_inputs(program, data, None, lengths), kind)
        alone = [
            replayed(program, matrices, check_inputs(program, data[:n, [k]], None), kind) for k, n in enumerate(lengths)
        ]
        for name, change in padded.layers.items():
            assert change.changed == sum(a.layers[name].changed for a in alone)
            assert change.either == sum(a.layers[name].either for a in alone) > 0

    def test_a_result_replays_by_its_own_timesteps(self, mlp: Any, clusters: Any) -> None:
        result = so.compile(mlp(), so.Online(epochs=1)).solve(*clusters, timesteps=4)
        with pytest.warns(so.ResetMismatchWarning, match="hidden: "):
            graph = so.to_nir(result, on_reset_mismatch="warn", data=clusters[0])
        assert graph.nodes["hidden.weight"].weight.dtype == result.weights["hidden.weight"].dtype
        assert_same_bits(so.from_nir(graph).weights["hidden.weight"], result.weights["hidden.weight"])


def test_a_loaded_result_exports_the_same(mlp: Any, clusters: Any, tmp_path: Any) -> None:
    result = so.compile(mlp(), so.Online(epochs=1)).solve(*clusters, timesteps=4)
    loaded = so.load(result.save(tmp_path / "run.npz"))
    a, b = (so.to_nir(r, encoding="exact") for r in (result, loaded))
    assert a.edges == b.edges
    for name, w in so.from_nir(b).weights.items():
        assert_same_bits(w, result.weights[name])


def test_a_result_of_before_connections_were_kept_is_refused(mlp: Any, clusters: Any) -> None:
    result = so.compile(mlp(), so.Online(epochs=1)).solve(*clusters, timesteps=4)
    packed, arrays = pack_program(result.program)
    for coupling in packed["couplings"]:
        for m in coupling["maps"]:
            del m["form"]
    old = replace(result, program=unpack_program(packed, arrays))
    with pytest.raises(so.CompileError, match=r"layer 'hidden'.*\n.*so.to_nir\(network, weights\)"):
        so.to_nir(old, encoding="exact")
    np.testing.assert_array_equal(old.predict(clusters[0]), result.predict(clusters[0]))
    assert so.to_nir(mlp().network, old, encoding="exact").edges == so.to_nir(result, encoding="exact").edges


def test_an_imported_network_is_trained_on(mlp: Any, clusters: Any) -> None:
    result = so.compile(mlp(), so.Online(epochs=3)).solve(*clusters, timesteps=4)
    imported = so.from_nir(so.to_nir(result, encoding="exact"))
    (y,) = imported.network.outputs
    plan = so.compile(so.Problem(imported.network, so.CrossEntropy(y)), so.Online(epochs=1))
    more = plan.solve(*clusters, timesteps=4, weights=imported.weights)
    assert more.history[0].accuracy == pytest.approx(result.history[-1].accuracy, abs=0.2)
    assert set(more.weights) == set(result.weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dt": 0.0}, "dt = 0.0"),
        ({"dt": "fast"}, "dt = 'fast'"),
        ({"dt": None}, "dt = None"),
        ({"dt": True}, "dt = True"),
        ({"dt": np.nan}, "dt = nan"),
        ({"encoding": "exakt"}, "did you mean 'exact'"),
        ({"on_reset_mismatch": "warning"}, "did you mean 'warn'"),
        ({"readouts": "no"}, "readouts = 'no'"),
        ({"on_reset_mismatch": "warn"}, "no data to run"),
        ({"on_reset_mismatch": "warn", "data": np.zeros((4, 2, 9))}, "it takes 5 features"),
        ({"on_reset_mismatch": "warn", "data": np.full((4, 2, 5), np.nan)}, "NaN"),
    ],
)
def test_wrong_arguments_of_an_export_are_named(arguments: dict[str, Any], message: str) -> None:
    network, weights, _ = small()
    with pytest.raises(so.SnnoptError, match=message):
        so.to_nir(network, weights, **arguments)


class TestNoWords:
    def test_weights_must_come_with_a_network(self) -> None:
        network, weights, _ = small()
        with pytest.raises(so.ModelError, match="comes without weights"):
            so.to_nir(network)
        with pytest.raises(so.ModelError, match="is not a network"):
            so.to_nir("net", weights)  # type: ignore[arg-type]
        with pytest.raises(so.DataError, match=r"weights 'h.weight': they are missing"):
            so.to_nir(network, {n: w for n, w in weights.items() if n != "h.weight"})

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_alif_and_equations_are_refused_by_name(self, encoding: Any) -> None:
        x = so.Input(2, name="x")
        for neuron in (so.ALIF(name="slow"), so.Neuron.from_equations(a="0.9*a + i", b="0.8*b + a", name="slow")):
            network = so.Network(x, so.LI(name="y")(so.Dense(1)(neuron(so.Dense(2)(x)))))
            shapes = {"slow.weight": (2, 2), "slow.bias": (2,), "y.weight": (1, 2), "y.bias": (1,)}
            with pytest.raises(so.CompileError, match="layer 'slow': NIR has no node for a"):
                so.to_nir(network, {n: np.ones(s) for n, s in shapes.items()}, encoding=encoding)

    def test_dense_connections_into_images_are_refused_by_name(self) -> None:
        x, image = so.Input(4, name="x"), so.Input((1, 2, 2), name="image")
        h = so.LIF(name="maps")(so.Dense()(x) + so.Conv2d(1, 1)(image))
        network = so.Network([x, image], so.LI(name="y")(so.Dense(1)(h)))
        weights = {v.name: np.ones(v.shape) for v in lower_network(network).variables if v.kind in ("weight", "bias")}
        with pytest.raises(so.CompileError, match=r"layer 'maps': Dense feeds a layer of shape \(1, 2, 2\)"):
            so.to_nir(network, weights, encoding="exact")

    def test_decays_of_one_among_others_are_refused_by_name(self) -> None:
        x = so.Input(2, name="x")
        network = so.Network(x, so.LI(np.array([0.5, 1.0]), name="mixed")(so.Dense(2)(x)))
        with pytest.raises(so.CompileError, match="layer 'mixed': some neurons have beta = 1"):
            so.to_nir(network, {"mixed.weight": np.ones((2, 2)), "mixed.bias": np.ones(2)})

    def test_names_that_a_file_cannot_hold(self) -> None:
        x = so.Input(2, name="a/b")
        network = so.Network(x, so.LI(name="y")(so.Dense(2)(x)))
        with pytest.raises(so.CompileError, match="layer 'a/b'"):
            so.to_nir(network, {"y.weight": np.ones((2, 2)), "y.bias": np.ones(2)})

    def test_only_readouts(self) -> None:
        x = so.Input(2, name="x")
        network = so.Network(x, so.LI(name="y")(so.Dense(2)(x)))
        with pytest.raises(so.CompileError, match="no layer spikes"):
            so.to_nir(network, {"y.weight": np.ones((2, 2)), "y.bias": np.ones(2)}, readouts=False)

    def test_weights_that_overflow(self) -> None:
        x = so.Input(2, name="x")
        network = so.Network(x, so.LI(1 - 2**-30, name="y")(so.Dense(2)(x)))
        big = {"y.weight": np.full((2, 2), 1e35, np.float32), "y.bias": np.ones(2, np.float32)}
        with pytest.raises(so.CompileError, match=r"weights 'y.weight': they are too large for float32"):
            so.to_nir(network, big)
