"""The conformance suite of backends: every pass of every backend against numpy's, and whole runs against whole runs."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.backends import (
    BACKENDS,
    NUMPY,
    Branches,
    Dithered,
    HeldDemand,
    Kernels,
    Separable,
    chosen_kernels,
    kernels_named,
    window_count,
    window_means,
)
from snnopt.backends.chosen import WORTH
from snnopt.blocks.dithered_step import DitheredStep
from snnopt.blocks.exact_step import ExactStep
from snnopt.data import digits

DTYPES = [np.float64, np.float32]
NEURONS: dict[str, Callable[[int], so.Neuron]] = {
    "LIF": lambda n: so.LIF(beta=0.9, threshold=1.2),
    "LIF without reset": lambda n: so.LIF(beta=0.9, reset_mechanism="none"),
    "soft reset": lambda n: so.LIF(beta=0.9, threshold=1.2, reset_delay=False),
    "IF": lambda n: so.IF(threshold=2.0),
    "CubaLIF": lambda n: so.CubaLIF(alpha=0.7, beta=0.9),
    "ALIF": lambda n: so.ALIF(beta=0.9, gamma=0.3),
    "different neurons": lambda n: so.LIF(beta=np.linspace(0.5, 0.95, n), threshold=1.0),
    "three states": lambda n: so.Neuron.from_equations(
        v="b * v + c + i - th * s",
        c="a * c + d",
        d="a * d + i",
        threshold=1.0,
        parameters={"a": 0.5, "b": 0.9, "th": 1.0},
    ),
}
SIZES = {"one sample, one step": (1, 1, 3), "small": (6, 5, 7), "several blocks": (5, 130, 67)}
"""T, N, n."""

installed = [name for name, (package, _) in BACKENDS.items() if importlib.util.find_spec(package)]
every_backend = pytest.mark.parametrize("name", installed)
every_neuron = pytest.mark.parametrize("neuron", NEURONS)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces so small that several threads run."""
    if "numba" in installed:
        import snnopt.backends.numba_kernels as module

        monkeypatch.setattr(module, "PIECE", 1000)
        monkeypatch.setattr(module, "THREADS", 3)
        monkeypatch.setattr("numba.get_num_threads", lambda: 3)


def case(neuron: str, size: str, dtype: Any) -> tuple[Any, np.ndarray, np.random.Generator]:
    """The state space, a current, and random numbers."""
    shape, rng = SIZES[size], np.random.default_rng(3)
    return NEURONS[neuron](shape[2]).state_space(), rng.normal(0.4, 1.0, shape).astype(dtype), rng


