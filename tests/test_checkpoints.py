"""Checkpoints: a resumed run is the run that was not stopped, to the last bit; files that cannot be written or read."""

from __future__ import annotations

import dataclasses
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import ALGORITHMS
from snnopt.penalties import CONTROLLERS
from snnopt.runtime.snapshots import flatten, unflatten

RNG = np.random.default_rng(0)
X = RNG.random((6, 40, 4))
LABELS = RNG.integers(0, 3, 40)
LENGTHS = RNG.integers(3, 7, 40)


def plain(**more: Any) -> so.Problem:
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(7)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) + 0.01 * so.SpikeCost(h) + 1e-3 * so.L2(h.weights))


def constrained() -> so.Problem:
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(7)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h))
    limits = [so.Box(h.weights, -0.6, 0.6), so.SpikeBudget(h, 0.15)]
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) + 1e-3 * so.L1(h.weights) + 1e-3 * so.L1(y.weights), limits)


def recurrent() -> so.Problem:
    x = so.Input(4, name="x")
    h = so.ALIF(beta=0.8, recurrent=so.Dense(), name="h")(so.Dense(7)(x))
    y = so.LI(beta=np.array([0.5, 0.7, 0.9]), name="y")(so.Dense(3)(h) + so.Dense(3)(x))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y, over="max"))


PROBLEMS = {"plain": plain, "constrained": constrained, "recurrent": recurrent}
KEPT = {"max_iter": 9, "warm_up": 2}
SETTINGS: dict[str, dict[str, Any]] = {"online": {"epochs": 9, "batch_size": 13}, "rollout": {"max_iter": 9}}


def plan_of(problem: str, name: str, **more: Any) -> so.Plan:
    algorithm = ALGORITHMS[name](**{**SETTINGS.get(name, KEPT), **more})
    try:
        return so.compile(PROBLEMS[problem](), algorithm)
    except so.CompileError:
        pytest.skip("this algorithm refuses this network")


def assert_same(a: so.Result, b: so.Result) -> None:
    for weights in ("weights", "last_weights"):
        for n, w in getattr(a, weights).items():
            assert np.array_equal(w, getattr(b, weights)[n]), n
    for x, y in zip(a.history, b.history, strict=True):
        one, other = (json.dumps({**dataclasses.asdict(r), "seconds": 0}) for r in (x, y))
        assert one == other
    assert (a.status, a.message, a.notes) == (b.status, b.message, b.notes)


