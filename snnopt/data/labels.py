"""Labels as whole numbers, and the names that they stand for."""

from __future__ import annotations

import numpy as np

from snnopt.data.dataset import Array
from snnopt.data.rows import Rows
from snnopt.errors import DataError, shown


def class_names(rows: Rows, held: Rows | None) -> tuple[str, ...]:
    """The classes of ``rows``: as the file names them, or else in the order of names, numbers by size.

    Raises
    ------
    DataError
        The targets are fractional numbers, or all the same; or the test rows ``held`` have classes that the others have not.
    """
    for part in (rows, *(() if held is None else (held,))):
        fractional = part.y[part.y != np.round(part.y)] if part.y.dtype.kind == "f" else part.y[:0]
        if len(fractional):
            cause = f"its targets are real numbers, e.g. {fractional[0]:g}, not labels"
            fix = "ask for regression (regression=True, --regression), or give another target"
            raise DataError(part.where, cause, fix)
    names = rows.classes or tuple(map(_name, np.unique(rows.y)))
    if len(names) < 2:
        raise DataError(
            rows.where, f"all its labels are {names[0]!r}", "give samples of two classes or more, or another target"
        )
    others = [] if held is None else sorted({_name(y) for y in np.unique(held.y)} - set(names))
    if held is not None and others:
        cause = f"it has the classes {shown(others)}, of which there is no row to train on"
        raise DataError(
            held.where, cause, f"the known ones are {shown(list(names))}; mend the names, or leave these rows out"
        )
    return names


def numbered(y: Array, names: tuple[str, ...]) -> Array:
    """Labels [N] of int64, each the place of its name."""
    places = {name: k for k, name in enumerate(names)}
    return np.array([places[_name(value)] for value in y], np.int64)


def _name(value: object) -> str:
    # Adding 0 makes 0 of -0.
    return f"{value + 0.0:.0f}" if isinstance(value, float) else str(value)
