"""Event data: each event lands in the bin its formula names, files come back as written, damage is named, and the
simulated camera sees what image processing says it should.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import shift, zoom
from sklearn.datasets import load_digits

import snnopt as so
from snnopt.data import Events, bin_events, from_tonic, read_nmnist, read_shd, saccade_digits
from snnopt.data.events.choice import balanced
from snnopt.data.events.nmnist import read_recording
from snnopt.errors import MissingPackageError

Event = tuple[int, int, int, int]
"""x, y, polarity, microseconds."""


def recording(events: list[Event], size: tuple[int, int]) -> Events:
    x, y, p, t = (np.array(column) for column in zip(*events, strict=True))
    return Events(x, y, p, t, size)


# Binning -------------------------------------------------------------------------------------------------------------


@st.composite
def several_recordings(draw: st.DrawFn) -> tuple[list[list[Event]], tuple[int, int], tuple[int, int]]:
    """Recordings, their sensor, and a grid on it."""
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    event = st.tuples(
        st.integers(0, width - 1),
        st.integers(0, height - 1),
        st.integers(0, 1),
        st.integers(0, 6) | st.integers(0, 5000),
    )
    recordings = draw(st.lists(st.lists(event, min_size=1, max_size=30), min_size=1, max_size=4))
    return recordings, (height, width), (draw(st.integers(1, height)), draw(st.integers(1, width)))


@given(
    several_recordings(),
    st.integers(1, 12),
    st.sampled_from(["1e-6", "2e-6", "3e-4", "7e-4", "1e-3", "0.0123"]),
    st.sampled_from(["binary", "count"]),
)
def test_every_event_is_in_its_bin(
    data: tuple[list[list[Event]], tuple[int, int], tuple[int, int]], steps: int, width: str, mode: str
) -> None:
    recordings, (H, W), (h, w) = data
    expected = np.zeros((steps, len(recordings), 2 * h * w))
    for i, events in enumerate(recordings):
        for x, y, polarity, microseconds in events:
            t = Fraction(microseconds, 10**6) // Fraction(width)
            row, column = Fraction(y * h, H) // 1, Fraction(x * w, W) // 1
            if t < steps:
                expected[t, i, (0 if polarity else h * w) + row * w + column] += 1
    if mode == "binary":
        expected = np.minimum(expected, 1)
    X = bin_events((recording(events, (H, W)) for events in recordings), (h, w), steps, float(width), mode)
    assert X.dtype == np.float32 and X.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(X, expected)


@pytest.mark.parametrize("bin_seconds", [1e-6, 1e-4, 3e-4, 7e-4, 1e-3, 0.0123, 0.1, 1])
def test_an_event_on_an_edge_begins_the_next_bin(bin_seconds: float) -> None:
    width = round(bin_seconds * 1e6)
    edges = width * np.arange(1, 1000)
    ones = np.ones(999, int)
    at, before = (Events(0 * ones, 0 * ones, ones, t, (1, 1)) for t in (edges, edges - 1))
    X = bin_events([at, before], (1, 1), 1000, bin_seconds, "count")
    np.testing.assert_array_equal(X[:, 0, 0], [0, *[1] * 999])
    np.testing.assert_array_equal(X[:, 1, 0], [*[1] * 999, 0])


def test_on_comes_before_off_and_rows_before_columns() -> None:
    X = bin_events([recording([(2, 0, 1, 0), (1, 1, 1, 0), (2, 0, 0, 1), (1, 1, 0, 1)], (2, 3))], (2, 3), 2, 1e-6)
    assert [list(np.flatnonzero(X[t, 0])) for t in (0, 1)] == [[2, 4], [6 + 2, 6 + 4]]


def test_order_dtypes_and_late_events_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    x, y, p, t = (
        rng.integers(0, 200, 500),
        rng.integers(0, 100, 500),
        rng.integers(0, 2, 500),
        rng.integers(0, 9000, 500),
    )
    X = bin_events([Events(x, y, p, t, (100, 200))], (100, 200), 9, 1e-3, "count")
    assert X.sum() == 500
    order = rng.permutation(500)
    narrow = Events(
        x[order].astype(np.uint8), y[order].astype(np.int8), p[order].astype(bool), t[order] + 0.25, (100, 200)
    )
    np.testing.assert_array_equal(bin_events([narrow], (100, 200), 9, 1e-3, "count"), X)
    merged = bin_events([narrow], (50, 50), 9, 1e-3, "count")
    np.testing.assert_array_equal(merged, X.reshape(9, 1, 2, 50, 2, 50, 4).sum((4, 6)).reshape(9, 1, 5000))
    late = dataclasses.replace(narrow, time=np.where(order < 3, 1e300, narrow.time))
    assert bin_events([late], (100, 200), 9, 1e-3, "count").sum() == 497


GOOD = Events(np.array([0, 4]), np.array([1, 2]), np.array([0, 1]), np.array([3, 8]), (3, 5))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"x": np.array([0, 5])}, "event 1 at row 2, column 5 is outside of the 3 rows and 5 columns"),
        ({"y": np.array([-1, 2])}, "event 0 at row -1, column 0 is outside"),
        ({"time": np.array([3, -8])}, "event 1 has time -8"),
        ({"time": np.array([np.nan, 8])}, "event 0 has time nan"),
        ({"time": np.array([3, np.inf])}, "event 1 has time inf"),
        ({"polarity": np.array([-1, 1])}, "event 0 has polarity -1"),
        ({"polarity": np.array([1])}, "2 x, 2 y, 1 polarities and 2 times"),
        ({"x": np.array([0.0, 4.0])}, "x has dtype float64"),
        ({"y": np.array([True, False])}, "y has dtype bool"),
        ({"x": np.array(["0", "4"])}, "x is an array of shape (2,) of dtype <U1"),
        ({"time": np.array([[3, 8]])}, "time is an array of shape (1, 2)"),
        ({"time": np.array([3, 8j])}, "dtype complex128"),
        ({name: np.zeros(0, int) for name in ("x", "y", "polarity", "time")}, "it has no events"),
        ({"size": (34,)}, "size=(34,)"),
        ({"size": (0, 5)}, "rows of size=0"),
        ({"size": (2, 5)}, "its sensor has 2 rows and 5 columns, the grid has 3 and 5"),
    ],
)
def test_a_recording_that_cannot_be_is_named(change: dict[str, Any], cause: str) -> None:
    with pytest.raises(so.DataError) as caught:
        bin_events([GOOD, dataclasses.replace(GOOD, **change)], (3, 5), 10, 1e-3)
    assert caught.value.where == "recording 1"
    assert cause in caught.value.cause


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"recordings": []}, "there is no recording"),
        ({"recordings": GOOD}, "a single recording"),
        ({"recordings": [np.zeros((5, 4))]}, r"it is an array of shape \(5, 4\)"),
        ({"size": 3}, "size=3"),
        ({"size": (3, 2.5)}, "columns of size=2.5"),
        ({"steps": 0}, "steps=0"),
        ({"bin_seconds": 0}, "bin_seconds=0"),
        ({"bin_seconds": -1e-3}, "bin_seconds=-0.001"),
        ({"bin_seconds": 1e-13}, "bin_seconds=1e-13"),
        ({"bin_seconds": float("nan")}, "bin_seconds=nan"),
        ({"bin_seconds": float("inf")}, "bin_seconds=inf"),
        ({"bin_seconds": True}, "bin_seconds=True"),
        ({"bin_seconds": "1 ms"}, "bin_seconds='1 ms'"),
    ],
)
def test_bad_arguments_of_binning_are_named(change: dict[str, Any], cause: str) -> None:
    arguments: dict[str, Any] = {"recordings": [GOOD], "size": (3, 5), "steps": 10, "bin_seconds": 1e-3}
    with pytest.raises(so.DataError, match=cause):
        bin_events(**arguments | change)


def test_an_unknown_mode_names_the_nearest() -> None:
    with pytest.raises(so.UnknownNameError, match="did you mean 'count'"):
        bin_events([GOOD], (3, 5), 10, 1e-3, mode="counts")


# The choice of recordings --------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(0, 2**32))
def test_choices_are_balanced_and_nested(drawn: list[int], seed: int) -> None:
    labels = np.array(drawn)

    def choose(count: int | None) -> np.ndarray:
        return balanced("here", "samples", count, labels, np.random.default_rng(seed))

    every = choose(None)
    assert sorted(every) == list(range(len(labels)))
    available = np.bincount(labels, minlength=5)
    for count in range(1, len(labels) + 1):
        np.testing.assert_array_equal(choose(count), every[:count])
        taken = np.bincount(labels[every[:count]], minlength=5)
        unfinished = taken[taken < available]
        assert not len(unfinished) or unfinished.min() >= taken.max() - 1
    with pytest.raises(so.DataError, match=f"here: samples={len(labels) + 1}.*\n.*1 to {len(labels)}"):
        choose(len(labels) + 1)


# N-MNIST -------------------------------------------------------------------------------------------------------------


def five_bytes(x: int, y: int, polarity: int, counter: int) -> bytes:
    return bytes([x, y]) + ((polarity << 23) + counter).to_bytes(3, "big")


def encoded(events: list[Event], overflows: list[int]) -> bytes:
    """Write events in their order, with so many overflows before each, as far as its time reaches beyond them."""
    out, base = b"", 0
    for (x, y, polarity, time), wanted in zip(events, overflows, strict=True):
        needed = -(-max(0, time - base - (2**23 - 1)) // 2**13)
        for _ in range(max(needed, min(wanted, (time - base) // 2**13))):
            out += five_bytes(255 - x, 240, 1 - polarity, time % 8192)
            base += 2**13
        out += five_bytes(x, y, polarity, time - base)
    return out


def decoded(events: Events) -> list[Event]:
    x, y, p, t = (np.asarray(f).tolist() for f in (events.x, events.y, events.polarity, events.time))
    return list(zip(x, y, p, t, strict=True))


pixel = st.integers(0, 33)
nmnist_events = st.lists(
    st.tuples(pixel, pixel, st.integers(0, 1), st.integers(0, 10**5) | st.integers(0, 2**24)), min_size=1, max_size=30
).map(lambda events: sorted(events, key=lambda e: e[3]))


@given(nmnist_events, st.data())
def test_files_of_nmnist_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], data: st.DataObject
) -> None:
    overflows = data.draw(st.lists(st.integers(0, 5), min_size=len(events), max_size=len(events)))
    path = tmp_path_factory.getbasetemp() / "nmnist_round_trip.bin"
    path.write_bytes(encoded(events, overflows))
    found = read_recording(path)
    assert found.size == (34, 34)
    assert decoded(found) == events
    path.write_bytes(encoded(decoded(found), [5000] * len(events)))  # as a counter of 13 bits has it
    assert decoded(read_recording(str(path))) == events


def test_the_layout_of_an_event_is_the_documented_one(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes([33, 2, 0x81, 0x02, 0x03, 9, 240, 0, 0, 7, 1, 4, 0x00, 0x00, 0x05]))
    assert decoded(read_recording(path)) == [(33, 2, 1, 0x010203), (1, 4, 0, 2**13 + 5)]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "it holds no event"),
        (five_bytes(0, 240, 0, 0), "it holds no event"),
        (five_bytes(1, 1, 0, 0)[:-1], "its 4 bytes are no multiple of 5"),
        (five_bytes(1, 1, 0, 0) + b"\n", "its 6 bytes are no multiple of 5"),
        (five_bytes(1, 1, 0, 0) + five_bytes(34, 5, 0, 0), "event 1 (byte 5) at row 5, column 34 is outside"),
        (five_bytes(1, 239, 1, 0), "event 0 (byte 0) at row 239, column 1 is outside"),
    ],
)
def test_damaged_files_of_nmnist_are_named(tmp_path: Path, content: bytes, cause: str) -> None:
    nmnist(tmp_path, 1)
    path = tmp_path / "Train" / "3" / "00000.bin"
    path.write_bytes(content)
    with pytest.raises(so.FileError) as caught:
        read_nmnist(tmp_path)
    assert caught.value.where == str(path)
    assert cause in caught.value.cause
    assert "unpack the file again" in caught.value.fix


def nmnist(folder: Path, count: int) -> dict[str, dict[int, list[list[Event]]]]:
    """Write so many recordings of each digit and part; return their events."""
    rng = np.random.default_rng(0)
    written: dict[str, dict[int, list[list[Event]]]] = {"Train": {}, "Test": {}}
    for part, digits in written.items():
        for digit in range(10):
            (folder / part / str(digit)).mkdir(parents=True)
            digits[digit] = []
            for k in range(count):
                xy, p, t = rng.integers(0, 34, (20, 2)), rng.integers(0, 2, 20), np.sort(rng.integers(0, 40_000, 20))
                events = [(int(x), int(y), int(q), int(s)) for (x, y), q, s in zip(xy, p, t, strict=True)]
                (folder / part / str(digit) / f"{k:05}.bin").write_bytes(encoded(events, [5000] * 20))
                digits[digit].append(events)
    return written


def test_nmnist_is_read_with_its_labels(tmp_path: Path) -> None:
    written = nmnist(tmp_path, 3)
    (tmp_path / "Train" / "0" / "._00000.bin").write_bytes(b"not a recording")
    (tmp_path / "Train" / "0" / "readme.txt").write_bytes(b"nor this")
    d = read_nmnist(tmp_path, steps=30)
    assert repr(d) == "Dataset('nmnist', 30 train, 30 test, 30 steps, 2312 features, 10 classes)"
    assert d.X_train.dtype == np.float32 and d.y_train.dtype == np.int64
    assert d.classes == tuple("0123456789")
    for part, X, y in (("Train", d.X_train, d.y_train), ("Test", d.X_test, d.y_test)):
        left = {
            (digit, k): bin_events([recording(e, (34, 34))], (34, 34), 30, 1e-3)[:, 0]
            for digit, all_of_it in written[part].items()
            for k, e in enumerate(all_of_it)
        }
        for i, label in enumerate(y):
            found = next(key for key, x in left.items() if key[0] == label and np.array_equal(x, X[:, i]))
            del left[found]
        assert not left


def test_a_choice_from_nmnist_is_balanced_seeded_and_nested(tmp_path: Path) -> None:
    nmnist(tmp_path, 4)
    d = read_nmnist(str(tmp_path), samples=20, test=10, steps=10, bin_seconds=4e-3, mode="count")
    assert d.X_train.sum() == 20 * 20 and d.X_test.sum() == 10 * 20
    assert np.bincount(d.y_train).tolist() == [2] * 10 and np.bincount(d.y_test).tolist() == [1] * 10
    fewer = read_nmnist(tmp_path, samples=7, test=10, steps=10, bin_seconds=4e-3, mode="count")
    np.testing.assert_array_equal(fewer.X_train, d.X_train[:, :7])
    np.testing.assert_array_equal(fewer.X_test, d.X_test)
    other = read_nmnist(tmp_path, samples=20, test=10, seed=1, steps=10, bin_seconds=4e-3, mode="count")
    assert not np.array_equal(other.X_train, d.X_train) and not np.array_equal(other.X_test, d.X_test)


def test_a_folder_that_is_not_nmnist_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no .*nowhere/Train/0/\*\.bin; get Train\.zip.*orchard.*Test/0/\*\.bin"
    ):
        read_nmnist(tmp_path / "nowhere")
    nmnist(tmp_path, 1)
    (tmp_path / "Test" / "7" / "00000.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"Test/7/\*\.bin"):
        read_nmnist(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"samples": 0}, "samples=0"),
        ({"samples": 11}, "samples=11.*\n.*1 to 10"),
        ({"test": 2.5}, "test=2.5"),
        ({"seed": -1}, "seed=-1"),
        ({"steps": None}, "steps=None"),
        ({"bin_seconds": 0.0}, "bin_seconds=0.0"),
        ({"mode": "sum"}, "mode"),
    ],
)
def test_bad_arguments_of_nmnist_are_named(tmp_path: Path, arguments: dict[str, Any], named: str) -> None:
    nmnist(tmp_path, 1)
    with pytest.raises(so.SnnoptError, match=named):
        read_nmnist(tmp_path, **arguments)


# SHD -----------------------------------------------------------------------------------------------------------------


def shd(path: Path, change: Callable[[h5py.File], None] = lambda file: None, names: int = 4) -> list[list[Event]]:
    """Write 12 recordings of 4 classes as SHD has them; return their spikes, with 0 for y and 1 for polarity."""
    rng = np.random.default_rng(len(path.name))
    all_spikes = []
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", (12,), h5py.vlen_dtype(np.float16))
        units = file.create_dataset("spikes/units", (12,), h5py.vlen_dtype(np.uint16))
        for i in range(12):
            n = int(rng.integers(1, 40))
            time = np.sort(rng.uniform(0, 1.3, n)).astype(np.float16)
            unit = rng.integers(0, 700, n)
            times[i], units[i] = time, unit
            all_spikes.append([(int(u), 0, 1, round(float(t) * 10**6)) for u, t in zip(unit, time, strict=True)])
        file["labels"] = np.arange(12, dtype=np.uint8) % 4
        if names:
            file["extra/keys"] = np.array([b"null", b"eins", b"zwei", b"drei"][:names])
        change(file)
    return all_spikes


@pytest.mark.parametrize("mode", ["binary", "count"])
def test_shd_is_read_with_labels_and_lengths(tmp_path: Path, mode: str) -> None:
    paths = tmp_path / "shd_train.h5", tmp_path / "shd_test.h5"
    written = [shd(path) for path in paths]
    d = read_shd(*paths, steps=60, bin_seconds=0.02, mode=mode, lengths=True)
    assert repr(d) == "Dataset('shd', 12 train, 12 test, up to 60 steps, 700 features, 4 classes)"
    assert d.classes == ("null", "eins", "zwei", "drei")
    assert d.X_train.dtype == np.float32 and d.y_train.dtype == np.int64
    assert d.lengths_train is not None and d.lengths_test is not None
    parts = ((d.X_train, d.y_train, d.lengths_train), (d.X_test, d.y_test, d.lengths_test))
    for spikes, (X, y, lengths) in zip(written, parts, strict=True):
        expected = bin_events([recording(s, (1, 700)) for s in spikes], (1, 700), 60, 0.02, mode)[..., :700]
        ends = [min(60, max(s[3] for s in one) // 20_000 + 1) for one in spikes]
        left = set(range(12))
        for i, label in enumerate(y):
            found = next(k for k in left if k % 4 == label and np.array_equal(expected[:, k], X[:, i]))
            assert lengths[i] == ends[found]
            left.remove(found)


def test_a_choice_from_shd_is_balanced_and_lengths_and_names_are_optional(tmp_path: Path) -> None:
    paths = tmp_path / "shd_train.h5", str(tmp_path / "shd_test.h5")
    for path in paths:
        shd(Path(path), names=0)
    every, d = read_shd(*paths, seed=3), read_shd(*paths, samples=8, test=5, seed=3)
    assert d.X_train.shape == (100, 8, 700) and d.X_test.shape == (100, 5, 700)
    np.testing.assert_array_equal(d.X_train, every.X_train[:, :8])
    np.testing.assert_array_equal(d.y_test, every.y_test[:5])
    assert np.bincount(d.y_train).tolist() == [2] * 4
    assert d.lengths_train is d.lengths_test is None
    assert d.classes == ("0", "1", "2", "3")


def assign(field: str, index: int, value: list[float], kind: type = np.float16) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[field][index] = np.array(value, kind)

    return change


def replace(field: str, values: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[field]
        if values is not None:
            file[field] = values

    return change


@pytest.mark.parametrize(
    ("change", "where", "cause"),
    [
        (assign("spikes/times", 3, [np.nan] * 3), "recording 3", "3 times and"),
        (assign("spikes/times", 3, []), "recording 3", "0 times and"),
        (replace("spikes/units", None), "", "it has no spikes/units"),
        (replace("labels", None), "", "it has no labels"),
        (replace("labels", np.arange(11)), "", "have the shapes [(12,), (12,), (11,)], instead of one [N]"),
        (replace("labels", 3), "", "have the shapes [(12,), (12,), ()]"),
        (replace("labels", np.full(12, -1)), "", "its labels are not whole numbers"),
        (replace("labels", np.full(12, 0.5)), "", "its labels are not whole numbers"),
        (replace("labels", np.full(12, 4)), "", "it names 4 classes and has label 4"),
    ],
)
def test_damaged_files_of_shd_are_named(
    tmp_path: Path, change: Callable[[h5py.File], None], where: str, cause: str
) -> None:
    paths = tmp_path / "shd_train.h5", tmp_path / "shd_test.h5"
    shd(paths[0])
    shd(paths[1], change)
    with pytest.raises(so.FileError) as caught:
        read_shd(*paths)
    assert caught.value.where == f"{paths[1]}, {where}".removesuffix(", ")
    assert cause in caught.value.cause


@pytest.mark.parametrize(
    ("times", "units", "cause"),
    [
        ([0.5, -0.5], [1, 2], "its times run from -0.5 to 0.5 s"),
        ([0.5, np.inf], [1, 2], "its times run from 0.5 to inf s"),
        ([0.5, 0.5], [1, 700], "its units run from 1 to 700, instead of 0 to 699"),
    ],
)
def test_impossible_spikes_of_shd_are_named(tmp_path: Path, times: list[float], units: list[float], cause: str) -> None:
    def change(file: h5py.File) -> None:
        assign("spikes/times", 5, times)(file)
        assign("spikes/units", 5, units, np.uint16)(file)

    path = tmp_path / "shd_train.h5"
    shd(path, change)
    with pytest.raises(so.FileError, match=cause) as caught:
        read_shd(path, path)
    assert caught.value.where == f"{path}, recording 5"


def test_files_that_are_not_shd_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "shd_train.h5", tmp_path / "other.h5"
    shd(path)
    with pytest.raises(FileNotFoundError, match=r"no file .*other\.h5; get shd_train\.h5\.zip.*zenkelab"):
        read_shd(path, other)
    for content in (b"PK\x03\x04 still packed", path.read_bytes()[:3000]):
        other.write_bytes(content)
        with pytest.raises(so.FileError, match="HDF5 cannot open it"):
            read_shd(path, other)
    with pytest.raises(so.DataError, match=r"samples=13.*\n.*1 to 12"):
        read_shd(path, path, samples=13)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingPackageError, match="pip install h5py"):
        read_shd(path, path)


# tonic ---------------------------------------------------------------------------------------------------------------

XYTP = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", bool)])


class FakeTonic:
    """Five recordings on a sensor of 6 columns and 4 rows; the label of recording i is i % 3."""

    sensor_size: Any = (6, 4, 2)

    def __init__(self, seed: int = 0, dtype: np.dtype = XYTP) -> None:
        rng = np.random.default_rng(seed)
        self.recordings = []
        for _ in range(5):
            events = np.zeros(30, dtype)
            for name, high in (("x", 6), ("y", 4), ("t", 9000), ("p", 2)):
                if name in (dtype.names or ()):
                    events[name] = rng.integers(0, high, 30)
            self.recordings.append(events)

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: int) -> Any:
        assert isinstance(index, int)  # tonic indexes lists of file names
        return self.recordings[index], index % 3


class Named(FakeTonic):
    classes = ("rock", b"paper", "scissors")


class Numbered(FakeTonic):
    classes = ("too", "few")


def test_data_sets_of_tonic_are_taken_by_their_behaviour() -> None:
    train, test = Named(0), Named(1)
    d = from_tonic(train, test, seed=2, steps=9, mode="count")
    assert repr(d) == "Dataset('Named', 5 train, 5 test, 9 steps, 48 features, 3 classes)"
    assert d.classes == ("rock", "paper", "scissors")
    for given_, X, y in ((train, d.X_train, d.y_train), (test, d.X_test, d.y_test)):
        left = set(range(5))
        for i, label in enumerate(y):
            found = [k for k in left if np.array_equal(X[:, i], expected_of(given_.recordings[k]))]
            assert [k % 3 for k in found] == [label]
            left -= set(found)
    fewer = from_tonic(train, test, samples=2, test=3, seed=2, steps=9, mode="count")
    np.testing.assert_array_equal(fewer.X_train, d.X_train[:, :2])
    np.testing.assert_array_equal(fewer.y_test, d.y_test[:3])
    merged = from_tonic(train, test, seed=2, steps=9, mode="count", size=(2, 3))
    pooled = d.X_train.reshape(9, 5, 2, 2, 2, 3, 2).sum((4, 6)).reshape(9, 5, 12)
    np.testing.assert_array_equal(merged.X_train, pooled)
    assert from_tonic(Numbered(), Numbered()).classes == from_tonic(FakeTonic(), FakeTonic()).classes == ("0", "1", "2")


def expected_of(events: np.ndarray) -> np.ndarray:
    X = np.zeros((9, 48))
    for e in events:
        X[e["t"] // 1000, (0 if e["p"] else 24) + 6 * e["y"] + e["x"]] += 1
    return X


def broken(**changes: Any) -> FakeTonic:
    fake = FakeTonic()
    for name, value in changes.items():
        setattr(fake, name, value)
    return fake


class Labelled(FakeTonic):
    def __init__(self, label: Any) -> None:
        super().__init__()
        self.label = label

    def __getitem__(self, index: int) -> Any:
        return self.recordings[index], self.label


@pytest.mark.parametrize(
    ("fake", "cause"),
    [
        (broken(sensor_size=None), r"sensor_size of FakeTonic is None, not \(columns, rows, 2\)"),
        (broken(sensor_size=(700, 1, 1)), r"is \(700, 1, 1\).*\n.*read_shd"),
        (broken(recordings=[np.array([(5, 4, 0, 0)], XYTP)]), "recording 0: event 0 at row 4, column 5 is outside"),
        (broken(recordings=[]), "FakeTonic is empty"),
        (broken(recordings=[np.zeros((9, 2, 4, 6))]), r"recording 0: its events are an array of shape \(9, 2, 4, 6\)"),
        (broken(recordings=[np.zeros(0, XYTP)]), "recording 0: it has no events"),
        (FakeTonic(dtype=np.dtype([("t", int), ("x", int), ("p", int)])), "not an array with the fields x, y, t and p"),
        (Labelled("airplanes"), "its label is 'airplanes'.*\n.*target_transform"),
        (Labelled(0.5), "its label is 0.5"),
        (Labelled(None), "its label is None"),
        (Labelled(-1), "its label is -1"),
        (Labelled(np.array([1, 0])), "its label is an array"),
    ],
)
def test_what_is_no_camera_of_tonic_is_named(fake: FakeTonic, cause: str) -> None:
    for pair in ((fake, FakeTonic()), (FakeTonic(), fake)):
        with pytest.raises(so.DataError, match=cause):
            from_tonic(*pair)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"samples": 6}, "samples=6.*\n.*1 to 5"),
        ({"test": 0}, "test=0"),
        ({"seed": None}, "seed=None"),
        ({"steps": 0}, "steps=0"),
        ({"size": (5, 6)}, "its sensor has 4 rows and 6 columns, the grid has 5 and 6"),
    ],
)
def test_bad_arguments_of_from_tonic_are_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(so.DataError, match=named):
        from_tonic(FakeTonic(), FakeTonic(), **arguments)


# Saccades ------------------------------------------------------------------------------------------------------------


def brightness(image: np.ndarray, size: int, steps: int) -> Iterator[np.ndarray]:
    """What each time shows, by scipy's image processing instead of matrices."""
    enlarged = zoom(image / 16, 1.5 * size / 17, order=1)
    canvas = np.zeros((size, size))
    canvas[: len(enlarged), : len(enlarged)] = enlarged
    third = steps // 3
    corners, lengths = [(0, 0), (2, 4), (4, 0), (0, 0)], [third, third, steps - 2 * third]
    for (r0, c0), (r1, c1), n in zip(corners[:3], corners[1:], lengths, strict=True):
        for k in range(n):
            at = np.array([r0 + (r1 - r0) * k / n, c0 + (c1 - c0) * k / n])
            yield shift(canvas, 0.8 * size / 17 * at, order=1)
    yield canvas