class Stop:
    """Interrupts a run at a record."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, record: so.Record) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_resumed_run_is_the_uninterrupted_one(name: str, problem: str, dtype: str, tmp_path: Path) -> None:
    plan, path = plan_of(problem, name, dtype=dtype), tmp_path / "run.npz"
    whole = plan.solve(X, LABELS)
    for at in (2, 5, 9):
        stopped = plan.solve(X, LABELS, checkpoint=path, callback=Stop(at))
        assert stopped.status is so.Status.INTERRUPTED and len(stopped.history) == at
        assert_same(plan.solve(X, LABELS, resume=path), whole)
    assert_same(plan.solve(X, LABELS, resume=path), whole)  # of a run that has ended


@pytest.mark.parametrize("kind", CONTROLLERS)
@pytest.mark.parametrize("function", [so.Quadratic, so.Linearised])
def test_controllers_go_on_too(kind: Any, function: Any, tmp_path: Path) -> None:
    dynamics = so.Fixed() if kind.steps_only else kind()
    rule = {"dynamics": function(1.0, control=dynamics), "step": so.ExactStep(0.1, control=kind())}
    plan = so.compile(plain(), so.algorithms.FullDual(max_iter=12, warm_up=1), penalties=rule)
    whole = plan.solve(X, LABELS)
    plan.solve(X, LABELS, checkpoint=tmp_path / "run", callback=Stop(7))
    assert_same(plan.solve(X, LABELS, resume=tmp_path / "run"), whole)


@pytest.mark.parametrize("accelerate", [None, so.Anderson()])
@pytest.mark.parametrize("name", [n for n in ALGORITHMS if n not in SETTINGS])
def test_linearised_dynamics_go_on_too(name: str, accelerate: Any, tmp_path: Path) -> None:
    algorithm = ALGORITHMS[name](**KEPT)  # type: ignore[arg-type]
    plan = so.compile(constrained(), algorithm, penalties={"dynamics": so.Linearised(1.0, prox=1.5)})
    whole = plan.solve(X, LABELS, accelerate=accelerate)
    plan.solve(X, LABELS, accelerate=accelerate, checkpoint=tmp_path / "run", callback=Stop(5))
    assert_same(plan.solve(X, LABELS, accelerate=accelerate, resume=tmp_path / "run"), whole)
    other = so.compile(constrained(), algorithm, penalties={"dynamics": so.Linearised(1.0, prox=2.0)})
    with pytest.raises(so.FileError):
        other.solve(X, LABELS, accelerate=accelerate, resume=tmp_path / "run")


@pytest.mark.parametrize("name", ["online", "rollout"])
def test_series_of_unequal_length_and_validation_go_on_too(name: str, tmp_path: Path) -> None:
    plan = plan_of("recurrent", name)
    given: dict[str, Any] = {"lengths": LENGTHS, "validation": (X, LABELS, LENGTHS)}
    whole = plan.solve(X, LABELS, **given)
    plan.solve(X, LABELS, checkpoint=tmp_path / "run.npz", callback=Stop(4), **given)
    assert_same(plan.solve(X, LABELS, resume=tmp_path / "run.npz", **given), whole)


def test_checkpoints_are_written_when_due(tmp_path: Path) -> None:
    plan, path, seen = plan_of("plain", "rollout", max_iter=7), tmp_path / "run.npz", list[bool]()

    def look(record: so.Record) -> None:
        seen.append(path.exists())
        path.unlink(missing_ok=True)

    plan.solve(X, LABELS, checkpoint=so.Checkpoint(path, every=3), callback=look)
    assert seen == [False, False, False, True, False, False, True]
    assert path.exists(), "the last state is kept whenever the run ends"
    seen.clear()
    path.unlink()
    plan.solve(X, LABELS, checkpoint=so.Checkpoint(path, seconds=3600), callback=look)
    assert seen == [False] * 7 and path.exists()
    assert not list(tmp_path.glob(".*")), "nothing is left beside it"


def test_a_file_that_cannot_be_written_does_not_end_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of("plain", "rollout")
    whole = plan.solve(X, LABELS)
    with pytest.raises(so.FileError, match=r"does not exist.*\n.*make it first"):
        plan.solve(X, LABELS, checkpoint=tmp_path / "no" / "run.npz")

    def full(*args: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with caplog.at_level(logging.WARNING, "snnopt"):
        lost = plan.solve(X, LABELS, checkpoint=tmp_path / "run.npz")
    assert "could not be written" in caplog.text
    (note,) = [n for n in lost.notes if "run.npz could not be written" in n]
    assert "No space left on device" in note and "goes on" in note and "[10 times in all]" in note
    assert_same(dataclasses.replace(lost, notes=whole.notes), whole)
    assert not list(tmp_path.iterdir())


def test_checkpoints_of_something_else_are_refused(tmp_path: Path) -> None:
    plan, path = plan_of("plain", "rollout"), tmp_path / "run.npz"
    plan.solve(X, LABELS, checkpoint=path, callback=Stop(3))
    for other in (
        plan_of("constrained", "rollout"),
        plan_of("plain", "rollout", flips=0.1),
        plan_of("plain", "online"),
    ):
        with pytest.raises(so.FileError, match="another plan"):
            other.solve(X, LABELS, resume=path)
    with pytest.raises(so.FileError, match="another plan"):
        plan.solve(X, LABELS, resume=path, seed=1)
    for data, labels in ((X + 1e-9, LABELS), (X[:, :-1], LABELS[:-1]), (X, LABELS[::-1].copy())):
        with pytest.raises(so.FileError, match="other data"):
            plan.solve(data, labels, resume=path)
    with pytest.raises(FileNotFoundError, match="checkpoint="):
        plan.solve(X, LABELS, resume=tmp_path / "none.npz")
    result = plan.solve(X, LABELS).save(tmp_path / "result.npz")
    with pytest.raises(so.FileError, match=r"holds a result.*\n.*so\.load"):
        plan.solve(X, LABELS, resume=result)
    with pytest.raises(so.FileError, match=r"holds a checkpoint.*\n.*resume="):
        so.load(path)
    content = path.read_bytes()
    for cut in (0, 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(so.FileError, match="damaged"):
            plan.solve(X, LABELS, resume=path)
    with pytest.raises(so.FileError, match="folder"):
        plan.solve(X, LABELS, checkpoint=tmp_path)


def test_files_of_later_versions_are_refused(tmp_path: Path) -> None:
    plan, path = plan_of("plain", "rollout"), tmp_path / "run.npz"
    plan.solve(X, LABELS, checkpoint=path, callback=Stop(2))
    with np.load(path) as archive:
        arrays = {n: archive[n] for n in archive.files}
    arrays["header"] = np.array(str(arrays["header"]).replace('"version": 1', '"version": 2'))
    np.savez(path, **arrays)
    with pytest.raises(so.FileError, match="version 2"):
        plan.solve(X, LABELS, resume=path)
    assert zipfile.is_zipfile(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: so.Checkpoint(3), "path = 3"),  # type: ignore[arg-type]
        (lambda: so.Checkpoint("a", every=0), "every = 0"),
        (lambda: so.Checkpoint("a", every=2.0), "every = 2"),  # type: ignore[arg-type]
        (lambda: so.Checkpoint("a", seconds=-1.0), "seconds = -1"),
    ],
)
def test_wrong_settings_are_refused(make: Any, words: str) -> None:
    with pytest.raises(so.ModelError, match=words):
        make()


def test_arrays_keep_their_axes_in_memory() -> None:
    x = RNG.random((3, 4, 5))
    views: list[Any] = [x, x.T, x.transpose(1, 2, 0), x[:, ::2], np.zeros(()), np.float32(2.5)]
    tree = {"a": views, "b": (None, True, 1.5, "text")}
    plain_tree, arrays = flatten(tree)
    back = unflatten(json.loads(json.dumps(plain_tree)), arrays)
    for old, new in zip(views, back["a"], strict=True):
        assert np.array_equal(old, new) and old.dtype == new.dtype
        assert np.argsort(old.strides).tolist() == np.argsort(new.strides).tolist()
    assert isinstance(back["a"][5], np.float32) and back["b"] == [None, True, 1.5, "text"]
