"""Data sets: split and scale are the documented ones, arguments are checked, a missing package says how to get it."""

from __future__ import annotations

import dataclasses
import importlib.util
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import snnopt as so
from snnopt.data import DATASETS, Dataset, archive, basic_motions, digits, japanese_vowels, pulse_order, read_ts
from snnopt.data.events.nmnist import read_recording
from snnopt.errors import DataError, MissingPackageError

Raw = tuple[list[np.ndarray], np.ndarray, tuple[str, ...]]


def test_split_is_the_documented_permutation() -> None:
    bunch = load_digits()
    order = np.random.default_rng(3).permutation(1797)
    d = digits(seed=3)
    np.testing.assert_array_equal(d.X_train, bunch.data[order[:1437]] / 16)
    np.testing.assert_array_equal(d.y_train, bunch.target[order[:1437]])
    np.testing.assert_array_equal(d.X_test, bunch.data[order[1437:]] / 16)
    np.testing.assert_array_equal(d.y_test, bunch.target[order[1437:]])
    assert d.X_train.dtype == np.float64
    assert (d.X_train.min(), d.X_train.max()) == (0.0, 1.0)
    assert d.classes == tuple("0123456789")
    assert d.shape == (8, 8)


def test_fewer_samples_are_the_first_training_rows() -> None:
    whole, few = digits(), digits(samples=200)
    np.testing.assert_array_equal(few.X_train, whole.X_train[:200])
    np.testing.assert_array_equal(few.y_train, whole.y_train[:200])
    np.testing.assert_array_equal(few.X_test, whole.X_test)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_share_of_test_rows_is_rounded_up(share: float) -> None:
    d = digits(test_share=share)
    assert len(d.X_test) == int(np.ceil(share * 1797))
    assert len(d.X_train) + len(d.X_test) == 1797


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"seed": 0.5}, "seed=0.5"),
        ({"seed": True}, "seed=True"),
        ({"test_share": 0}, "test_share=0"),
        ({"test_share": 1.0}, "test_share=1.0"),
        ({"test_share": "half"}, "test_share='half'"),
        ({"test_share": 0.9999}, "test_share=0.9999 leaves no row to train on"),
        ({"samples": 0}, "samples=0"),
        ({"samples": True}, "samples=True"),
        ({"samples": 1438}, "1 to 1437"),
        ({"samples": 2.5}, "samples=2.5"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(so.DataError, match=named):
        digits(**arguments)


def test_missing_scikit_learn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'snnopt\[data\]'") as caught:
        digits()
    assert isinstance(caught.value, so.SnnoptError)
    assert isinstance(caught.value, ImportError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own, just made


def test_table_holds_callables_that_return_datasets() -> None:
    assert list(DATASETS) == ["digits", "basic_motions", "japanese_vowels", "pulse_order", "saccades", "saccades_34"]
    for name, read in DATASETS.items():
        if name == "saccades_34":
            read = partial(read, test=60)  # of 1.4 MB each
        d = read(seed=0, samples=10)
        assert isinstance(d, Dataset)
        assert d.name == name
        assert d.timed == (name != "digits")
        assert len(d.y_train) == d.X_train.shape[1 if d.timed else 0] == 10
        assert len(d.y_test) == d.X_test.shape[1 if d.timed else 0]
        assert set(np.unique(d.y_test)) == set(range(len(d.classes)))
        assert d.X_train.dtype == d.X_test.dtype == (np.float32 if name.startswith("saccades") else np.float64)
        assert d.y_train.dtype == d.y_test.dtype == np.int64
        assert repr(d).startswith(f"Dataset('{name}', 10 train")
        again = read(seed=0, samples=10)
        np.testing.assert_array_equal(again.X_train, d.X_train)
        assert not np.array_equal(read(seed=1, samples=10).X_train, d.X_train)
        assert len(read(seed=0, samples=None).y_train) > 10


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (digits, "Dataset('digits', 1437 train, 360 test, 64 features, 10 classes)"),
        (basic_motions, "Dataset('basic_motions', 40 train, 40 test, 100 steps, 6 features, 4 classes)"),
        (japanese_vowels, "Dataset('japanese_vowels', 270 train, 370 test, up to 29 steps, 12 features, 9 classes)"),
        (pulse_order, "Dataset('pulse_order', 4000 train, 1000 test, 40 steps, 12 features, 4 classes)"),
    ],
)
def test_repr_tells_steps_where_there_are_some(read: Callable[[], Dataset], text: str) -> None:
    assert repr(read()) == text


