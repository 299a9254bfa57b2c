"""Reading .ts files: what is written comes back, and each kind of damage is named with its line and its mend."""

from __future__ import annotations

from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import snnopt as so
from snnopt.data import read_ts

GOOD = """\
# made for the tests
@problemName Gestures
@timeStamps false
@missing false
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true right left
@data
0.5,1e-3,-2:4,5,6:left
# between
7,8,9:10,11,12:right

-1,-2,-3:-4,-5,-6:left
"""


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "gestures.ts"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_good_file_comes_back_time_first(tmp_path: Path) -> None:
    series, labels, classes = read_ts(write(tmp_path, GOOD))
    np.testing.assert_array_equal(series[0], [[0.5, 4], [1e-3, 5], [-2, 6]])
    np.testing.assert_array_equal(series[1], [[7, 10], [8, 11], [9, 12]])
    assert [x.shape for x in series] == [(3, 2)] * 3
    assert all(x.dtype == np.float64 and x.flags["C_CONTIGUOUS"] for x in series)
    assert classes == ("right", "left")  # in the order of the header
    assert labels.tolist() == [1, 0, 1] and labels.dtype == np.int64
    assert read_ts(str(write(tmp_path, GOOD)))[2] == classes


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("@dimensions 2", "@dimension 2"),
        GOOD.replace("@dimensions 2\n", ""),
        GOOD.replace("@seriesLength 3\n", ""),
        GOOD.replace("@seriesLength 3", "@frequency 10 Hz"),
        GOOD.replace("@equalLength true", "@equalLength false").replace("@seriesLength 3", "@seriesLength 0"),
        GOOD.replace("@classLabel true", "@CLASSLABEL True").replace("@data", "@DATA"),
        GOOD.replace("0.5,1e-3,-2:4,5,6:left", " 0.5, 1e-3 ,-2 : 4,5,6 : left "),
        GOOD.replace("# made", "% made"),
        "\ufeff" + GOOD,
        GOOD.encode().replace(b"for the tests", b"for the tests by Sch\xe4fer"),  # a comment in Latin-1
        GOOD.rstrip("\n"),
    ],
)
def test_what_may_vary_does(tmp_path: Path, text: str | bytes) -> None:
    series, labels, classes = read_ts(write(tmp_path, text))
    np.testing.assert_array_equal(np.stack(series)[0], [[0.5, 4], [1e-3, 5], [-2, 6]])
    assert labels.tolist() == [1, 0, 1]
    assert classes == ("right", "left")


def test_lengths_may_differ_and_one_channel_is_a_column(tmp_path: Path) -> None:
    text = "@univariate true\n@equalLength false\n@classLabel true a b\n@data\n1,2,3:a\n4:b\n"
    series, labels, _ = read_ts(write(tmp_path, text))
    np.testing.assert_array_equal(series[0], [[1], [2], [3]])
    np.testing.assert_array_equal(series[1], [[4]])
    assert labels.tolist() == [0, 1]


@st.composite
def labelled_series(draw: st.DrawFn) -> tuple[list[np.ndarray], list[int]]:
    channels = draw(st.integers(1, 3))
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    series = [draw(hnp.arrays(np.float64, (n, channels), elements=finite)) for n in lengths]
    return series, [draw(st.integers(0, 2)) for _ in lengths]


@given(labelled_series())
def test_what_is_written_comes_back(
    tmp_path_factory: pytest.TempPathFactory, data: tuple[list[np.ndarray], list[int]]
) -> None:
    series, labels = data
    rows = [
        ":".join([*(",".join(map(repr, channel.tolist())) for channel in x.T), f"class{y}"])
        for x, y in zip(series, labels, strict=True)
    ]
    lines = [f"@dimensions {series[0].shape[1]}", "@classLabel true class0 class1 class2", "@data", *rows]
    found, y, _ = read_ts(write(tmp_path_factory.mktemp("ts"), "\n".join(lines)))
    assert y.tolist() == labels
    for x, back in zip(series, found, strict=True):
        np.testing.assert_array_equal(back, x)


