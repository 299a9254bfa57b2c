"""Data in parts, read one after the other: the same weights as from data in memory, and no more memory than a part takes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import snnopt as so
from snnopt.api.training_data import rolled_out
from snnopt.runtime.executors import Setup
from snnopt.runtime.shards.sharded import Sharded
from snnopt.runtime.sums import Sums
from tests.shards import CLASSES, FEATURES, T, apart, problem, rollout, samples

X, Y = samples()
CLOSE = 1e-10


@pytest.fixture(scope="module")
def whole() -> so.Result:
    return rollout().solve(X, Y, timesteps=T)


# ---- the same weights, whatever the shards


@given(st.integers(0, 2**20), st.booleans(), st.sampled_from([1.0, 2e5, 2.0**28]))
def test_rollout_is_that_of_data_in_memory_whatever_the_sharding(seed: int, shuffled: bool, memory: float) -> None:
    """Shards of no sample among them; kept all, some or none between rounds. In another order, they may start elsewhere."""
    rng = np.random.default_rng(seed)
    plan = rollout(8)
    order = rng.permutation(len(X)) if shuffled else np.arange(len(X))
    cuts = np.sort(rng.integers(0, len(X) + 1, rng.integers(0, 6)))
    parts = [(X[some], Y[some]) for some in np.split(order, cuts)]
    start = plan.solve(X, Y, timesteps=T, time_limit=1e-9, seed=seed).weights
    expected = plan.solve(X, Y, timesteps=T, weights=start)
    found = plan.solve(so.Shards(parts), timesteps=T, weights=start, executor=so.LocalExecutor(memory=memory))
    assert apart(expected, found) < CLOSE and found.status is expected.status
    for a, b in zip(expected.history, found.history, strict=True):
        assert b.loss == pytest.approx(a.loss, rel=CLOSE) and b.accuracy == pytest.approx(a.accuracy)
        assert b.penalty == pytest.approx(a.penalty, rel=1e-9) and b.step == a.step
        assert b.firing_rate == pytest.approx(a.firing_rate, rel=1e-12)
        if not shuffled:  # flips are counted on some samples, and these are the same
            assert b.flips == pytest.approx(a.flips, nan_ok=True)
            assert b.rollout_gap == pytest.approx(a.rollout_gap, nan_ok=True)


SERIES = np.random.default_rng(3).uniform(0, 1, (9, 40, FEATURES))
LENGTHS = np.random.default_rng(4).integers(3, 10, 40)
LABELS = np.random.default_rng(5).integers(0, CLASSES, 40)


def recurrent() -> so.Problem:
    x = so.Input(FEATURES, name="x")
    h = so.LIF(beta=0.9, name="h", recurrent=so.Dense())(so.Dense(12)(x))
    g = so.ALIF(beta=0.9, name="g")(so.Dense(8)(h) + so.Dense(8)(so.Delay(2)(x)))
    y = so.LI(beta=0.9, name="y")(so.Dense(CLASSES)(g))
    budget = so.SpikeBudget(h, 0.05)
    return so.Problem(
        so.Network(x, y, feedback={h: so.Dense()(so.Delay(1)(g))}),
        so.CrossEntropy(y) + 0.1 * so.SpikeCost(g) + 1e-3 * so.L2(h.weights),
        [budget, so.Grid(g.weights, bits=4)],
    )


def two_losses() -> so.Problem:
    x = so.Input(FEATURES, name="x")
    h = so.LIF(beta=0.9, name="h")(so.Dense(12)(x))
    u = so.LI(beta=0.9, name="u")(so.Dense(4)(h))
    y = so.LI(beta=0.9, name="y")(so.Dense(CLASSES)(u) + so.Dense(CLASSES)(h))
    counted = so.LIF(beta=0.9, name="counted")(so.Dense(CLASSES)(h))
    loss = so.Hinge(y, over="max") + 0.5 * so.CrossEntropy(y) + 0.1 * so.CrossEntropy(counted, over="count")
    return so.Problem(so.Network(x, [y, counted]), loss)


@pytest.mark.parametrize("make", [recurrent, two_losses])
def test_of_every_kind_of_network(make: Callable[[], so.Problem]) -> None:
    """Feedback, delays, budgets, costs, grids, several losses and read-outs, layers that do not spike; series by length."""
    plan = so.compile(make(), so.Rollout(max_iter=10, dtype="float64"))
    outputs = [t.owner for t in plan.program.losses]
    y: Any = dict.fromkeys(outputs, LABELS) if len(set(outputs)) > 1 else LABELS
    expected = plan.solve(SERIES, y, lengths=LENGTHS)
    for size in (7, 40):
        found = plan.solve(SERIES, y, lengths=LENGTHS, executor=so.LocalExecutor(samples=size, memory=1))
        assert apart(expected, found) < CLOSE and found.status is expected.status
        assert [r.loss for r in found.history] == pytest.approx([r.loss for r in expected.history], rel=CLOSE)


def test_real_targets_and_several_inputs() -> None:
    a, b = so.Input(4, name="a"), so.Input(2, name="b")
    h = so.LIF(beta=0.9, name="h")(so.Dense(10)(a) + so.Dense(10)(b))
    y = so.LI(beta=0.9, name="y")(so.Dense(2)(h))
    plan = so.compile(so.Problem(so.Network([a, b], y), so.SquaredError(y)), so.Rollout(max_iter=8, dtype="float64"))
    data, targets = {"a": X[:, :4], "b": np.repeat(X[None, :, 4:], T, 0)}, X[:, :2] ** 2
    expected = plan.solve(data, targets, timesteps=T)
    found = plan.solve(data, targets, timesteps=T, executor=so.LocalExecutor(samples=25))
    assert apart(expected, found) < CLOSE
    assert np.asarray(found.predict(data)).shape == targets.shape and np.isnan(found.history[-1].accuracy)


def test_a_sweep_of_ones_own_is_streamed_too() -> None:
    @so.algorithm(form="trace", step_rule="exact", max_iter=6, dtype="float64")
    def own(net: Any) -> Any:
        yield net.rollout
        yield net.readout.damped(0.5)
        yield net.readout
        yield net.demands
        for layer in net.hidden:
            yield layer.potentials.damped(0.5)
            yield layer.weights
        yield net.demands
        yield net["h1"].potentials
        yield net["h1"].weights.damped(0.3)

    plan = so.compile(problem(), own)
    expected = plan.solve(X, Y, timesteps=T)
    assert apart(expected, plan.solve(X, Y, timesteps=T, executor=so.LocalExecutor(samples=20))) < CLOSE


# ---- what a shard can be


def files(folder: Path) -> list[object]:
    for k, some in enumerate(np.array_split(np.arange(len(X)), 3)):
        np.savez(folder / f"{k}.npz", X=X[some], y=Y[some])
        np.save(folder / f"{k}-x.npy", X[some])
        np.save(folder / f"{k}-y.npy", Y[some])
    return [str(folder / "0.npz"), (folder / "1-x.npy", folder / "1-y.npy"), folder / "2.npz"]


def mapped(folder: Path) -> so.Shards:
    np.save(folder / "x.npy", X)
    return so.Shards.cut(np.load(folder / "x.npy", mmap_mode="r"), Y, samples=40)


def hdf5(folder: Path) -> so.Shards:
    with h5py.File(folder / "all.h5", "w") as file:
        file["data/X"], file["y"] = X, Y
        return so.Shards.cut(file["data/X"], file["y"], samples=32)


def spooled(folder: Path) -> so.Shards:
    return so.Shards.spooled(((X[k::4], Y[k::4]) for k in range(4)), folder)


KINDS: dict[str, Callable[[Path], Any]] = {
    "files": files,
    "a memory map": mapped,
    "HDF5": hdf5,
    "a generator, spooled": spooled,
    "functions": lambda folder: [lambda: (X[:50], Y[:50]), lambda: (list(X[50:]), Y[50:])],
    "a function of a file": lambda folder: [(lambda f=f: f) for f in files(folder)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_shard_can_be(kind: str, tmp_path: Path, whole: so.Result) -> None:
    made = KINDS[kind](tmp_path)
    shards = made if isinstance(made, so.Shards) else so.Shards(made)
    for memory in (1, 2**28):
        found = rollout().solve(shards, timesteps=T, executor=so.LocalExecutor(memory=memory))
        assert found.score(X, Y, timesteps=T) == pytest.approx(whole.score(X, Y, timesteps=T), abs=0.02)
        if kind != "a generator, spooled":  # whose samples come in another order
            assert apart(whole, found) < CLOSE


def test_timed_data_and_lengths_are_cut_along_their_samples(tmp_path: Path) -> None:
    plan = so.compile(problem((8,)), so.Rollout(max_iter=4, dtype="float64"))
    expected = plan.solve(SERIES, LABELS, lengths=LENGTHS)
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file["X"], file["y"], file["lengths"] = SERIES, LABELS, LENGTHS
        shards = so.Shards.cut(file["X"], file["y"], file["lengths"], samples=11, timed=True)
    for given_shards in (shards, so.Shards.cut(SERIES, LABELS, LENGTHS, samples=11, timed=True)):
        assert apart(expected, plan.solve(given_shards)) < CLOSE


# ---- online


def test_online_streams_and_learns() -> None:
    d = so.data.digits(seed=0)
    x = so.Input(64)
    h = so.LIF(beta=0.9)(so.Dense(30)(x))
    y = so.LI(beta=0.9)(so.Dense(10)(h))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=4))
    shards = so.Shards.cut(d.X_train, d.y_train, samples=400)
    found = plan.solve(shards, timesteps=10)
    assert found.status is so.Status.COMPLETED and found.score(d.X_test, d.y_test) > 0.93
    again = plan.solve(shards, timesteps=10)
    assert apart(found, again) == 0, "same seed, same result"


@given(st.integers(0, 2**20), st.integers(1, 60), st.integers(1, 3))
def test_an_epoch_takes_every_sample_once(seed: int, size: int, homes: int) -> None:
    rng = np.random.default_rng(seed)
    shards = so.Shards([(X[:n], Y[:n]) for n in rng.integers(0, 30, 6)] + [(X, Y)])
    taken: dict[int, list[int]] = {}
    plan = rollout()
    setup = Setup(plan.program, plan.bindings, rolled_out(plan.algorithm), plan.penalties, "numpy", T)
    sharded = Sharded(so.LocalExecutor(), setup, shards.parts)
    sharded.crew.homes = [k % homes for k in range(7)]
    before = -1.0
    for share, picks in sharded.epoch(rng, size):
        assert before < share < 1
        assert len({sharded.crew.homes[k] for k in picks}) == len(picks), "one shard of each worker"
        assert 0 < sum(map(len, picks.values())) <= max(1.5 * size, size + len(picks))
        before = share
        for k, index in picks.items():
            taken.setdefault(k, []).extend(index)
    counts = [s.count for s in sharded.crew.summaries]
    assert {k: sorted(v) for k, v in taken.items()} == {k: list(range(n)) for k, n in enumerate(counts) if n}


def test_an_epoch_of_one_batch_is_that_of_data_in_memory() -> None:
    """But for the order of its samples, which Gram sums of all of them do not see."""
    plan = so.compile(problem(), so.Online(epochs=1, batch_size=len(X), gram_share=1.0, dtype="float64"))
    expected = plan.solve(X, Y, timesteps=T)
    assert apart(expected, plan.solve(so.Shards([(X, Y)]), timesteps=T)) < CLOSE


# ---- how a run goes


def test_statuses_callbacks_and_iterates() -> None:
    plan, shards = rollout(30), so.Shards.cut(X, Y, samples=20)
    stopped = plan.solve(shards, timesteps=T, callback=lambda r: r.iteration == 2)
    assert stopped.status is so.Status.INTERRUPTED and len(stopped.history) == 3
    assert plan.solve(shards, timesteps=T, time_limit=1e-9).status is so.Status.TIME_LIMIT
    for state in plan.iterate(shards, timesteps=T):
        if state.iteration == 2:
            break
    assert apart(stopped, state.result()) == 0
    patient = plan.solve(shards, timesteps=T, stop=so.Stopping(keep="accuracy", patience=2))
    assert patient.status in (so.Status.STALLED, so.Status.MAX_ITER)
    held = plan.solve(shards, timesteps=T, validation=(X, Y), callback=lambda r: r.iteration == 2)
    assert held.history[-1].validation > 0


@pytest.mark.parametrize(
    "algorithm", [so.Rollout(max_iter=6), so.Online(epochs=4, batch_size=30)], ids=lambda a: a.name
)
def test_a_run_on_shards_resumes_to_the_same_bits(algorithm: Any, tmp_path: Path) -> None:
    plan, shards = so.compile(recurrent(), algorithm), so.Shards.cut(SERIES, LABELS, samples=15, timed=True)
    expected, file = plan.solve(shards), tmp_path / "run.npz"
    plan.solve(shards, checkpoint=file, callback=lambda r: r.iteration == 2)
    assert apart(expected, plan.solve(shards, resume=file)) == 0
    others = so.Shards.cut(SERIES, (LABELS + 1) % CLASSES, samples=15, timed=True)
    with pytest.raises(so.FileError, match="other data"):
        plan.solve(others, resume=file)


def test_sums_of_different_kinds_do_not_add() -> None:
    with pytest.raises(AssertionError):
        Sums({"a": 1}) + Sums({"b": 1})


# ---- memory


CODE = """
    import sys
    import numpy as np
    import snnopt as so
    x = so.Input(400)
    h = so.LIF(beta=0.9)(so.Dense(50)(x))
    y = so.LI(beta=0.9)(so.Dense(10)(h))
    algorithm = so.Rollout(max_iter=1) if sys.argv[2] == "rollout" else so.Online(epochs=1, batch_size=1024)
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), algorithm)
    def peak():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024
    def run(count):
        shards = so.Shards([(sys.argv[1], sys.argv[1].replace("x.npy", "y.npy"))] * (count // 2000))
        plan.solve(shards, timesteps=10, executor=so.LocalExecutor(memory=1), backend="numpy")
        return peak()
    few = run(2000)
    print(few, run(20000))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read as Linux tells it")
@pytest.mark.parametrize("name", ["rollout", "online"])
def test_peak_memory_does_not_grow_with_the_number_of_samples(name: str, tmp_path: Path) -> None:
    """Ten times the samples of one shard, as the kernel counts memory; data of 32 MB, passes of a few."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.random((2000, 400), np.float32))
    np.save(tmp_path / "y.npy", rng.integers(0, 10, 2000))
    command = [sys.executable, "-c", textwrap.dedent(CODE), str(tmp_path / "x.npy"), name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    few, many = map(int, done.stdout.split())
    assert many - few < 8e6, (few, many)


# ---- wrong on purpose


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        (None, "no list of shards"),
        ("data.npz", "no list of shards"),
        (X, "no list of shards"),
        ([], "there are none"),
        ([3], "shard 0: 3 is no shard"),
        ([None], "is no shard"),
        ([X], "is no shard"),
        ([(X,)], "is no shard"),
        (["data.csv"], "not a .npz file"),
        ([("x.npy", "y.csv")], "not .npy files"),
        (iter([(X, Y)]), "only once"),
    ],
)
def test_what_is_no_shard(parts: Any, match: str) -> None:
    with pytest.raises(so.DataError, match=match):
        so.Shards(parts)


def spoilt(kind: str, folder: Path) -> Any:
    if kind == "damaged":
        (folder / "a.npz").write_bytes(b"PK nonsense")
    elif kind == "keys":
        np.savez(folder / "a.npz", data=X, y=Y)
    elif kind == "folder":
        (folder / "a.npz").mkdir()
    return str(folder / "a.npz")


@pytest.mark.parametrize(
    ("second", "match"),
    [
        (lambda f: (X[:5], Y[:4]), "shard 1, targets of 'y': there are 4 targets for 5 samples"),
        (lambda f: (X[:5] * np.nan, Y[:5]), "shard 1, input 'x': 30 values"),
        (lambda f: (X[:5, :3], Y[:5]), "shard 1, input 'x': it takes 6 features"),
        (lambda f: (X[:5], Y[:5] + 9), "shard 1, targets of 'y': label"),
        (lambda f: (np.repeat(X[None, :5], T, 0), Y[:5]), "inputs held constant"),
        (lambda f: lambda: None, "returned None|None is no shard"),
        (lambda f: lambda: lambda: 3, "a function returned"),
        (lambda f: str(f / "none.npz"), "does not exist"),
        (lambda f: (f / "none.npy", f / "y.npy"), "does not exist"),
        (lambda f: spoilt("damaged", f), "damaged"),
        (lambda f: spoilt("keys", f), r"holds \['data', 'y'\]"),
        (lambda f: spoilt("folder", f), "is a folder"),
    ],
)
def test_a_bad_shard_is_named(second: Callable[[Path], Any], match: str, tmp_path: Path) -> None:
    with pytest.raises(so.SnnoptError, match=match):
        rollout().solve(so.Shards([(X, Y), second(tmp_path)]), timesteps=T)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"executor": "dask"}, "executor='dask'"),
        ({"targets": Y}, "shards bring their own"),
        ({"lengths": [1]}, "shards bring their own"),
        ({"timesteps": None}, "no time axis"),
    ],
)
def test_wrong_options(options: dict[str, Any], match: str) -> None:
    with pytest.raises(so.SnnoptError, match=match):
        rollout().solve(so.Shards([(X, Y)]), **{"timesteps": T, **options})


@pytest.mark.parametrize("given_data", [None, "x", 3, [], {"z": X}, np.zeros((0, FEATURES)), X[:, :2]])
def test_wrong_arrays_for_an_executor(given_data: Any) -> None:
    with pytest.raises(so.SnnoptError):
        rollout().solve(given_data, Y, timesteps=T, executor=so.LocalExecutor())


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "10", True, [3]])
def test_wrong_settings(wrong: Any) -> None:
    with pytest.raises(so.SnnoptError, match="samples="):
        so.LocalExecutor(samples=wrong)
    with pytest.raises(so.SnnoptError, match="samples="):
        so.Shards.cut(X, Y, samples=wrong)
    if wrong not in (1.5,):
        with pytest.raises(so.SnnoptError, match="memory="):
            so.LocalExecutor(memory=wrong)


def test_other_misuse(tmp_path: Path) -> None:
    with pytest.raises(so.DataError, match="all of them are empty"):
        rollout().solve(so.Shards([(X[:0], Y[:0]), ([], [])]), timesteps=T)
    with pytest.raises(so.ModelError, match="keeps potentials"):
        so.compile(problem(), "full_dual").solve(so.Shards([(X, Y)]), timesteps=T)
    with pytest.raises(so.DataError, match="no folder"):
        so.Shards.spooled([(X, Y)], tmp_path / "none")
    with pytest.raises(so.DataError, match="no pair"):
        so.Shards.spooled([X], tmp_path)
    with pytest.raises(so.DataError, match="89 targets for 90 samples"):
        so.Shards.cut(X, Y[:-1])
    with pytest.raises(so.DataError, match="time steps"):
        rollout().solve(so.Shards([(np.zeros((3, 4, 6)), Y[:4]), (np.zeros((2, 4, 6)), Y[:4])]))