def test_images_have_no_time_axis() -> None:
    d = digits()
    images = dataclasses.replace(d, X_train=d.X_train.reshape(-1, 8, 8), X_test=d.X_test.reshape(-1, 8, 8))
    assert not images.timed
    assert repr(images) == repr(d)
    few = dataclasses.replace(images, X_train=images.X_train[:8], y_train=d.y_train[:8])  # 8 samples of 8 rows
    assert not few.timed


# The archive ---------------------------------------------------------------------------------------------------------

ARCHIVE = {
    "basic_motions": (basic_motions, "BasicMotions", 40, 40),
    "japanese_vowels": (japanese_vowels, "JapaneseVowels", 270, 370),
}


def raw(problem: str) -> tuple[Raw, Raw]:
    """The archive's training and test rows as the files hold them."""
    spec = importlib.util.find_spec("sktime")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / problem
    return read_ts(folder / f"{problem}_TRAIN.ts"), read_ts(folder / f"{problem}_TEST.ts")


def valid(d: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Which entries [T, N] of the training and of the test rows are steps, not padding."""
    t = np.arange(len(d.X_train))[:, None]
    steps = len(t)
    lengths = (
        np.full(len(y), steps) if n is None else n
        for y, n in ((d.y_train, d.lengths_train), (d.y_test, d.lengths_test))
    )
    train, test = (t < n for n in lengths)
    return train, test


def test_basic_motions_are_those_of_the_archive() -> None:
    d = basic_motions()
    assert d.X_train.shape == d.X_test.shape == (100, 40, 6)
    assert d.classes == ("Standing", "Running", "Walking", "Badminton")
    np.testing.assert_array_equal(np.bincount(d.y_train), [10, 10, 10, 10])
    np.testing.assert_array_equal(np.bincount(d.y_test), [10, 10, 10, 10])
    assert d.lengths_train is d.lengths_test is None
    assert d.shape is None


def test_japanese_vowels_are_those_of_the_archive() -> None:
    d = japanese_vowels()
    assert d.X_train.shape == (29, 270, 12)
    assert d.X_test.shape == (29, 370, 12)
    assert d.classes == tuple("123456789")
    np.testing.assert_array_equal(np.bincount(d.y_train), [30] * 9)
    np.testing.assert_array_equal(np.bincount(d.y_test), [31, 35, 88, 44, 29, 24, 40, 50, 29])  # as UCI documents
    assert d.lengths_train is not None and d.lengths_test is not None
    assert (d.lengths_train.min(), d.lengths_train.max()) == (7, 26)
    assert (d.lengths_test.min(), d.lengths_test.max()) == (7, 29)


@pytest.mark.parametrize("name", ARCHIVE)
@pytest.mark.parametrize("samples", [None, 25])
def test_archive_split_is_kept_and_its_training_rows_permuted(name: str, samples: int | None) -> None:
    read, problem, n_train, n_test = ARCHIVE[name]
    (train, y_train, _), (test, y_test, _) = raw(problem)
    d = read(seed=3, samples=samples)
    order = np.random.default_rng(3).permutation(n_train)[:samples]
    np.testing.assert_array_equal(d.y_train, y_train[order])
    np.testing.assert_array_equal(d.y_test, y_test)
    assert len(y_test) == n_test
    steps = np.concatenate([train[i] for i in order])
    mean, std = steps.mean(axis=0), steps.std(axis=0)
    X, lengths = so.data.pad([train[i] for i in order] + test)
    expected = np.where((np.arange(len(X))[:, None] < lengths)[..., None], (X - mean) / std, 0)
    found = np.concatenate([d.X_train, d.X_test], axis=1)
    np.testing.assert_allclose(found[: len(X)], expected, atol=1e-12)
    assert not found[len(X) :].any()
    if d.lengths_train is not None and d.lengths_test is not None:
        np.testing.assert_array_equal(np.concatenate([d.lengths_train, d.lengths_test]), lengths)


@pytest.mark.parametrize("name", ARCHIVE)
@pytest.mark.parametrize("samples", [None, 12])
@pytest.mark.parametrize("test_share", [None, 0.3])
def test_training_rows_are_standard_and_padding_is_zero(
    name: str, samples: int | None, test_share: float | None
) -> None:
    d = ARCHIVE[name][0](seed=1, test_share=test_share, samples=samples)
    train, test = valid(d)
    np.testing.assert_allclose(d.X_train[train].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(d.X_train[train].std(axis=0), 1, atol=1e-12)
    assert not d.X_train[~train].any() and not d.X_test[~test].any()
    assert np.abs(d.X_test[test].mean(axis=0)).max() > 1e-3  # test rows have no part in it


@pytest.mark.parametrize("name", ARCHIVE)
def test_share_pools_and_permutes_all_rows(name: str) -> None:
    read, problem, n_train, n_test = ARCHIVE[name]
    (train, y_train, _), (test, y_test, _) = raw(problem)
    d = read(seed=5, test_share=0.25)
    n = n_train + n_test
    order = np.random.default_rng(5).permutation(n)
    first = n - int(np.ceil(0.25 * n))
    labels, series = np.concatenate([y_train, y_test])[order], [(train + test)[i] for i in order]
    np.testing.assert_array_equal(d.y_train, labels[:first])
    np.testing.assert_array_equal(d.y_test, labels[first:])
    steps = np.concatenate(series[:first])
    row, x = first + 2, series[first + 2]
    expected = (x - steps.mean(axis=0)) / steps.std(axis=0)
    np.testing.assert_allclose(d.X_test[: len(x), row - first], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed=-1.*\n.*at least 0"),
        ({"seed": True}, "seed=True"),
        ({"seed": None}, "seed=None"),
        ({"test_share": 0}, "test_share=0.*\n.*None for the archive's split"),
        ({"test_share": float("nan")}, "test_share=nan"),
        ({"test_share": "half"}, "test_share='half'"),
        ({"test_share": 0.999}, "no row to train on"),
        ({"samples": 0}, "samples=0"),
        ({"samples": 41}, "samples=41.*\n.*1 to 40"),
        ({"samples": 5.0}, "samples=5.0"),
    ],
)
def test_bad_arguments_of_the_archive_are_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(so.DataError, match=named) as caught:
        basic_motions(**arguments)
    assert caught.value.where == "data 'basic_motions'"


def test_missing_archive_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "find_spec", lambda package: None)
    for read in (basic_motions, japanese_vowels):
        with pytest.raises(MissingPackageError, match="needs sktime or aeon") as caught:
            read()
        assert "pip install 'snnopt[timeseries]'" in str(caught.value)


def packages(monkeypatch: pytest.MonkeyPatch, **roots: Path) -> None:
    """Let only these packages be found, there."""
    specs = {name: SimpleNamespace(submodule_search_locations=[str(root)]) for name, root in roots.items()}
    monkeypatch.setattr(archive, "find_spec", specs.get)


def ship(root: Path, train: str, test: str) -> None:
    """Write a BasicMotions of our own into a package."""
    folder = root / "datasets" / "data" / "BasicMotions"
    folder.mkdir(parents=True)
    for part, rows in (("TRAIN", train), ("TEST", test)):
        (folder / f"BasicMotions_{part}.ts").write_text(f"@classLabel true a b\n@data\n{rows}\n")


def test_a_package_without_the_files_gives_way_to_one_that_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(tmp_path / "aeon", "1,2:a\n3,4:b", "5,6:b")
    packages(monkeypatch, sktime=tmp_path / "sktime", aeon=tmp_path / "aeon")
    np.testing.assert_array_equal(basic_motions().y_test, [1])
    packages(monkeypatch, sktime=tmp_path / "sktime")
    with pytest.raises(FileNotFoundError, match=r"no BasicMotions_TRAIN\.ts in sktime .*pip install"):
        basic_motions()


def test_a_channel_that_is_constant_in_training_is_only_centred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert np.full((3, 1), 0.1).std(axis=0)[0] > 0  # by rounding: dividing by it would blow the test rows up
    ship(tmp_path, "1,2:0.1,0.1:a\n5:0.1:b", "1:2.1:a")
    packages(monkeypatch, sktime=tmp_path)
    d = basic_motions()
    assert d.lengths_test is not None and d.lengths_test.tolist() == [1]
    np.testing.assert_allclose(d.X_train[..., 1], 0, atol=1e-12)
    np.testing.assert_allclose(d.X_test[:, 0, 1], [2, 0])


def test_packages_are_read_and_not_imported() -> None:
    code = "import sys, snnopt as so; so.data.basic_motions(); so.data.japanese_vowels(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert not {"sktime", "aeon", "pandas"} & set(done.stdout.split())


# Padding -------------------------------------------------------------------------------------------------------------


@st.composite
def several_series(draw: st.DrawFn) -> list[np.ndarray]:
    channels = draw(st.integers(1, 4))
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=6))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    return [draw(hnp.arrays(np.float64, (n, channels), elements=finite)) for n in lengths]


@given(several_series())
def test_padding_is_undone_by_the_lengths(series: list[np.ndarray]) -> None:
    X, lengths = so.data.pad(series)
    assert X.shape == (max(map(len, series)), len(series), series[0].shape[1])
    assert X.dtype == np.float64 and lengths.dtype == np.int64
    assert lengths.tolist() == [len(x) for x in series]
    for i, x in enumerate(series):
        np.testing.assert_array_equal(X[: lengths[i], i], x)
        assert not X[lengths[i] :, i].any()


@pytest.mark.parametrize(
    ("series", "named"),
    [
        ([], "the list is empty.*\n.*at least one"),
        ([np.ones((2, 3)), np.ones((2, 4))], "series 1: it has 4 channels, series 0 has 3"),
        ([np.ones((2, 3)), np.ones((0, 3))], "series 1: it is empty.*\n.*leave it out"),
        ([np.ones((2, 0))], "series 0: it is empty"),
        ([np.ones(5)], r"series 0: its shape is \(5,\).*\n.*x\[:, None\]"),
        ([np.ones((2, 3)), np.ones((2, 3, 4))], r"series 1: its shape is \(2, 3, 4\)"),
        ([[[1.0, 2.0], [3.0, np.nan]]], "series 0: 1 values from step 1, channel 1 on are NaN"),
        ([np.full((2, 2), np.inf)], "series 0: 4 values from step 0, channel 0 on are NaN or infinite"),
        ([np.ones((2, 2), complex)], "series 0: the values are complex"),
        ([[["a"]]], "series 0: the values are not numbers"),
        ([[[1.0], [1.0, 2.0]]], "series 0: the rows have unequal lengths"),
    ],
)
def test_bad_series_are_named(series: list[Any], named: str) -> None:
    with pytest.raises(so.DataError, match=named):
        so.data.pad(series)


# Pulse order ---------------------------------------------------------------------------------------------------------


def decoded(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The kinds of the first and of the second pulse, from which group spikes more in the window of each."""
    windows = (X[2:15], X[16:29])
    first, second = ((w[:, :, 4:8].sum((0, 2)) > w[:, :, :4].sum((0, 2))).astype(int) for w in windows)
    return first, second


def test_labels_are_the_order_of_the_pulses() -> None:
    d = pulse_order(seed=2)
    assert d.X_train.shape == (40, 4000, 12) and d.X_test.shape == (40, 1000, 12)
    assert set(np.unique(d.X_train)) == {0.0, 1.0}
    for X, y in ((d.X_train, d.y_train), (d.X_test, d.y_test)):
        first, second = decoded(X)
        assert np.mean(2 * first + second == y) > 0.995
        np.testing.assert_allclose(np.bincount(y) / len(y), 0.25, atol=5 * np.sqrt(0.25 * 0.75 / len(y)))
    assert d.classes[1] == "A then B" and d.classes[2] == "B then A"
    assert d.lengths_train is d.lengths_test is None


def test_exclusive_or_is_whether_the_kinds_differ() -> None:
    d, order = pulse_order(seed=2, task="exclusive_or"), pulse_order(seed=2)
    np.testing.assert_array_equal(d.X_train, order.X_train)
    np.testing.assert_array_equal(d.y_train, np.isin(order.y_train, [1, 2]))
    first, second = decoded(d.X_test)
    assert np.mean((first != second) == d.y_test) > 0.995
    assert d.classes == ("same", "different")
    assert d.y_train.dtype == np.int64


def test_pulses_without_noise_are_where_and_as_strong_as_documented() -> None:
    d = pulse_order(seed=4, noise=0)
    X, y = d.X_train, d.y_train
    n = X.shape[1]
    assert not X[:2].any() and not X[15:16].any() and not X[29:32].any()
    assert not X[:32, :, 8:].any() and not X[32:, :, :8].any()
    np.testing.assert_allclose(X[32:, :, 8:].mean((1, 2)), 0.5, atol=5 * 0.5 / np.sqrt(4 * n))
    for window, kinds in ((slice(2, 15), y // 2), (slice(16, 29), y % 2)):
        for kind in (0, 1):
            assert not X[window][:, kinds != kind, 4 * kind : 4 * kind + 4].any()
        pulse = X[window, :, :8].sum(2)  # [13, N]
        assert pulse.max() <= 4
        np.testing.assert_allclose(pulse.sum(0).mean(), 16 * 0.7, atol=5 * np.sqrt(16 * 0.7 * 0.3 / n))
        on = pulse > 0
        span = (len(on) - 1 - on[::-1].argmax(0)) - on.argmax(0)
        assert span.max() == 3
        # Starts are uniform over 10 steps, so a pulse covers step k of the 13 with min(k + 1, 4, 13 - k) of them.
        k = np.arange(13)
        covered = np.minimum(np.minimum(k + 1, 4), 13 - k) / 10
        sigma = np.sqrt(16 * covered / n)  # a bound: at most 4 spikes a step, in a share of the rows
        assert np.all(np.abs(pulse.mean(1) - 4 * 0.7 * covered) < 5 * sigma)


def test_kinds_and_starts_are_independent() -> None:
    d = pulse_order(seed=8, noise=0)
    begins = [(d.X_train[window, :, :8].sum(2) > 0).argmax(0) for window in (slice(2, 15), slice(16, 29))]
    drawn = np.stack([d.y_train // 2, d.y_train % 2, *begins])
    between = np.corrcoef(drawn)[np.triu_indices(4, 1)]
    assert np.abs(between).max() < 5 / np.sqrt(len(d.y_train))


@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_background_noise_has_its_rate(noise: float) -> None:
    X = pulse_order(seed=6, noise=noise).X_train
    for quiet in (X[:2], X[15:16], X[29:32], X[:32, :, 8:], X[32:, :, :8]):
        assert abs(quiet.mean() - noise) < 5 * np.sqrt(noise * (1 - noise) / quiet.size)


def test_fewer_pulse_rows_are_the_first_of_more_and_streams_are_apart() -> None:
    many, few = pulse_order(seed=1, samples=300, test=300), pulse_order(seed=1, samples=50, test=20)
    np.testing.assert_array_equal(few.X_train, many.X_train[:, :50])
    np.testing.assert_array_equal(few.y_train, many.y_train[:50])
    np.testing.assert_array_equal(few.X_test, many.X_test[:, :20])
    assert not np.array_equal(many.X_train, many.X_test)
    assert not np.array_equal(many.y_train, many.y_test)


def test_more_steps_move_the_cue_away() -> None:
    X = pulse_order(samples=500, steps=60, noise=0).X_train
    assert len(X) == 60
    assert X[16:29].any() and not X[29:52].any()
    assert X[52:, :, 8:].mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"samples": 0}, "samples=0.*\n.*at least 1"),
        ({"samples": 1.5}, "samples=1.5"),
        ({"test": 0}, "test=0"),
        ({"test": None}, "test=None"),
        ({"steps": 36}, "steps=36.*\n.*at least 37"),
        ({"noise": -0.1}, "noise=-0.1"),
        ({"noise": 1.1}, "noise=1.1"),
        ({"noise": float("nan")}, "noise=nan"),
        ({"noise": True}, "noise=True"),
        ({"noise": "little"}, "noise='little'"),
    ],
)
def test_bad_arguments_of_pulse_order_are_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(so.DataError, match=named):
        pulse_order(**arguments)


def test_an_unknown_task_names_the_nearest() -> None:
    with pytest.raises(so.UnknownNameError, match="did you mean 'exclusive_or'"):
        pulse_order(task="exclusiv_or")


@pytest.mark.parametrize("path", [None, 3, "", ["a"]])
@pytest.mark.parametrize(
    "reader", [read_ts, so.data.read, so.data.read_nmnist, lambda path: so.data.read_shd(path, "b.h5"), read_recording]
)
def test_what_is_no_path_is_refused_by_every_reader(reader: Any, path: Any) -> None:
    with pytest.raises(DataError, match="no path"):
        reader(path)


def test_a_folder_is_no_file_of_shd_and_the_error_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"is a folder.*zenkelab\.org"):
        so.data.read_shd(tmp_path, tmp_path)


@pytest.mark.parametrize("series", [None, 3])
def test_series_are_a_list(series: Any) -> None:
    with pytest.raises(DataError, match="no list"):
        so.data.pad(series)
