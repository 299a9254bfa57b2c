"""Series of unequal length: what stands after a series' end is never read, by training or by anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.data import pad

T, N, CLASSES = 14, 90, 3


def array(value: Any) -> np.ndarray:
    assert isinstance(value, np.ndarray)
    return value


def series() -> tuple[list[np.ndarray], np.ndarray]:
    """Noise of unequal length whose mean tells the class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, N)
    lengths = rng.integers(6, T + 1, N)
    lengths[0] = T
    return [rng.random((k, 5)) + 0.8 * np.eye(5)[c] for k, c in zip(lengths, y, strict=True)], y


SERIES, Y = series()
X, LENGTHS = pad(SERIES)


def problem(over: Any = "mean", **more: Any) -> so.Problem:
    x = so.Input(5, name="x")
    h = so.LIF(beta=0.9, name="h", recurrent=so.Dense())(so.Dense(12)(x))
    g = so.LIF(beta=[0.8, 0.9] * 4, name="g")(so.Dense(8)(h))
    y = so.LI(beta=0.9, name="y")(so.Dense(CLASSES)(g) + so.Dense(CLASSES)(so.Delay(2)(h)))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y, over=over) + 1e-3 * so.SpikeCost(h))


def count() -> so.Problem:
    x = so.Input(5, name="x")
    h = so.LIF(beta=0.9, name="h")(so.Dense(12)(x))
    y = so.LIF(beta=0.9, name="y")(so.Dense(CLASSES)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y, over="count"))


PROBLEMS: dict[str, Callable[[], so.Problem]] = {
    "mean": problem,
    "last": lambda: problem("last"),
    "window": lambda: problem(so.Window(4)),
    "max": lambda: problem("max"),
    "count": count,
}
ALGORITHMS = [so.Online(epochs=3, dtype="float64"), so.Rollout(max_iter=4, dtype="float64")]


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=["online", "rollout"])
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("filler", [np.nan, np.inf, 7.0])
def test_what_follows_a_series_is_never_read(name: str, algorithm: so.algorithms.Algorithm, filler: float) -> None:
    plan = so.compile(PROBLEMS[name](), algorithm)
    after = np.arange(T)[:, None] >= LENGTHS
    other = np.where(after[:, :, None], filler, X)
    expected, found = (plan.solve(x, Y, lengths=LENGTHS) for x in (X, other))
    for n, w in expected.weights.items():
        np.testing.assert_array_equal(found.weights[n], w, err_msg=n)
    np.testing.assert_array_equal(array(found.history["loss"]), array(expected.history["loss"]))
    np.testing.assert_array_equal(found.predict(other, lengths=LENGTHS), expected.predict(X, lengths=LENGTHS))


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=["online", "rollout"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_more_padding_changes_nothing(name: str, algorithm: so.algorithms.Algorithm) -> None:
    """The sums over time end with each series, so it does not matter how far the arrays go on."""
    plan = so.compile(PROBLEMS[name](), algorithm)
    longer = np.concatenate([X, np.ones((9, N, 5))])
    expected, found = plan.solve(X, Y, lengths=LENGTHS), plan.solve(longer, Y, lengths=LENGTHS)
    if isinstance(algorithm, so.Online):  # quantiles of the dither look at every 13th entry, the same ones in both
        np.testing.assert_allclose(array(found.history["loss"]), array(expected.history["loss"]), rtol=1e-9)
        for n, w in expected.weights.items():
            np.testing.assert_allclose(found.weights[n], w, rtol=1e-6, atol=1e-9, err_msg=n)
    seen, wanted = array(found.readout(longer, lengths=LENGTHS)), array(expected.readout(X, lengths=LENGTHS))
    np.testing.assert_allclose(seen, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=["online", "rollout"])
def test_full_lengths_are_no_lengths(name: str, algorithm: so.algorithms.Algorithm) -> None:
    plan = so.compile(PROBLEMS[name](), algorithm)
    expected, found = plan.solve(X, Y), plan.solve(X, Y, lengths=np.full(N, T))
    for n, w in expected.weights.items():
        np.testing.assert_allclose(found.weights[n], w, rtol=1e-8, atol=1e-10, err_msg=n)


@pytest.mark.parametrize("name", PROBLEMS)
def test_each_series_is_judged_as_if_alone(name: str) -> None:
    plan = so.compile(PROBLEMS[name](), so.Online(epochs=2, dtype="float64"))
    result = plan.solve(X, Y, lengths=LENGTHS)
    together = array(result.readout(X, lengths=LENGTHS))
    trace = so.simulate(plan, result.weights, X, lengths=LENGTHS)
    for k in (0, 3, 11, 40):
        alone = array(result.readout(SERIES[k][:, None], lengths=LENGTHS[[k]]))
        np.testing.assert_allclose(together[k], alone[0], atol=1e-9)
        own = so.simulate(plan, result.weights, SERIES[k][:, None])
        for layer, activity in own.items():
            shown = trace[layer].potentials[:, k]
            np.testing.assert_allclose(shown[: LENGTHS[k]], activity.potentials[:, 0], atol=1e-9)
            assert not np.any(shown[LENGTHS[k] :])


def test_constant_inputs_have_lengths_too() -> None:
    x = so.Input(5, name="x")
    h = so.LIF(beta=0.9, name="h")(so.Dense(12)(x))
    y = so.LI(beta=0.9, name="y")(so.Dense(CLASSES)(h))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=3, dtype="float64"))
    held = X[0]
    over_time = np.broadcast_to(held, (T, *held.shape))
    expected = plan.solve(over_time, Y, lengths=LENGTHS)
    found = plan.solve(held, Y, timesteps=T, lengths=LENGTHS)
    for n, w in expected.weights.items():
        np.testing.assert_allclose(found.weights[n], w, rtol=1e-8, atol=1e-10, err_msg=n)