@pytest.mark.parametrize(("size", "steps"), [(17, 50), (34, 150), (12, 7)])
def test_the_camera_sees_what_image_processing_says(size: int, steps: int) -> None:
    threshold = 0.15123  # no difference of brightness is near it
    d = saccade_digits(seed=1, samples=3, test=2, size=size, steps=steps, threshold=threshold)
    order = np.random.default_rng(1).permutation(1797)
    bunch = load_digits()
    np.testing.assert_array_equal(d.y_train, bunch.target[order[:3]])
    np.testing.assert_array_equal(d.y_test, bunch.target[order[-2:]])
    found = np.concatenate([d.X_train, d.X_test], axis=1)
    for i, k in enumerate([*order[:3], *order[-2:]]):
        views = brightness(bunch.images[k], size, steps)
        last = next(views)
        for t, now in enumerate(views):
            on, off = now - last > threshold, last - now > threshold
            last[on | off] = now[on | off]
            np.testing.assert_array_equal(found[t, i], np.concatenate([on.ravel(), off.ravel()]))
        assert t == steps - 1


def test_saccades_are_spikes_of_either_sign_and_no_digit_is_in_both_parts() -> None:
    d = saccade_digits()
    assert repr(d) == "Dataset('saccades', 200 train, 200 test, 50 steps, 578 features, 10 classes)"
    assert d.X_train.dtype == d.X_test.dtype == np.float32 and d.y_train.dtype == np.int64
    assert d.X_train.flags["C_CONTIGUOUS"]
    assert set(np.unique(d.X_train)) == {0, 1}
    on, off = d.X_train[..., :289], d.X_train[..., 289:]
    assert not (on * off).any()
    assert 0.025 < on.mean() < 0.04 and 0.025 < off.mean() < 0.04
    every = saccade_digits(samples=1596, test=201, steps=3)
    assert every.X_train.shape[1] + every.X_test.shape[1] == 1797
    assert len(set(map(bytes, every.X_train.swapaxes(0, 1))) & set(map(bytes, every.X_test.swapaxes(0, 1)))) == 0
    np.testing.assert_array_equal(every.y_train[:200], d.y_train)


