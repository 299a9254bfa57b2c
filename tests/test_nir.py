"""NIR: what is exported comes back to the last bit, in memory and by file; what cannot be said is refused by name."""

from __future__ import annotations

import warnings
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import snnopt as so
from snnopt.lower import lower_network
from snnopt.model.neurons import EquationNeuron
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