def test_unequal_series_are_learned_and_validated() -> None:
    plan = so.compile(problem(), "online")
    result = plan.solve(X, Y, lengths=LENGTHS, validation=(X, Y, LENGTHS))
    assert result.score(X, Y, lengths=LENGTHS) > 0.95
    last = result.history.records[-1]
    assert last.validation > 0.9
    assert 0 < last.firing_rate["h"] < 1


WRONG: dict[str, tuple[Any, str]] = {
    "one too few": (LENGTHS[1:], "89"),
    "zero": (LENGTHS * 0, "series 0 has 0 steps"),
    "too long": (LENGTHS + T, "the data have 14"),
    "fractional": (LENGTHS + 0.5, "fractional"),
    "text": (["long"] * N, "not numbers"),
    "a number": (7, "shape"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_lengths_say_what_to_do(name: str) -> None:
    lengths, says = WRONG[name]
    with pytest.raises(so.DataError, match=says) as caught:
        so.compile(problem()).solve(X, Y, lengths=lengths)
    assert caught.value.where == "lengths" and caught.value.fix


def test_windows_longer_than_a_series_are_refused() -> None:
    with pytest.raises(so.DataError, match=r"window is 9 steps, series \d+ has 6"):
        so.compile(problem(so.Window(9))).solve(X, Y, lengths=LENGTHS)


def test_not_a_number_within_a_series_is_refused() -> None:
    bad = X.copy()
    bad[2, 5, 1] = np.nan
    with pytest.raises(so.DataError, match=r"\(2, 5, 1\)"):
        so.compile(problem()).solve(bad, Y, lengths=LENGTHS)


def test_once_trained_with_lengths_timed_data_need_theirs(tmp_path: Path) -> None:
    plan = so.compile(problem(), so.Online(epochs=1))
    with pytest.raises(so.DataError, match=r"numpy\.full\(90, 14\) if all are whole") as caught:
        plan.solve(X, Y, lengths=LENGTHS, validation=(X, Y))
    assert "validation" in caught.value.where
    result = plan.solve(X, Y, lengths=LENGTHS)
    for trained in (result, so.load(result.save(tmp_path / "unequal.npz"))):
        assert trained.unequal
        for ask, targets in ((trained.predict, ()), (trained.readout, ()), (trained.score, (Y[:7],))):
            with pytest.raises(so.DataError, match=r"give lengths=..., numpy\.full\(7, 14\)"):
                ask(X[:, :7], *targets)
        assert array(trained.predict(X[:, :7], lengths=np.full(7, T))).shape == (7,)
    whole = plan.solve(X, Y)
    assert not whole.unequal
    whole.predict(X)


def test_constant_data_need_no_lengths() -> None:
    plan = so.compile(count(), so.Online(epochs=1))
    result = plan.solve(X[0], Y, timesteps=T, lengths=LENGTHS, validation=(X[0], Y))
    assert result.unequal and array(result.predict(X[0])).shape == (N,)


def test_activity_counts_only_the_steps_that_count() -> None:
    result = so.compile(problem(), so.Online(epochs=1)).solve(X, Y, lengths=LENGTHS)
    a = so.simulate(result, result.weights, X, lengths=LENGTHS)["h"]
    assert a.spikes is not None and a.lengths is not None
    np.testing.assert_array_equal(a.lengths, LENGTHS)
    by_hand = sum(float(a.spikes[:k, n].sum()) for n, k in enumerate(LENGTHS)) / (LENGTHS.sum() * 12)
    assert a.firing_rate == pytest.approx(by_hand) and f"{by_hand:.3f}" in repr(a)
    assert so.simulate(result, result.weights, X)["h"].lengths is None
