"""NIR graphs of other hands: what can be expressed here is, against NIR's own equations; the rest is refused by name."""

from __future__ import annotations

import contextlib
import itertools
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import snnopt as so

nir = pytest.importorskip("nir")
Array = np.ndarray[Any, Any]
DT = 1e-3
IMAGE, MAPS = (1, 6, 6), (2, 4, 4)


def chain(*nodes: Any, names: tuple[str, ...] = (), size: tuple[int, ...] = (3,), out: int = 4, **options: Any) -> Any:
    """Input -> nodes -> Output, unchecked by package nir."""
    called = ["in", *(names or tuple(f"n{k}" for k in range(len(nodes)))), "out"]
    made = [nir.Input(input_type=np.array(size)), *nodes, nir.Output(output_type=np.array([out]))]
    edges = list(itertools.pairwise(called))
    return nir.NIRGraph(nodes=dict(zip(called, made, strict=True)), edges=edges, type_check=False, **options)


def affine(out: int = 4, fan_in: int = 3) -> Any:
    rng = np.random.default_rng(out)
    return nir.Affine(weight=rng.standard_normal((out, fan_in)), bias=rng.standard_normal(out))


def lif(n: int = 4, **changes: Any) -> Any:
    numbers = {"tau": np.full(n, 1e-2), "r": np.ones(n), "v_leak": np.zeros(n), "v_threshold": np.full(n, 0.1)}
    return nir.LIF(**(numbers | {"v_reset": np.zeros(n)} | changes))


def taken(graph: Any, dt: float | None = DT, **options: Any) -> so.Imported:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", so.ResetMismatchWarning)
        return so.from_nir(graph, dt, on_reset_mismatch="warn", **options)


def numbers(n: int, low: float, high: float) -> st.SearchStrategy[Array]:
    return st.lists(st.floats(low, high), min_size=n, max_size=n).map(np.array)


