"""Tables as text: one row a line, cells separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from snnopt.data.dataset import Array
from snnopt.data.rows import Rows
from snnopt.errors import DataError, FileError, shown, unknown_name

DELIMITERS = (";", "\t", ",")
"""In the order in which they are tried: commas may also be decimal points."""
MISSING = ("", "?", "na", "n/a", "nan", "null", "none")
FILL = "fill it, or leave the row out"
LINES = 20
"""That the delimiter is taken from."""

Line = tuple[int, list[str]]


def read_csv(path: Path, target: str | int | None = None, header: bool | None = None) -> Rows:
    """Read a table whose columns are numbers, but for one that may be text: the ``target``.

    Parameters
    ----------
    target : the column to predict: its name in the first line, or its number counted from 1; None is the last.
    header : whether the first line holds names; None takes it for names if none of its cells is a number.

    Raises
    ------
    FileError
        The file is no table of numbers; the message has line and column.
    UnknownNameError, DataError
        There is no such column.
    """
    lines = _lines(path)
    width = len(lines[0][1])
    if width < 2:
        fix = "separate cells by commas, semicolons or tabs"
        raise FileError(f"{path}, line {lines[0][0]}", "it has one column, and a target needs features beside it", fix)
    for number, cells in lines:
        if len(cells) != width:
            cause = f"it has {len(cells)} cells, and line {lines[0][0]} has {width}"
            raise FileError(
                f"{path}, line {number}", cause, "give every line as many cells; quote text with a separator in it"
            )
    named = header if header is not None else not any(math.isfinite(_number(c)) for c in lines[0][1])
    names = tuple(lines[0][1]) if named else None
    body = lines[1:] if named else lines
    if not body:
        raise FileError(str(path), "there is no row of data in it", "put at least one below the names")
    column = _column(path, target, names, width)
    others = [k for k in range(width) if k != column]
    X = np.array([[_feature(path, line, k, names) for k in others] for line in body])
    return Rows(str(path), X, _targets(path, body, column, names), features=names and tuple(names[k] for k in others))


def _lines(path: Path) -> list[Line]:
    """Lines that are not empty, with their numbers, split into cells."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        fix = (
            "save the table as CSV in UTF-8 (a spreadsheet's own format is no text), and unpack it if it is compressed"
        )
        raise FileError(str(path), "it is not UTF-8 text", fix) from None
    if "\0" in text:
        raise FileError(
            str(path), "it has zero bytes in it, so it is no text", "save the table as CSV, or get it again"
        )
    first = [line for line in text.splitlines() if line.strip()][:LINES]
    if not first:
        raise FileError(str(path), "it is empty", "give a table with at least one row")
    reader = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(first), skipinitialspace=True)
    lines: list[Line] = []
    try:
        for cells in reader:
            if any(c.strip() for c in cells):
                lines.append((reader.line_num, [c.strip() for c in cells]))
    except csv.Error as error:
        raise FileError(f"{path}, line {reader.line_num}", f"it is no CSV: {error}", "mend the line's quotes") from None
    return lines


def _delimiter(first: Sequence[str]) -> str:
    """The one that splits the lines into equally many cells, more than one; else, the one met most often."""
    for delimiter in DELIMITERS:
        widths = {len(cells) for cells in csv.reader(first, delimiter=delimiter)}
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return max(DELIMITERS, key=lambda d: sum(line.count(d) for line in first))


def _column(path: Path, target: str | int | None, names: Sequence[str] | None, width: int) -> int:
    """The target's index."""
    if target is None:
        return width - 1
    if names is not None and target in names:
        if list(names).count(str(target)) > 1:
            raise DataError(f"{path}, target {target!r}", "several columns have this name", "give its number, from 1")
        return list(names).index(str(target))
    text = str(target)
    if not isinstance(target, bool) and text.isdecimal():
        if not 1 <= int(text) <= width:
            raise DataError(f"{path}, target {text}", f"there are {width} columns", f"count them from 1 to {width}")
        return int(text) - 1
    if names is None:
        fix = f"give its number, 1 to {width}, or put a line with the columns' names first"
        raise DataError(f"{path}, target {shown(target)}", "the table has no line with names", fix)
    raise unknown_name(f"target of {path}", target, names)


def _feature(path: Path, line: Line, k: int, names: Sequence[str] | None) -> float:
    number, cells = line
    value = _number(cells[k])
    if math.isfinite(value):
        return value
    where = f"{path}, line {number}, {_title(k, names)}"
    if cells[k].lower() in MISSING:
        raise FileError(where, f"the value is missing ({cells[k]!r})", FILL)
    fix = "write a finite number there; text can only be the target (another column by target=, on the command line --target)"
    if "," in cells[k]:
        fix = "write decimal points, not commas"
    raise FileError(where, f"{shown(cells[k])} is no finite number", fix)


def _targets(path: Path, body: Sequence[Line], column: int, names: Sequence[str] | None) -> Array:
    """Numbers if all are, else text."""
    for number, cells in body:
        if cells[column].lower() in MISSING:
            where = f"{path}, line {number}, {_title(column, names)}"
            raise FileError(where, f"the target is missing ({cells[column]!r})", FILL)
    words = [cells[column] for _, cells in body]
    numbers = np.array([_number(word) for word in words])
    return numbers if np.isfinite(numbers).all() else np.array(words)


def _title(k: int, names: Sequence[str] | None) -> str:
    return f"column {k + 1}" + (f" ({names[k]!r})" if names is not None else "")


def _number(word: str) -> float:
    """The number that a cell holds, NaN where it holds none."""
    try:
        return math.nan if "_" in word else float(word)  # Python takes 1_5 for 15
    except ValueError:
        return math.nan
