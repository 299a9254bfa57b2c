"""The .ts files of the UEA and UCR time-series archives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.data.dataset import a_path
from snnopt.errors import FileError, shown

Array = NDArray[Any]
Fields = dict[str, tuple[str, list[str]]]
"""Header lines by lower-case name: where each stands, and its words."""

MISSING = ("?", "nan")
NO_TIMES = "write the values alone, 1.5 for (0,1.5), and '@timeStamps false'"


@dataclass(frozen=True)
class Header:
    """What the lines before ``@data`` promise of the rows; None where they leave it to the first row."""

    classes: tuple[str, ...]
    channels: int | None
    equal_length: bool
    steps: int | None


def read_ts(path: str | Path) -> tuple[list[Array], Array, tuple[str, ...]]:
    """Read a labelled ``.ts`` file of time series, of one channel or several, of equal lengths or not.

    A file is comments (``#`` or ``%``), header lines (``@name value``, in any case), ``@data``, and one row a line::

        @problemName Gestures
        @dimensions 2
        @equalLength false
        @classLabel true left right
        @data
        0.1,0.2,0.3:1.0,1.1,1.2:left
        0.4,0.5:1.3,1.4:right

    Header lines that say nothing of the rows are passed over.

    Returns
    -------
    series : for each row an array [T_i, channels] of float64.
    labels : [N] of int64, counted from 0 in the order in which the header names the classes.
    classes : their names.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    DataError
        ``path`` is no path.
    FileError
        The file is damaged, contradicts its header, has no class labels, lacks values (``?`` or ``NaN``), or has
        timestamps. The message has the line, and the row where it is one.

    Notes
    -----
    Source: Bagnall et al., The UEA multivariate time series classification archive, 2018 (arXiv:1811.00075); the format
    is written down in the documentation of sktime, "ts File Format v1.0".
    """
    path = a_path("series", path)
    if path.is_dir():
        raise FileError(str(path), "it is a folder", "give a .ts file in it")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; give the path of a .ts file")
    lines = _lines(path)
    header = _header(f"{path}, line 1", lines)
    series: list[Array] = []
    labels: list[int] = []
    for place, text in lines:
        x, label = _row(f"{place} (row {len(series) + 1} of the data)", text, header)
        header = replace(header, channels=x.shape[1], steps=len(x) if header.equal_length else None)
        series.append(x)
        labels.append(label)
    if not series:
        last = len(path.read_bytes().splitlines())
        raise FileError(f"{path}, line {last}", "the file ends without a row of data", "get the whole file again")
    return series, np.array(labels, np.int64), header.classes


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Where each line stands that is neither empty nor a comment, and its text. Comments may be in any encoding."""
    for number, raw in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        line, place = raw.strip(), f"{path}, line {number}"
        if line and not line.startswith((b"#", b"%")):
            try:
                yield place, line.decode("utf-8")
            except UnicodeDecodeError:
                fix = "save the file as UTF-8 text, and unpack it first if it is compressed"
                raise FileError(place, "it is not UTF-8 text", fix) from None


def _header(place: str, lines: Iterator[tuple[str, str]]) -> Header:
    """Read up to ``@data``."""
    fields: Fields = {}
    for place, text in lines:  # the last place is where a file without @data ends
        if not text.startswith("@"):
            fix = "begin header lines with @ and comments with #, and put @data before the first row"
            raise FileError(place, f"{shown(text)} stands before @data", fix)
        name, *words = text.split()
        if name.lower() == "@data":
            break
        fields["@dimensions" if name.lower() == "@dimension" else name.lower()] = place, words
    else:
        raise FileError(place, "the file ends without an @data line", "put @data between the header and the rows")
    if _flag(fields, "@timeStamps"):
        raise FileError(fields["@timestamps"][0], "the values have timestamps, which are not read", NO_TIMES)
    if _flag(fields, "@targetLabel"):
        fix = "give a file of classes, with '@classLabel true' and their names"
        raise FileError(fields["@targetlabel"][0], "the rows end in numbers to predict, not in classes", fix)
    channels, univariate = _count(fields, "@dimensions"), _flag(fields, "@univariate")
    if univariate and channels not in (None, 1):
        cause = f"@dimensions {channels} contradicts '@univariate true'"
        raise FileError(fields["@dimensions"][0], cause, "write '@univariate false', or leave @dimensions out")
    equal = _flag(fields, "@equalLength")
    steps = _count(fields, "@seriesLength") if equal else None
    return Header(_classes(place, fields), 1 if univariate else channels, equal, steps)


def _classes(end: str, fields: Fields) -> tuple[str, ...]:
    place, words = fields.get("@classlabel", (end, []))
    names = tuple(words[1:]) if _flag(fields, "@classLabel") else ()
    if not names:
        cause = "the file names no classes" if "@classlabel" in fields else "no @classLabel line stands before @data"
        raise FileError(
            place, cause, "write '@classLabel true' and the class names, e.g. '@classLabel true left right'"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FileError(place, f"@classLabel names {twice!r} twice", "name each class once")
    return names


def _flag(fields: Fields, name: str) -> bool:
    """Whether a header line says true; without the line, false."""
    place, words = fields.get(name.lower(), ("", ["false"]))
    word = words[0].lower() if words else ""
    if word not in ("true", "false"):
        raise FileError(place, f"{name} is {shown(' '.join(words))}", f"write '{name} true' or '{name} false'")
    return word == "true"


def _count(fields: Fields, name: str) -> int | None:
    """The number in a header line; without the line, None."""
    if name.lower() not in fields:
        return None
    place, words = fields[name.lower()]
    if len(words) != 1 or not words[0].isdecimal() or int(words[0]) < 1:
        fix = f"write a whole number of at least 1, e.g. '{name} 6'"
        raise FileError(place, f"{name} is {shown(' '.join(words))}", fix)
    return int(words[0])


def _row(place: str, text: str, header: Header) -> tuple[Array, int]:
    """Read ``v,v,...:v,v,...:label``."""
    if text.startswith("@"):
        raise FileError(place, f"the header line {shown(text)} stands among the rows", "move it before @data")
    if text.startswith("("):
        raise FileError(place, "the values have timestamps, which are not read", NO_TIMES)
    *channels, label = (part.strip() for part in text.split(":"))
    if label not in header.classes:
        fix = f"end the row in a colon and one of the classes {shown(list(header.classes))}"
        raise FileError(place, f"it ends in {shown(label)}, which is no class of the header", fix)
    if not channels or len(channels) != (header.channels or len(channels)):
        cause = f"it has {len(channels)} channels instead of {header.channels or 'at least 1'}"
        raise FileError(place, cause, "separate channels by colons and values by commas, or mend @dimensions")
    values = [[_number(place, k, t, v) for t, v in enumerate(c.split(","), 1)] for k, c in enumerate(channels, 1)]
    steps = len(values[0])
    for k, channel in enumerate(values, 1):
        if len(channel) != steps:
            cause = f"channel {k} has {len(channel)} values, channel 1 has {steps}"
            raise FileError(place, cause, "give all channels of a row one value a step")
    if header.steps not in (None, steps):
        cause = f"it has {steps} steps, and '@equalLength true' asks for {header.steps}"
        raise FileError(place, cause, "complete the row, or write '@equalLength false'")
    return np.array(values).T.copy(), header.classes.index(label)


def _number(place: str, channel: int, step: int, word: str) -> float:
    try:
        value = math.nan if "_" in word else float(word)  # Python takes 1_5 for 15
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    where, word = f"step {step} of channel {channel}", word.strip()
    if word.lower() in MISSING:
        fix = "fill it, e.g. with its neighbours' mean, or leave the row out"
        raise FileError(place, f"{where} is missing ({word!r})", fix)
    fix = "write a finite decimal number there, or get the file again"
    raise FileError(place, f"{where} is {shown(word)}, not a finite number", fix)