class TestEquations:
    """Against NIR's equations by Euler's method, with subtraction one step late."""

    X = np.random.default_rng(1).uniform(0, 2, (15, 2, 3))

    @hypothesis.given(
        tau=numbers(4, 2e-3, 5e-2),
        r=numbers(4, -2.0, 20.0),
        leak=numbers(4, -0.3, 0.3),
        theta=numbers(4, 0.05, 1.5),
        euler=st.booleans(),
    )
    def test_lif(self, tau: Array, r: Array, leak: Array, theta: Array, euler: bool) -> None:
        """Gains go into weights, leak potentials into biases."""
        w = affine()
        graph = chain(w, lif(tau=tau, r=r, v_leak=leak, v_threshold=theta), names=("w", "a"))
        found = taken(graph, method="euler" if euler else "exp")
        ours = so.simulate(found.network, found.weights, self.X)["a"]
        left = 1 - DT / tau if euler else np.exp(-DT / tau)
        v, s, potentials = np.zeros((2, 4)), np.zeros((2, 4)), []
        for k, x in enumerate(self.X):
            v = left * v + (1 - left) * (leak + r * (x @ w.weight.T + w.bias)) - theta * s
            s = ours.spikes[k]  # type: ignore[index]
            assert np.array_equal(s, v > theta) or np.abs(v - theta).min() < 1e-9
            potentials.append(v)
        np.testing.assert_allclose(ours.potentials, potentials, atol=1e-9, rtol=1e-9)

    @hypothesis.given(
        fast=numbers(4, 2e-3, 5e-2), slow=numbers(4, 2e-3, 5e-2), r=numbers(4, 0.0, 20.0), w_in=numbers(4, 0.0, 20.0)
    )
    def test_cuba_lif(self, fast: Array, slow: Array, r: Array, w_in: Array) -> None:
        w, zero = affine(), np.zeros(4)
        node = nir.CubaLIF(
            tau_syn=fast, tau_mem=slow, r=r, v_leak=zero, v_threshold=zero + 0.1, v_reset=zero, w_in=w_in
        )
        found = taken(chain(w, node, names=("w", "a")))
        ours = so.simulate(found.network, found.weights, self.X)["a"]
        c, v, s = np.zeros((2, 4)), np.zeros((2, 4)), np.zeros((2, 4))
        for k, x in enumerate(self.X):
            c = c + DT / fast * (-c + w_in * (x @ w.weight.T + w.bias))
            v = v + DT / slow * (-v + r * c) - 0.1 * s
            s = ours.spikes[k]  # type: ignore[index]
            np.testing.assert_allclose(ours.potentials[k], v, atol=1e-9, rtol=1e-9)

    def test_if_li_and_i(self) -> None:
        w, u, r = affine(), affine(4, 4), np.array([1.0, 2.0, 0.5, 3.0])
        li = nir.LI(tau=np.full(4, 5e-3), r=r, v_leak=r / 10)
        graph = chain(w, nir.IF(r=r, v_threshold=r, v_reset=np.zeros(4)), u, li, names=("w", "a", "u", "b"))
        found = taken(graph)
        ours = so.simulate(found.network, found.weights, self.X)
        v, s, b = np.zeros((2, 4)), np.zeros((2, 4)), np.zeros((2, 4))
        for k, x in enumerate(self.X):
            v = v + r * (x @ w.weight.T + w.bias) - r * s
            s = (v > r).astype(float)
            b = b + DT / 5e-3 * (r / 10 - b + r * (s @ u.weight.T + u.bias))
            np.testing.assert_allclose(ours["a"].potentials[k], v, atol=1e-9)
            np.testing.assert_array_equal(ours["a"].spikes[k], s)  # type: ignore[index]
            np.testing.assert_allclose(ours["b"].potentials[k], b, atol=1e-9)
        summed = taken(chain(w, nir.I(r=r), names=("w", "a")))
        total = so.simulate(summed.network, summed.weights, self.X)["a"].potentials[-1]
        np.testing.assert_allclose(total, np.sum([r * (x @ w.weight.T + w.bias) for x in self.X], 0))

    def test_a_bias_on_the_way_back_is_kept(self) -> None:
        """A recurrent connection has no bias here, so it becomes feedback one step late that has one."""
        w, back = affine(), affine(4, 4)
        graph = chain(w, lif(), names=("w", "a"))
        graph.nodes["back"] = back
        graph.edges += [("a", "back"), ("back", "a")]
        found = taken(graph)
        ours = so.simulate(found.network, found.weights, self.X)["a"]
        v, s = np.zeros((2, 4)), np.zeros((2, 4))
        for k, x in enumerate(self.X):
            v = v + DT / 1e-2 * (-v + x @ w.weight.T + w.bias + s @ back.weight.T + back.bias) - 0.1 * s
            s = (v > 0.1).astype(float)
            np.testing.assert_array_equal(ours.spikes[k], s)  # type: ignore[index]
        assert set(found.weights) == {"w.weight", "w.bias", "back.weight", "back.bias"}

    def test_images(self) -> None:
        """Convolution, pooling and a flattening that counts the axis of samples, against plain loops."""
        conv = nir.Conv2d(
            input_shape=(6, 6),
            weight=np.random.default_rng(0).standard_normal((2, 1, 3, 3)),
            stride=1,
            padding="same",
            dilation=1,
            groups=1,
            bias=np.array([0.1, -0.2]),
        )
        pool = nir.AvgPool2d(kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0]))
        n = (2, 3, 3)
        neuron = nir.LI(tau=np.full(n, 1e-2), r=np.full(n, 10.0), v_leak=np.zeros(n))
        flat, w = nir.Flatten(input_type=np.array(n), start_dim=1), affine(4, 18)
        graph = chain(conv, pool, neuron, flat, w, lif(), size=(1, 6, 6))
        found = taken(graph)
        x = np.random.default_rng(3).uniform(0, 1, (1, 1, 1, 6, 6))
        ours = so.simulate(found.network, found.weights, x)
        padded = np.pad(x[0, 0, 0], 1)
        maps = [
            [[np.sum(padded[i : i + 3, j : j + 3] * k[0]) for j in range(6)] for i in range(6)] for k in conv.weight
        ]
        pooled = np.array(maps).reshape(2, 3, 2, 3, 2).mean((2, 4)) + conv.bias[:, None, None]
        np.testing.assert_allclose(ours["n2"].potentials[0, 0], pooled, atol=1e-12)
        expected = 0.1 * (w.weight @ pooled.ravel() + w.bias)
        np.testing.assert_allclose(ours["n5"].potentials[0, 0], expected, atol=1e-12)

    def test_delays_are_whole_steps(self) -> None:
        found = taken(chain(nir.Delay(delay=np.full(3, 3 * DT)), affine(), lif(), names=("d", "w", "a")))
        plain = taken(chain(affine(), lif(), names=("w", "a")))
        late = so.simulate(found.network, found.weights, self.X)["a"].potentials
        shifted = np.concatenate([np.zeros((3, 2, 3)), self.X[:-3]])
        np.testing.assert_array_equal(late, so.simulate(plain.network, plain.weights, shifted)["a"].potentials)