# what to put in place of what in GOOD; the line, the cause and the mend that the error must have
DAMAGE = {
    "flag": ("@equalLength true", "@equalLength yes", 7, "@equalLength is 'yes'", "'@equalLength true' or"),
    "empty flag": ("@timeStamps false", "@timeStamps", 3, "@timeStamps is ''", "write '@timeStamps true'"),
    "timestamps": ("@timeStamps false", "@timeStamps true", 3, "timestamps, which are not read", "the values alone"),
    "stamped row": ("7,8,9:", "(0,7),(1,8),(2,9):", 13, "timestamps, which are not read", "the values alone"),
    "regression": ("@missing false", "@targetLabel true", 4, "numbers to predict", "@classLabel true"),
    "no classes": ("@classLabel true right left", "@classLabel false", 9, "names no classes", "'@classLabel true'"),
    "unnamed": ("@classLabel true right left", "@classLabel true", 9, "names no classes", "class names"),
    "no class line": ("@classLabel true right left", "#", 10, "no @classLabel line", "'@classLabel true' and"),
    "twice": ("right left", "right left left", 9, "names 'left' twice", "each class once"),
    "count": ("@dimensions 2", "@dimensions two", 6, "@dimensions is 'two'", "a whole number of at least 1"),
    "no count": ("@dimensions 2", "@dimensions 0", 6, "@dimensions is '0'", "e.g. '@dimensions 6'"),
    "length": ("@seriesLength 3", "@seriesLength 3.0", 8, "@seriesLength is '3.0'", "a whole number"),
    "univariate": (
        "@univariate false",
        "@univariate true",
        6,
        "contradicts '@univariate true'",
        "leave @dimensions out",
    ),
    "not a header": (
        "@missing false",
        "missing false",
        4,
        "'missing false' stands before @data",
        "with @ and comments",
    ),
    "late header": ("7,8,9:10,11,12:right", "@missing true", 13, "stands among the rows", "before @data"),
    "class": ("11,12:right", "11,12:rihgt", 13, "ends in 'rihgt', which is no class", "['right', 'left']"),
    "no label": ("11,12:right", "11,12", 13, "ends in '10,11,12', which is no class", "in a colon and one of"),
    "only label": ("7,8,9:10,11,12:right", "right", 13, "0 channels instead of 2", "separate channels by colons"),
    "channel lost": ("7,8,9:10,11,12:", "7,8,9:", 13, "1 channels instead of 2", "mend @dimensions"),
    "channel more": ("7,8,9:", "7,8,9:1,1,1:", 13, "3 channels instead of 2", "mend @dimensions"),
    "ragged": ("10,11,12:", "10,11:", 13, "channel 2 has 2 values, channel 1 has 3", "one value a step"),
    "short": ("7,8,9:10,11,12:", "7,8:10,11:", 13, "2 steps, and '@equalLength true' asks for 3", "complete the row"),
    "first short": ("@seriesLength 3", "@seriesLength 4", 11, "3 steps, and '@equalLength", "'@equalLength false'"),
    "missing": ("-1,-2,-3:-4", "-1,-2,-3:?", 15, "step 1 of channel 2 is missing ('?')", "leave the row out"),
    "missing too": ("7,8,9:", "7,8,NaN:", 13, "step 3 of channel 1 is missing ('NaN')", "leave the row out"),
    "infinite": ("7,8,9:", "7,inf,9:", 13, "step 2 of channel 1 is 'inf', not a finite", "a finite decimal number"),
    "text": ("7,8,9:", "7,8x,9:", 13, "step 2 of channel 1 is '8x', not a finite", "a finite decimal number"),
    "no number": ("7,8,9:", "7,,9:", 13, "step 2 of channel 1 is ''", "a finite decimal number"),
    "no channel": ("7,8,9:", ":", 13, "step 1 of channel 1 is ''", "a finite decimal number"),
    "underscore": ("7,8,9:", "7,8_0,9:", 13, "step 2 of channel 1 is '8_0'", "a finite decimal number"),
    "no data line": ("@data", "#", 11, "stands before @data", "put @data before the first row"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named_with_line_and_mend(tmp_path: Path, kind: str) -> None:
    old, new, line, cause, fix = DAMAGE[kind]
    assert GOOD.count(old) == 1
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(so.FileError) as caught:
        read_ts(path)
    where, _, row = caught.value.where.partition(" (")
    assert where == f"{path}, line {line}"
    # lines 11, 13 and 15 are rows 1, 2 and 3
    assert row == (f"row {(line - 9) // 2} of the data)" if line > 10 and kind != "no data line" else "")
    assert cause in caught.value.cause
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        (b"", 1, "ends without an @data line"),
        (b"# only a comment\n", 1, "ends without an @data line"),
        (GOOD.encode().split(b"@data")[0], 9, "ends without an @data line"),
        (GOOD.encode().split(b"0.5")[0], 10, "ends without a row of data"),
        (GOOD.encode()[:-20], 15, "ends in"),  # cut off in the last row
        (b"\x1f\x8b\x08\x00packed", 1, "not UTF-8 text"),
        (GOOD.encode().replace(b"7,8,9", b"7,\xff,9"), 13, "not UTF-8 text"),
    ],
)
def test_files_that_are_cut_or_foreign(tmp_path: Path, text: bytes, line: int, cause: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(so.FileError, match="Fix: ") as caught:
        read_ts(path)
    assert caught.value.where.startswith(f"{path}, line {line}")
    assert cause in caught.value.cause


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*gestures\.ts"):
        read_ts(tmp_path / "gestures.ts")
    with pytest.raises(so.FileError, match="it is a folder"):
        read_ts(tmp_path)
