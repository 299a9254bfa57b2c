"""Recorded traces of snnTorch (``tests/data/record_snntorch.py``): our rollout is the same recurrence.

Three levels, from strict to loose: neurons driven with recorded currents are equal to the last bit; whole networks are,
where every current is the same in any order of summation (``exact``); elsewhere spikes are equal and potentials agree
to rounding.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.backends import Membrane
from snnopt.model import Neuron

TRACES = Path(__file__).parent / "data" / "snntorch_leaky.npz"
RELATIVE = {"float64": 1e-12, "float32": 1e-5}


@cache
def archive() -> Mapping[str, np.ndarray]:
    with np.load(TRACES, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@dataclass(frozen=True)
class Trace:
    """One recorded case."""

    number: int

    @property
    def meta(self) -> dict[str, Any]:
        return json.loads(str(archive()[f"case{self.number}/meta"]))

    @property
    def input(self) -> np.ndarray:
        return archive()[f"case{self.number}/input"]

    @property
    def layers(self) -> range:
        return range(self.meta["layers"])

    def layer(self, j: int, key: str) -> np.ndarray:
        return archive()[f"case{self.number}/layer{j}/{key}"]

    def recorded(self, j: int, key: str) -> bool:
        return f"case{self.number}/layer{j}/{key}" in archive()

    def neuron(self, j: int) -> Neuron:
        """Layer j's neuron in our words; the last layer is the read-out. Another kind of neuron is a line here."""
        meta, named = self.meta, f"layer{j}"
        beta = np.array(meta["beta"][j])
        if j == meta["layers"] - 1:
            return so.LI(beta=beta, name=named)
        theta = np.array(meta["threshold"][j])
        match meta["neuron"]:
            case "Leaky":
                return so.LIF(beta=beta, threshold=theta, name=named)
            case "RLeaky":
                return so.LIF(beta=beta, threshold=theta, recurrent=so.Dense(), name=named)
            case "Synaptic":
                return so.CubaLIF(alpha=meta["alpha"], beta=beta, threshold=theta, name=named)
            case other:
                raise NotImplementedError(other)

    def network(self) -> tuple[so.Network, dict[str, np.ndarray]]:
        """The whole network, and its weights by our names."""
        x = so.Input(self.input.shape[-1], name="input")
        weights, signal = dict[str, np.ndarray](), x
        for j in self.layers:
            signal = self.neuron(j)(so.Dense(len(self.layer(j, "bias")))(signal))  # type: ignore[assignment]
            weights |= {f"layer{j}.{key}": self.layer(j, key) for key in ("weight", "bias")}
            if self.recorded(j, "recurrent_weight"):
                weights[f"layer{j}.recurrent.weight"] = self.layer(j, "recurrent_weight")
        return so.Network(x, signal), weights  # type: ignore[arg-type]


KINDS = ("Leaky", "RLeaky", "Synaptic")
"""Kinds of neurons that the package has."""
CASES = [case for case in map(Trace, range(10)) if case.meta["neuron"] in KINDS]
LAYERS = [(case, j) for case in CASES for j in case.layers]


def label(case: Trace) -> str:
    meta = case.meta
    return f"case{case.number}-{meta['neuron']}-{meta['dtype']}" + ("-exact" if meta["exact"] else "")


def assert_same_bits(found: np.ndarray, recorded: np.ndarray) -> None:
    assert found.dtype == recorded.dtype
    np.testing.assert_array_equal(found, recorded)


def assert_same_potentials(found: np.ndarray, case: Trace, j: int, whole: bool) -> None:
    """To the last bit where the order of operations is snnTorch's, or does not matter; else to rounding.

    A recurrent current is added after the decay there, to the other currents here; a synaptic current is updated
    before it is added there, ``beta v + (alpha c + i)``, within one state space here, ``(beta v + alpha c) + i``.
    """
    potential, meta = case.layer(j, "potential"), case.meta
    ordered = meta["neuron"] == "Leaky" or j == meta["layers"] - 1 or meta["exact_potentials"]
    if ordered and (meta["exact"] or not whole):
        assert_same_bits(found, potential)
    else:
        assert found.dtype == potential.dtype
        assert np.abs(found - potential).max() <= RELATIVE[meta["dtype"]] * np.abs(potential).max()


@pytest.mark.parametrize("case", CASES, ids=label)
def test_whole_networks_spike_alike(case: Trace) -> None:
    network, weights = case.network()
    trace = so.simulate(network, weights, case.input)
    for j in case.layers:
        ours = trace[f"layer{j}"]
        if case.recorded(j, "spike"):
            np.testing.assert_array_equal(ours.spikes, case.layer(j, "spike"))
        else:
            assert ours.spikes is None
        assert_same_potentials(ours.potentials, case, j, whole=True)


@pytest.mark.parametrize(("case", "j"), LAYERS, ids=[f"{label(case)}-layer{j}" for case, j in LAYERS])
def test_kernels_repeat_recorded_potentials(case: Trace, j: int) -> None:
    """Step by step from recorded currents and spikes: bit for bit for a LIF and a read-out."""
    current = case.layer(j, "current")
    if case.recorded(j, "recurrent_current"):
        current = current + case.layer(j, "recurrent_current")
    membrane, spikes = Membrane(case.neuron(j).state_space(), current.dtype), None
    found = np.empty_like(current)
    for t in range(len(current)):
        membrane.step(current[t], spikes, found[t])
        spikes = case.layer(j, "spike")[t].astype(current.dtype) if case.recorded(j, "spike") else None
    assert_same_potentials(found, case, j, whole=False)


FED = [(case, j) for case, j in LAYERS if not case.recorded(j, "recurrent_weight")]


@pytest.mark.parametrize(("case", "j"), FED, ids=[f"{label(case)}-layer{j}" for case, j in FED])
def test_a_layer_fed_with_recorded_currents_is_the_recorded_one(case: Trace, j: int) -> None:
    current = case.layer(j, "current")
    x = so.Input(current.shape[-1], name="current")
    ours = so.simulate(so.Network(x, case.neuron(j)(x)), {}, current)[f"layer{j}"]
    assert_same_potentials(ours.potentials, case, j, whole=False)
    if case.recorded(j, "spike"):
        np.testing.assert_array_equal(ours.spikes, case.layer(j, "spike"))


def test_recorded_cases_hold_the_hard_situations() -> None:
    """Ties with the threshold, strong drive, parameters per neuron, both dtypes and recurrence are all among them."""
    metas = [case.meta for case in CASES]
    assert any(m["ties"] for m in metas)
    assert any(max(m["rates"]) > 0.9 for m in metas)
    assert any(len(m["beta"][0]) > 1 for m in metas)
    assert {m["dtype"] for m in metas} == {"float32", "float64"}
    assert {m["neuron"] for m in metas} == set(KINDS)