def rolled_out(kernels: Kernels, space: Any, current: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    shape = (steps, *current.shape[1:])
    v, s = np.full(shape, np.nan, current.dtype), np.full(shape, np.nan, current.dtype)
    kernels.rollout(space, current, v, s if space.spiking else None)
    return v, s


def same(found: np.ndarray, expected: np.ndarray) -> None:
    """To the last bit: backends keep numpy's order of operations."""
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@every_backend
@every_neuron
@every_dtype
def test_rollouts(name: str, neuron: str, dtype: Any) -> None:
    for size in SIZES:
        space, given, _ = case(neuron, size, dtype)
        for current in (given, given[:1]):
            found = rolled_out(kernels_named(name), space, current, len(given))
            for mine, reference in zip(found, rolled_out(NUMPY, space, current, len(given)), strict=True):
                same(mine, reference)
            assert np.array_equal(found[1], found[0] > space.threshold)


@every_backend
@every_dtype
def test_a_potential_at_the_threshold_is_silent(name: str, dtype: Any) -> None:
    space = so.IF(threshold=2.0).state_space()
    v, s = rolled_out(kernels_named(name), space, np.ones((4, 1, 1), dtype), 4)
    assert v.ravel().tolist() == [1, 2, 3, 2] and s.ravel().tolist() == [0, 0, 1, 0]


@every_backend
@every_dtype
def test_a_current_may_be_written_on(name: str, dtype: Any) -> None:
    space, current, _ = case("ALIF", "small", dtype)
    expected = rolled_out(NUMPY, space, current, len(current))
    s = np.empty_like(current)
    kernels_named(name).rollout(space, current, current, s)
    same(current, expected[0])
    same(s, expected[1])


@every_backend
@every_neuron
@every_dtype
def test_filters(name: str, neuron: str, dtype: Any) -> None:
    space, x, _ = case(neuron, "small", dtype)
    if space.uniform:
        patches = np.broadcast_to(x[:, :, None], (*x.shape[:2], 4, x.shape[2]))
        for rows in (x, patches, x[:1]):
            same(kernels_named(name).filtered(space, rows), NUMPY.filtered(space, np.array(rows)))


ASKED = ["none", "separable", "by sample", "by neuron", "dense", "held"]


def demand(kind: str, shape: tuple[int, ...], rng: np.random.Generator, dtype: Any) -> Any:
    steps, samples, n = shape
    if kind == "held":
        return HeldDemand(rng.normal(size=(window_count(steps, 4), samples, n)).astype(dtype), steps)
    profiles = {"separable": (steps, 1, 1), "by sample": (steps, samples, 1), "by neuron": (steps, 1, n)}
    if kind in profiles:
        profile = rng.normal(size=profiles[kind]).astype(dtype)
        return Separable(profile, rng.normal(size=(samples, n)).astype(dtype))
    return None if kind == "none" else rng.normal(size=shape).astype(dtype)


@every_backend
@every_neuron
@every_dtype
@pytest.mark.parametrize("step", ["dithered", "exact", "linear"])
def test_adjoints(name: str, neuron: str, dtype: Any, step: str) -> None:
    for size, asked in itertools.product(SIZES, ASKED):
        check_adjoint(name, neuron, size, dtype, asked, step)


def check_adjoint(name: str, neuron: str, size: str, dtype: Any, asked: str, step: str) -> None:
    space, current, rng = case(neuron, size, dtype)
    shape = SIZES[size]
    v, s = rolled_out(NUMPY, space, current, shape[0])
    threshold = dtype(space.threshold[0])
    moves: dict[str, Any] = {
        "dithered": Dithered(DitheredStep, v, threshold, 0.7),
        "exact": Branches(ExactStep, v, s, threshold, 0.8, 0.3),
        "linear": lambda t, d: d,
    }
    given = demand(asked, shape, rng, dtype)
    found, expected = ([np.full(shape, np.nan, dtype) for _ in range(2)] for _ in range(2))
    squares = [np.full(shape[1:], np.nan, dtype) for _ in range(2)]
    kernels_named(name).adjoint(space, given, moves[step], shape[0], found[1], potentials=found[0], squares=squares[0])
    NUMPY.adjoint(space, given, moves[step], shape[0], expected[1], potentials=expected[0], squares=squares[1])
    for mine, reference in zip([*found, squares[0]], [*expected, squares[1]], strict=True):
        same(mine, reference)
    np.testing.assert_allclose(squares[1], (expected[0].astype(float) ** 2).sum(0), rtol=10 * np.finfo(dtype).eps)
    for length in (shape[0], 4):
        windows = window_count(shape[0], length)
        starts = range(0, shape[0], -(-shape[0] // windows))
        sums = [np.full((windows, *shape[1:]), np.nan, dtype) for _ in range(2)]
        for kernels, total in zip((kernels_named(name), NUMPY), sums, strict=True):
            again = np.full_like(squares[0], np.nan)
            kernels.adjoint(space, given, moves[step], shape[0], total, squares=again)
            same(again, squares[0])
        same(*sums)
        tight = np.finfo(dtype).eps * np.abs(expected[1]).sum(0) * len(expected[1])
        exact = np.add.reduceat(expected[1], starts, dtype=np.float64)
        assert (np.abs(sums[1] - exact) <= tight).all()
    if isinstance(given, HeldDemand):
        kernels_named(name).adjoint(space, given.dense(), moves[step], shape[0], found[1], potentials=found[0])
        same(found[0], expected[0])
    if asked != "none" and step != "linear" and np.prod(shape) > 10:
        assert np.any(expected[0]) and not np.all(expected[0]), "some move and some do not"


@every_backend
@every_neuron
@every_dtype
def test_step_by_step(name: str, neuron: str, dtype: Any) -> None:
    """For layers that read themselves: forward with a current that is only known at its step, back with more that is asked."""
    for size, asked in itertools.product(SIZES, ASKED):
        space, current, rng = case(neuron, size, dtype)
        v, s = rolled_out(NUMPY, space, current, len(current))
        mine = np.full_like(v, np.nan), np.full_like(v, np.nan)
        run = kernels_named(name).forward(space, *mine)
        for t, i in enumerate(current):
            run.step(t, i)
        same(mine[0], v)
        same(mine[1], s)
        move = Dithered(DitheredStep, v, dtype(space.threshold[0]), 0.7)
        given, beside = demand(asked, v.shape, rng, dtype), rng.normal(size=v.shape).astype(dtype)
        found, expected = ([np.full_like(v, np.nan) for _ in range(2)] for _ in range(2))
        for kernels, arrays in ((kernels_named(name), found), (NUMPY, expected)):
            back = kernels.backward(space, given, move, *reversed(arrays))
            for t in reversed(range(len(v))):
                back.step(t, beside[t] if t % 3 else None)
        for a, b in zip(found, expected, strict=True):
            same(a, b)


@every_backend
@pytest.mark.parametrize("algorithm", ["online", "rollout"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whole_runs(name: str, algorithm: str, dtype: Any) -> None:
    """Deep, with a skip and a recurrent layer: the same weights, and so the same accuracy."""
    x = so.Input(64)
    h = so.LIF(beta=0.9)(so.Dense(20)(x))
    k = so.CubaLIF(alpha=0.5, beta=0.8)(so.Dense(15)(h))
    r = so.LIF(beta=0.9, recurrent=so.Dense())(so.Dense(12)(k) + so.Dense(12)(h))
    y = so.LI(beta=0.9)(so.Dense(10)(r))
    chosen: Any = so.Online(epochs=2, dtype=dtype) if algorithm == "online" else so.Rollout(max_iter=6, dtype=dtype)
    plan, d = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), chosen), digits(samples=150)
    found, expected = (plan.solve(d.X_train, d.y_train, timesteps=5, backend=backend) for backend in (name, "numpy"))
    for key, w in expected.weights.items():
        same(found.weights[key], w)
    assert found.score(d.X_test, d.y_test) == expected.score(d.X_test, d.y_test)


FORKED = """
import os, numpy as np, snnopt as so
import snnopt.backends.numba_kernels as module
module.PIECE = 1
x = np.ones((4, 50, 9))
def run():
    module.KERNELS.rollout(so.LIF(beta=0.9).state_space(), x, np.empty_like(x), np.empty_like(x))
run()
child = os.fork()
if not child:
    run()
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.skipif("numba" not in installed or not hasattr(os, "fork"), reason="no threads to lose")
def test_a_forked_process_has_threads_of_its_own() -> None:
    environment = os.environ | {"NUMBA_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], check=True, timeout=60, env=environment)


@pytest.mark.parametrize(
    ("steps", "length", "windows"),
    [(1, 1, [1]), (1, 5, [1]), (10, 5, [5, 5]), (6, 5, [3, 3]), (5, 4, [3, 2]), (7, 1, [1] * 7)],
)
def test_windows_are_even(steps: int, length: int, windows: list[int]) -> None:
    assert window_count(steps, length) == len(windows)
    x = np.arange(float(steps))
    parts = np.split(x, np.cumsum(windows)[:-1])
    np.testing.assert_allclose(window_means(x, len(windows)), [p.mean() for p in parts])
    dense = HeldDemand(np.arange(float(len(windows))), steps).dense()
    np.testing.assert_array_equal(dense, np.repeat(np.arange(len(windows)), windows))


def test_auto_chooses_by_size_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen_kernels("auto", WORTH / 2) is NUMPY
    assert chosen_kernels("auto", WORTH).name == ("numba" if "numba" in installed else "numpy")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert chosen_kernels("auto", WORTH) is NUMPY


def test_unknown_and_missing_backends_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("nunba", ["numba"], None):
        with pytest.raises(so.UnknownNameError, match="'auto', 'numba', 'numpy'"):
            kernels_named(wrong)  # type: ignore[arg-type]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(so.ModelError, match=r"pip install 'snnopt\[numba\]'"):
        kernels_named("numba")


@pytest.mark.skipif("numba" not in installed, reason="numba is not installed")
@pytest.mark.parametrize(
    ("given", "threads"), [("1", 1), ("3,2", 3), ("0", 1), ("many", None), ("", None), (None, None)]
)
def test_a_process_takes_no_more_threads_than_it_is_given(
    monkeypatch: pytest.MonkeyPatch, given: str | None, threads: int | None
) -> None:
    """As every worker process of Dask and joblib is told by OMP_NUM_THREADS."""
    import numba

    from snnopt.backends.numba_kernels import _threads_given

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert _threads_given() == (threads or numba.config.NUMBA_NUM_THREADS)
