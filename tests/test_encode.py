"""Values as spikes and currents: each encoding against its definition, entry by entry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import snnopt as so
from snnopt.data import encode

VALUES = arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.floats(0, 1))
SERIES = arrays(np.float64, array_shapes(min_dims=3, max_dims=3, max_side=5), elements=st.floats(-9, 9))
STEPS = st.integers(1, 9)


@given(VALUES, STEPS)
def test_latency_is_one_spike_the_earlier_the_larger(x: np.ndarray, steps: int) -> None:
    s = encode.latency(x, steps)
    assert s.shape == (steps, *x.shape) and s.dtype == np.float64
    for index, value in np.ndenumerate(x):
        times = np.flatnonzero(s[(slice(None), *index)])
        assert list(times) == ([] if value == 0 else [math.floor((steps - 1) * (1 - value) + 0.5)])
    assert set(np.unique(s)) <= {0.0, 1.0}


def test_latency_of_the_extremes_is_the_first_and_the_last_step() -> None:
    np.testing.assert_array_equal(encode.latency([[0.0, 1e-9, 0.5, 1.0]], 5).argmax(0), [[0, 4, 2, 0]])


@given(VALUES, STEPS, st.integers(0, 99), st.booleans())
def test_rate_keeps_certain_values_and_repeats_itself(x: np.ndarray, steps: int, seed: int, shared: bool) -> None:
    s = encode.rate(x, steps, seed, shared)
    assert s.shape == (steps, *x.shape) and set(np.unique(s)) <= {0.0, 1.0}
    assert (s[:, x == 0] == 0).all() and (s[:, x == 1] == 1).all()
    np.testing.assert_array_equal(s, encode.rate(x, steps, seed, shared))
    if shared:
        np.testing.assert_array_equal(s[:, :1], encode.rate(x[:1], steps, seed, shared))


@pytest.mark.parametrize("shared", [False, True])
def test_rate_has_the_probability_that_the_value_says_and_steps_are_independent(shared: bool) -> None:
    x, steps = np.array([[0.1, 0.5, 0.9], [0.1, 0.5, 0.9]]), 20000
    s = encode.rate(x, steps, seed=1, shared=shared)
    np.testing.assert_allclose(s.mean(0), x, atol=4 * 0.5 / math.sqrt(steps))
    for row in s.reshape(steps, -1).T:
        assert abs(np.corrcoef(row[1:], row[:-1])[0, 1]) < 0.03
    assert abs(np.corrcoef(s[:, 0, 0], s[:, 0, 1])[0, 1]) < 0.03
    assert (abs(np.corrcoef(s[:, 0, 1], s[:, 1, 1])[0, 1]) > 0.99) == shared


@given(SERIES, st.floats(0.01, 9))
def test_delta_is_the_change_from_step_to_step(x: np.ndarray, threshold: float) -> None:
    s = encode.delta(x, threshold)
    steps, count, n = x.shape
    assert s.shape == (steps, count, 2 * n)
    for t, i, c in np.ndindex(*x.shape):
        change = x[t, i, c] - x[t - 1, i, c] if t else 0.0
        assert s[t, i, c] == (change >= threshold)
        assert s[t, i, n + c] == (-change >= threshold)


@given(VALUES, STEPS)
def test_current_is_what_solve_holds_constant(x: np.ndarray, steps: int) -> None:
    np.testing.assert_array_equal(encode.current(x, steps), np.stack([x] * steps))


BAD: list[tuple[Any, str]] = [
    (None, "not an array"),
    ("text", "not an array"),
    ([["a"]], "not numbers"),
    ([[np.nan]], r"1 values from index \(0, 0\)"),
    ([[np.inf]], "infinite"),
    ([[1j]], "complex"),
    ([[1.0], [1.0, 2.0]], "unequal"),
    ([], "no samples"),
    (0.5, "no samples|not an array|shape"),
]


@pytest.mark.parametrize(("values", "words"), BAD)
@pytest.mark.parametrize("code", [encode.rate, encode.latency, encode.current, lambda x, _: encode.delta(x)])
def test_what_is_no_array_of_numbers_is_refused(code: Any, values: Any, words: str) -> None:
    with pytest.raises(so.DataError, match=words):
        code(values, 5)


@pytest.mark.parametrize("code", [encode.rate, encode.latency])
@pytest.mark.parametrize("values", [[[0.5, 1.1]], [[-1e-9, 1.0]], [[0, 255]]])
def test_values_outside_of_the_unit_interval_are_refused_with_their_range(code: Any, values: Any) -> None:
    with pytest.raises(so.DataError, match=r"run from .* outside of \[0, 1\]"):
        code(values, 5)


@pytest.mark.parametrize("code", [encode.rate, encode.latency, encode.current])
@pytest.mark.parametrize("steps", [0, -1, 2.5, None, True, "5"])
def test_steps_are_a_whole_number(code: Any, steps: Any) -> None:
    with pytest.raises(so.DataError, match="timesteps"):
        code([[0.5]], steps)


def test_other_arguments_are_checked() -> None:
    with pytest.raises(so.DataError, match="seed"):
        encode.rate([[0.5]], 5, seed=-1)
    for threshold in (0, -1, None, np.nan, np.inf, True, "1"):
        with pytest.raises(so.DataError, match="threshold"):
            encode.delta(np.zeros((3, 1, 1)), threshold)  # type: ignore[arg-type]
    with pytest.raises(so.DataError, match=r"x\[:, :, None\]"):
        encode.delta(np.zeros((3, 1)))