def test_saccades_are_seeded_and_fewer_are_the_first_of_more() -> None:
    d, few = saccade_digits(seed=5, samples=40, test=30), saccade_digits(seed=5, samples=10, test=30)
    np.testing.assert_array_equal(few.X_train, d.X_train[:, :10])
    np.testing.assert_array_equal(few.X_test, d.X_test)
    assert not np.array_equal(saccade_digits(seed=6, samples=40, test=30).X_train, d.X_train)
    assert len(saccade_digits(samples=None, test=1700, steps=3).y_train) == 97
    higher = saccade_digits(seed=5, samples=40, test=30, threshold=0.6)
    assert 0 < higher.X_train.sum() < d.X_train.sum()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"samples": 1598}, "samples=1598.*\n.*1 to 1597"),
        ({"samples": 0}, "samples=0"),
        ({"test": 1797}, "test=1797.*\n.*1 to 1796"),
        ({"test": None}, "test=None"),
        ({"size": 7}, "size=7.*\n.*at least 8"),
        ({"steps": 2}, "steps=2"),
        ({"threshold": 0}, "threshold=0"),
        ({"threshold": 1.0}, "threshold=1.0"),
        ({"threshold": float("nan")}, "threshold=nan"),
        ({"threshold": "low"}, "threshold='low'"),
    ],
)
def test_bad_arguments_of_saccades_are_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(so.DataError, match=named):
        saccade_digits(**arguments)


def test_missing_scikit_learn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'snnopt\[data\]'"):
        saccade_digits()


def test_a_network_learns_from_events() -> None:
    d = saccade_digits(samples=100, test=50, size=12, steps=20)
    x = so.Input(288, name="camera")
    h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(60)(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(10)(h))
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y)), so.Online(epochs=5, batch_size=25))
    result = plan.solve(d.X_train, d.y_train)
    assert result.score(d.X_test, d.y_test) > 0.6