class TestEdited:
    """Plain numbers count; notes only mend rounding."""

    @staticmethod
    def ours() -> tuple[so.Network, dict[str, Array], Any]:
        x = so.Input(3, name="x")
        h = so.LIF(0.9, name="h")(so.Sparse(np.eye(4, 3), name="w")(x))
        network = so.Network(x, so.LI(0.9, name="y")(so.Dense(2)(h)))
        rng = np.random.default_rng(0)
        weights = {"w.weight": rng.standard_normal((4, 3)) * np.eye(4, 3), "w.bias": rng.standard_normal(4)}
        weights |= {"y.weight": rng.standard_normal((2, 4)), "y.bias": rng.standard_normal(2)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return network, weights, so.to_nir(network, weights, on_reset_mismatch="warn", data=np.ones((2, 1, 3)))

    def test_an_edited_weight_is_taken_and_the_others_stay_exact(self) -> None:
        _, weights, graph = self.ours()
        graph.nodes["y.weight"].weight[0, 0] = 5.0
        found = so.from_nir(graph).weights["y.weight"]
        assert found[0, 0] == pytest.approx(0.5, rel=1e-12)
        np.testing.assert_array_equal(found.ravel()[1:], weights["y.weight"].ravel()[1:])

    def test_an_edited_time_constant_and_threshold_are_taken(self) -> None:
        _, _, graph = self.ours()
        graph.nodes["h"].tau[:] *= 2
        graph.nodes["h"].v_threshold[:] = 3.0
        (h, _) = so.from_nir(graph).network.populations
        assert h.neuron.beta == pytest.approx(0.95, rel=1e-12)  # type: ignore[attr-defined]
        assert h.neuron.threshold == 3.0  # type: ignore[attr-defined]

    def test_a_weight_outside_the_noted_mask_makes_the_connection_dense(self) -> None:
        _, _, graph = self.ours()
        assert "sparse(" in str(so.from_nir(graph))
        graph.nodes["w.weight"].weight[3, 0] = 1.0
        found = so.from_nir(graph)
        assert "sparse(" not in str(found) and found.weights["w.weight"][3, 0] == pytest.approx(0.1)

    @pytest.mark.parametrize("note", [np.full((2, 4), 2**40), np.full((2, 4), 100, np.int8), np.zeros(3), "no", 7])
    def test_notes_that_are_more_than_rounding_are_left_alone(self, note: Any) -> None:
        _, weights, graph = self.ours()
        graph.nodes["y.weight"].metadata["weight_steps"] = note
        np.testing.assert_allclose(so.from_nir(graph).weights["y.weight"], weights["y.weight"], rtol=1e-14)

    def test_another_time_step_is_taken_where_it_is_given(self) -> None:
        _, _, graph = self.ours()
        (h, _) = so.from_nir(graph, dt=5e-5).network.populations
        assert h.neuron.beta == pytest.approx(0.95, rel=1e-12)  # type: ignore[attr-defined]

    def test_without_notes_it_is_another_tool_s_network(self) -> None:
        _, weights, graph = self.ours()
        for node in graph.nodes.values():
            node.metadata = {}
        with pytest.raises(so.ModelError, match="LIF node 'h': it resets to a fixed potential"):
            so.from_nir(graph)
        found = taken(graph, None)
        np.testing.assert_allclose(found.weights["y.weight.weight"], weights["y.weight"], rtol=1e-14)


def conv(**changes: Any) -> Any:
    numbers = {
        "input_shape": None,
        "weight": np.ones((2, 1, 3, 3)),
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
    }
    return nir.Conv2d(**(numbers | {"bias": np.zeros(2)} | changes))


def pooling(**changes: Any) -> Any:
    two = np.array([2, 2])
    return nir.AvgPool2d(**({"kernel_size": two, "stride": two, "padding": np.array([0, 0])} | changes))


def maps_lif(**changes: Any) -> Any:
    one, zero = np.ones(MAPS), np.zeros(MAPS)
    return nir.LIF(**({"tau": one, "r": one, "v_leak": zero, "v_threshold": one, "v_reset": zero} | changes))


def edited(change: Callable[[Any], object]) -> Any:
    graph = chain(affine(), lif(), names=("w", "a"))
    change(graph)
    return graph


two = np.array([2, 2])

REFUSED: dict[str, tuple[Any, str]] = {
    "sum pooling": (
        chain(nir.SumPool2d(kernel_size=two, stride=two, padding=two), lif(), size=IMAGE),
        "SumPool2d node 'n0'",
    ),
    "scale": (chain(nir.Scale(scale=np.ones(3)), affine(), lif()), "Scale node 'n0': there is no scaling"),
    "graph in graph": (chain(affine(), lif(), chain(affine(4, 4), lif())), "NIRGraph node 'n2': it is a graph within"),
    "cuba li": (
        chain(affine(), nir.CubaLI(np.ones(4), np.ones(4), np.ones(4), np.zeros(4)), lif()),
        "CubaLI node 'n1'",
    ),
    "v_reset": (chain(affine(), lif(v_reset=np.array([0, 0, 0.1, 0]))), "LIF node 'n1': its v_reset is not zero"),
    "threshold": (chain(affine(), lif(v_threshold=np.zeros(4))), "its v_threshold is not positive"),
    "tau": (chain(affine(), lif(tau=np.array([1, 1, -1, 1.0]))), "its tau is not positive"),
    "short tau": (chain(affine(), lif(tau=np.full(4, DT / 2))), "dt = 0.001 s is not shorter than its tau of 0.0005 s"),
    "NaN": (chain(affine(), lif(r=np.array([1, np.nan, 1, 1]))), "its r is not made of finite numbers"),
    "text": (chain(affine(), lif(r=np.array(["a", "b", "c", "d"]))), "its r is not made of finite numbers"),
    "scalars": (chain(affine(1), nir.LIF(*[np.array(0.5)] * 5)), "LIF node 'n1': its r has shape ()"),
    "fan-in": (chain(affine(4, 7), lif()), "Affine node 'n0': it takes 7 values, and gets a signal of shape (3,)"),
    "width": (chain(affine(5), lif()), "LIF node 'n1': its neurons have shape (4,), and a current of shape (5,)"),
    "image to dense": (chain(affine(4, 36), lif(), size=IMAGE), "gets a signal of shape (1, 6, 6)"),
    "stacked weights": (chain(nir.Linear(weight=np.ones((2, 4, 3))), lif()), "its weights have shape (2, 4, 3)"),
    "bias": (chain(nir.Affine(weight=np.ones((4, 3)), bias=np.ones(3)), lif()), "its bias has shape (3,)"),
    "two weights": (chain(affine(5), affine(4, 5), lif()), "'n0' before it, without a neuron between"),
    "no neuron": (chain(affine()), "Output node 'out': it reads Affine node 'n0', not one layer"),
    "threshold alone": (
        chain(affine(), nir.Threshold(threshold=np.ones(4))),
        "Threshold node 'n1': it is not fed by a membrane",
    ),
    "direct with gain": (chain(lif(3), size=(3,)), "LIF node 'n0': no weights before it can take the factor of its r"),
    "direct with leak": (
        chain(lif(3, r=np.full(3, 10.0), v_leak=np.full(3, 0.2)), size=(3,)),
        "its v_leak is not zero, and no weights",
    ),
    "leak and a way back alone": (
        edited(
            lambda g: (
                g.nodes.update(w=nir.Delay(delay=np.zeros(3)), a=lif(3, r=np.full(3, 10.0), v_leak=np.full(3, 0.2))),
                g.nodes.update(u=nir.Linear(weight=np.ones((3, 3)))),
                g.edges.extend([("a", "u"), ("u", "a")]),
            )
        ),
        "its v_leak is not zero, and no weights",
    ),
    "cuba leak": (
        chain(affine(), nir.CubaLIF(*[np.full(4, 0.1)] * 3, np.ones(4), np.ones(4))),
        "CubaLIF node 'n1': its v_leak",
    ),
    "odd delay": (chain(nir.Delay(delay=np.full(3, 1.5 * DT)), affine(), lif()), "is no whole number of steps"),
    "negative delay": (chain(nir.Delay(delay=np.full(3, -DT)), affine(), lif()), "is no whole number of steps"),
    "many delays": (chain(nir.Delay(delay=DT * np.arange(3)), affine(), lif()), "its delays differ"),
    "groups": (chain(conv(groups=2), lif(), size=IMAGE), "it has groups or dilation"),
    "dilation": (chain(conv(dilation=2), lif(), size=IMAGE), "it has groups or dilation"),
    "channels": (
        chain(conv(weight=np.ones((2, 3, 3, 3))), lif(), size=IMAGE),
        "Conv2d node 'n0': its weights have shape",
    ),
    "large kernel": (chain(conv(weight=np.ones((2, 1, 9, 9))), lif(), size=IMAGE), "its kernel does not fit"),
    "same padding": (chain(conv(padding="same", stride=2), lif(), size=IMAGE), "padding 'same'"),
    "stride": (chain(conv(stride=(0, 1)), lif(), size=IMAGE), "its stride is [0, 1]"),
    "channels that differ in tau": (
        chain(conv(), maps_lif(tau=1e-2 * (1 + np.arange(32.0).reshape(MAPS))), size=IMAGE),
        "neurons of LIF node 'n1' that share these weights differ in r or tau",
    ),
    "overlapping pools": (
        chain(pooling(stride=np.array([1, 1])), lif(), size=IMAGE),
        "AvgPool2d node 'n0': its windows",
    ),
    "padded pools": (chain(pooling(padding=np.array([1, 1])), lif(), size=IMAGE), "AvgPool2d node 'n0': its windows"),
    "pool of a vector": (chain(pooling(), lif()), "it pools 2 x 2 values, and gets a signal of shape (3,)"),
    "part of the axes": (
        chain(nir.Flatten(input_type=np.array(IMAGE), start_dim=0, end_dim=1), lif(), size=IMAGE),
        "it flattens axes 0 to 1",
    ),
    "unknown end": (edited(lambda g: g.edges.append(("a", "b"))), "there is no node 'b'"),
    "twice": (edited(lambda g: g.edges.append(("w", "a"))), "it is there twice"),
    "no output": (edited(lambda g: g.nodes.pop("out") and g.edges.pop()), "it has no output node"),
    "no input": (edited(lambda g: g.nodes.pop("in") and g.edges.pop(0)), "it has no input node"),
    "output of nothing": (edited(lambda g: g.edges.pop()), "nothing feeds its output"),
    "lonely layer": (edited(lambda g: g.nodes.update(b=lif())), "LIF node 'b': nothing feeds it"),
    "sum before weights": (edited(lambda g: g.edges.append(("a", "w"))), "its weights take a sum of signals"),
    "cycle without neuron": (
        edited(lambda g: (g.nodes.update(f=nir.Delay(delay=np.zeros(4))), g.edges.extend([("f", "f"), ("f", "a")]))),
        "Delay node 'f': it is in a cycle of connections",
    ),
    "prompt cycle": (
        edited(
            lambda g: (
                g.nodes.update(b=lif(), u=affine(4, 4), d=affine(4, 4)),
                g.edges.extend([("a", "u"), ("u", "b"), ("b", "d"), ("d", "a")]),
            )
        ),
        "the cycle among the nodes 'a', 'b' has no delay",
    ),
    "input's shape": (
        edited(lambda g: g.nodes.update({"in": nir.Input(input_type=np.array([0]))})),
        "its shape is [0]",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_expressed_is_refused_by_name(what: str) -> None:
    graph, message = REFUSED[what]
    with pytest.raises(so.ModelError) as caught:
        taken(graph)
    assert message in str(caught.value)


class TestArguments:
    def test_a_graph_of_unknown_step(self) -> None:
        with pytest.raises(so.ModelError, match="does not say what its time step is"):
            taken(chain(affine(), lif()), None)

    @pytest.mark.parametrize("dt", [0, -1e-3, np.nan, np.inf, "1e-3", True, [1e-3]])
    def test_wrong_steps(self, dt: Any) -> None:
        with pytest.raises(so.ModelError, match="dt = "):
            so.from_nir(chain(affine(), lif()), dt)

    def test_wrong_words(self) -> None:
        for wrong, right in (({"method": "eular"}, "euler"), ({"on_reset_mismatch": "error!"}, "error")):
            with pytest.raises(so.UnknownNameError, match=f"did you mean '{right}'"):
                so.from_nir(chain(affine(), lif()), DT, **wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize("graph", [None, 7, lif(), [lif()], np.zeros(3)])
    def test_what_is_no_graph(self, graph: Any) -> None:
        with pytest.raises(so.ModelError, match="is not a NIR graph"):
            so.from_nir(graph)

    def test_names_with_dots(self) -> None:
        found = taken(chain(affine(), lif(), names=("fc.1", "fc_1")))
        assert set(found.network.by_name) == {"in", "fc_1"} and set(found.weights) == {"fc.1.weight", "fc.1.bias"}
        found = taken(chain(affine(), lif(), names=("w", "lif.1")))
        assert set(found.network.by_name) == {"in", "lif_1"}

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        graph = chain(affine(), lif())
        monkeypatch.setitem(__import__("sys").modules, "nir", None)
        with pytest.raises(so.MissingPackageError, match=r"pip install 'snnopt\[nir\]'"):
            so.from_nir(graph)


class TestFiles:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        nir.write(tmp_path / "net.nir", chain(affine(), lif(), metadata={"dt": DT}))
        return tmp_path / "net.nir"

    def test_text_and_path_objects(self, path: Path) -> None:
        assert set(taken(str(path), None).weights) == set(taken(path, None).weights)

    def test_missing_files_and_folders(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"nope.nir"):
            so.from_nir(tmp_path / "nope.nir")
        with pytest.raises(so.FileError, match="it is a folder"):
            so.from_nir(tmp_path)

    @pytest.mark.parametrize("damage", [b"", b"not hdf5", "cut", "zeros"])
    def test_damaged_files(self, path: Path, damage: Any) -> None:
        whole = path.read_bytes()
        path.write_bytes(
            damage if isinstance(damage, bytes) else whole[:3000] if damage == "cut" else bytes(len(whole))
        )
        with pytest.raises(so.FileError, match="damaged, or no NIR file"):
            so.from_nir(path)

    def test_other_hdf5_files(self, tmp_path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        with h5py.File(tmp_path / "x.nir", "w") as file:
            file["a"] = np.zeros(3)
        with pytest.raises(so.FileError, match="no NIR file"):
            so.from_nir(tmp_path / "x.nir")

    def test_every_flipped_byte_is_told_or_harmless(self, path: Path) -> None:
        """Whatever a damaged file holds, only errors of ours come out."""
        whole = bytearray(path.read_bytes())
        rng = np.random.default_rng(0)
        for at in rng.integers(0, len(whole), 60):
            broken = bytearray(whole)
            broken[at] ^= int(rng.integers(1, 256))
            path.write_bytes(broken)
            with contextlib.suppress(so.SnnoptError):
                taken(os.fspath(path), None)
