"""Every model file builds, compiles, tells its plan, agrees with its oracles, and says what it was measured at."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.cli.model_file import load_model
from snnopt.data import DATASETS

MODELS = sorted((Path(__file__).parents[1] / "models").glob("[!_]*.py"))


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
class TestEachModel:
    def test_it_is_compiled_explained_and_verified(self, path: Path) -> None:
        model = load_model(path)
        plan = so.compile(model.problem({}), "online")
        told = plan.explain()
        assert told.endswith("all with closed forms; no CVXPY fallback.")
        for layer in plan.program.hidden:
            assert f"{layer.name}: weights" in told
        report = so.verify(plan, seed=0, trials=1)
        assert {row.block for row in report.rows} == {b.block.name for b in plan.bindings}
        report.raise_if_failed()

    @pytest.mark.parametrize("encoding", ["neurons", "exact"])
    @pytest.mark.filterwarnings("ignore::snnopt.ResetMismatchWarning")
    def test_its_export_opens_elsewhere_and_comes_back(self, path: Path, encoding: Any, tmp_path: Path) -> None:
        """``nir`` reads the file, and the network in it spikes as the model does, bit for bit."""
        nir = pytest.importorskip("nir")
        problem, file = load_model(path).problem({}), tmp_path / "net.nir"
        rng = np.random.default_rng(0)
        program = so.compile(problem).program
        learned = [v for v in program.variables if v.name.endswith((".weight", ".bias"))]
        weights = {v.name: rng.standard_normal(v.shape) / np.sqrt(np.prod(v.shape[1:])) for v in learned}
        data = rng.random((5, 3, *(problem.network.inputs[0].shape or ())))
        nir.write(
            file,
            so.to_nir(problem.network, weights, encoding=encoding, on_reset_mismatch="warn", data=data),
        )
        assert nir.read(file).nodes
        back = so.from_nir(file)
        for name, ours in so.simulate(problem.network, weights, data).items():
            theirs = so.simulate(back.network, back.weights, data)[name]
            np.testing.assert_array_equal(theirs.potentials, ours.potentials)

    def test_it_takes_two_epochs_on_a_few_samples(self, path: Path) -> None:
        problem = load_model(path).problem({})
        program = so.compile(problem).program
        (node,), (output,) = program.inputs, program.outputs
        classes = program.by_name[output].size
        steps, labels = 10, np.arange(2 * classes) % classes
        x = np.random.default_rng(0).random((steps, len(labels), *node.shape))
        found = so.compile(problem, so.Online(epochs=2)).solve(x, labels, seed=0)
        assert len(found.history) == 2
        assert all(np.isfinite(w).all() for w in found.weights.values())
        first, second = found.history["loss"]
        assert np.isfinite([first, second]).all() and first != second, "the second epoch changes nothing"

    def test_it_says_how_it_is_trained_and_what_came_of_it(self, path: Path) -> None:
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert f"snnopt train models/{path.name}" in told
        assert "random" in told and "%" in told, "no figure beside the baseline"

    def test_its_data_fit(self, path: Path) -> None:
        model = load_model(path)
        assert model.data in DATASETS
        problem = model.problem({})
        (node,) = problem.network.inputs
        if model.data == "saccades_34":  # reading them takes seconds
            assert node.shape == (2 * 34**2,)
            return
        d = DATASETS[model.data](seed=0, samples=10)
        assert d.timed or model.timesteps is not None
        assert math.prod(node.shape or ()) == math.prod(d.X_train.shape[2 if d.timed else 1 :])
        (output,) = problem.network.outputs
        (size,) = (c.size for c in so.compile(problem).program.couplings if c.name == output.name)
        assert size == len(d.classes)


def test_the_chip_keeps_its_constraints() -> None:
    model = load_model(Path(__file__).parents[1] / "models" / "digits_chip.py")
    problem = model.problem({"bits": 3, "fan_in": 4, "units": 20})
    d = so.data.digits(samples=200)
    result = so.compile(problem, so.Online(epochs=2)).solve(d.X_train, d.y_train, timesteps=5, seed=0)
    for name, levels in (("hidden.weight", 7), ("readout.weight", 7)):
        w = result.weights[name]
        scale = np.abs(w[w != 0]).min() / np.round(np.abs(w[w != 0]).min() / np.diff(np.unique(np.abs(w))).min())
        steps = w / scale
        assert len(np.unique(w)) <= levels and np.allclose(steps, np.round(steps), atol=1e-4)
    assert (result.weights["hidden.weight"] != 0).sum(1).max() == 4
