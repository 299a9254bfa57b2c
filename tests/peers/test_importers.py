"""Exported files in the hands of real importers: their hidden spikes are those of our replay with resets to zero.

Needs torch, snntorch, norse and nirtorch: ``make peers``. What they found is recorded for the ordinary tests by
``tests/data/record_nir_importers.py``.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from tests.peers.cases import CASES, Case, replay
from tests.peers.importers import imported, spikes

WHY = "needs torch, snntorch, norse and nirtorch; run it by: make peers"
nir = pytest.importorskip("nir")
for package in ("torch", "snntorch", "nirtorch"):
    pytest.importorskip(package, reason=WHY)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("norse.torch", reason=WHY)

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
Array = np.ndarray[Any, Any]
LAYERS = ["h1", "h2"]


def exported(network: so.Network, weights: Any, data: Array, folder: Path) -> Any:
    """Written to a file without its read-out, and read again."""
    with pytest.warns(so.ResetMismatchWarning):
        graph = so.to_nir(network, weights, readouts=False, on_reset_mismatch="warn", data=data)
    nir.write(folder / "net.nir", graph)
    return nir.read(folder / "net.nir")


RUNS = [(case, importer) for case in CASES for importer in case.importers]


@pytest.mark.parametrize(("case", "importer"), RUNS, ids=[f"{c.name}-{i}" for c, i in RUNS])
def test_hidden_spikes_are_those_of_our_replay(case: Case, importer: str, tmp_path: Path) -> None:
    network, weights, data = case.build(), case.weights(), case.data()
    graph = exported(network, weights, data, tmp_path)
    theirs = spikes(imported(importer, graph), data, LAYERS, case.batched)
    ours, own = replay(network, weights, data), so.simulate(network, weights, data)
    for name in LAYERS:
        np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)
        assert 0.05 < ours[name].mean() < 0.95
    assert sum(np.sum(theirs[n] != own[n].spikes) for n in LAYERS) > 50  # so that the reset's kind can be told


def test_norse_runs_one_branch_of_a_skip_a_step_late(tmp_path: Path) -> None:
    """nirtorch goes through a graph depth first: what Norse makes of a skip is our network with a delay on the shorter way.

    Its bias is late with it, so here it is zero.
    """
    case = next(c for c in CASES if c.name == "skip")
    weights, data = case.weights(), case.data()
    weights["h2.1.bias"][:] = 0.0
    theirs = spikes(imported("norse", exported(case.build(), weights, data, tmp_path)), data, LAYERS)
    x = so.Input(5, name="x")
    h = so.LIF(0.9, name="h1")(so.Dense(12)(x))
    late = so.LIF(0.9, name="h2")(so.Dense(8)(h) + so.Dense(8)(so.Delay(1)(x)))
    ours = replay(so.Network(x, late), {n: w for n, w in weights.items() if n[0] == "h"}, data)
    for name in LAYERS:
        np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)


def test_snntorch_does_not_run_recurrent_layers(tmp_path: Path) -> None:
    """If this fails, a newer snnTorch or nirtorch does, and the case belongs to the table."""
    case = next(c for c in CASES if c.name == "recurrent")
    graph = exported(case.build(), case.weights(), case.data(), tmp_path)
    with pytest.raises(AttributeError, match="items"):
        imported("snntorch", graph)


class TestIntegrateAndFireInSnntorch:
    """snnTorch 1.0 makes an IF node a ``Leaky`` that subtracts, but with a decay of 0.9, and hands on a tuple."""

    @staticmethod
    def single(weights: dict[str, Array], data: Array, folder: Path) -> tuple[so.Network, Any]:
        x = so.Input(5, name="x")
        network = so.Network(x, so.LI(0.9, name="readout")(so.Dense(2)(so.IF(name="h1")(so.Dense(12)(x)))))
        return network, imported("snntorch", exported(network, weights, data, folder))

    @staticmethod
    def drive() -> tuple[dict[str, Array], Array]:
        """Multiples of 1/64, so that no sum is rounded; currents below the threshold, so that one reset is enough."""
        rng = np.random.default_rng(0)
        weights = {
            "h1.weight": rng.integers(-6, 13, (12, 5)) / 64,
            "h1.bias": rng.integers(0, 4, 12) / 64,
            "readout.weight": np.ones((2, 12)),
            "readout.bias": np.zeros(2),
        }
        return weights, rng.integers(0, 2, (60, 6, 5)).astype(float)

    def test_as_imported_it_leaks_and_is_another_neuron_of_ours(self, tmp_path: Path) -> None:
        weights, data = self.drive()
        network, module = self.single(weights, data, tmp_path)
        assert float(module.h1.beta) == pytest.approx(0.9)
        theirs, own = spikes(module, data, ["h1"])["h1"], so.simulate(network, weights, data)["h1"].spikes
        assert np.sum(theirs != own) > 50
        (x,) = network.inputs
        leaky = so.Network(x, so.LIF(0.9, reset_delay=False, name="h1")(so.Dense(12)(x)))
        hidden = {n: w for n, w in weights.items() if n[0] == "h"}
        np.testing.assert_array_equal(theirs, so.simulate(leaky, hidden, data)["h1"].spikes)

    def test_with_its_decay_set_to_one_it_is_our_neuron(self, tmp_path: Path) -> None:
        weights, data = self.drive()
        network, module = self.single(weights, data, tmp_path)
        module.h1.beta.fill_(1.0)
        own = so.simulate(network, weights, data)["h1"].spikes
        assert own is not None and own.mean() > 0.1
        np.testing.assert_array_equal(spikes(module, data, ["h1"])["h1"], own)

    def test_two_layers_do_not_run(self, tmp_path: Path) -> None:
        case = next(c for c in CASES if c.name == "if")
        module = imported("snntorch", exported(case.build(), case.weights(), case.data(), tmp_path))
        with pytest.raises(TypeError, match="not tuple"):
            spikes(module, case.data(), LAYERS)
