"""The events of a camera, and their spikes per pixel, polarity and time step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snnopt.data.dataset import Array, whole
from snnopt.data.events.bins import make_bins
from snnopt.errors import DataError, shown

WHERE = "events"


@dataclass(frozen=True, eq=False)
class Events:
    """One recording of an event camera: E events, in any order.

    Attributes
    ----------
    x, y : [E], column and row of each, whole numbers from 0.
    polarity : [E], 1 or True for on (brighter), 0 or False for off (darker).
    time : [E], microseconds since the recording began.
    size : rows and columns of the sensor.
    """

    x: Array
    y: Array
    polarity: Array
    time: Array
    size: tuple[int, int]


def bin_events(
    recordings: Iterable[Events], size: tuple[int, int], steps: int, bin_seconds: float, mode: str = "binary"
) -> Array:
    """Return recordings as spikes, time first; they may come one by one, and none is kept.

    ``X[t, i, c]`` counts the events of recording i with ``floor(time / bin) = t`` and channel c, or is 1 where there are
    any. Events after the last step are left out. On a grid of h rows and w columns the channels are those of the on
    events, then of the off events, each row by row: ``c = (1 - polarity) h w + row w + column``. On a sensor of H rows
    and W columns ``row = floor(y h / H)`` and ``column = floor(x w / W)``: y and x, where the grid is the sensor's.

    Parameters
    ----------
    recordings : N of them.
    size : h and w; at most the sensor's, and less to merge neighbouring pixels.
    steps : T.
    bin_seconds : the length of a step in seconds, rounded to picoseconds.
    mode : ``"binary"`` or ``"count"``.

    Returns
    -------
    X : [T, N, 2 h w], float32.

    Raises
    ------
    DataError
        There is no recording, one has no event, an event outside of its sensor or before its beginning, or fields that
        do not fit; or an argument is out of range.
    UnknownNameError
        There is no such mode.
    """
    h, w = checked_size(WHERE, size)
    bins = make_bins(WHERE, steps, bin_seconds, 2 * h * w, mode)
    if isinstance(recordings, Events):
        raise DataError(WHERE, "this is a single recording", "put it in a list")
    cells = [bins.cells(*times_and_channels(f"recording {i}", e, (h, w))) for i, e in enumerate(recordings)]
    if not cells:
        raise DataError(WHERE, "there is no recording", "give at least one")
    return bins.dense(cells)


def checked_size(where: str, size: object) -> tuple[int, int]:
    """Return rows and columns as two ints of at least 1, or raise a :class:`DataError`."""
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise DataError(where, f"size={shown(size)}", "give rows and columns, e.g. (34, 34)")
    return whole(where, "rows of size", size[0], 1), whole(where, "columns of size", size[1], 1)


def times_and_channels(where: str, events: Events, size: tuple[int, int]) -> tuple[Array, Array]:
    """Check a recording; return each event's time in microseconds and its channel on a grid of ``size``."""
    if not isinstance(events, Events):
        raise DataError(where, f"it is {shown(events)}", "give Events(x, y, polarity, time, size)")
    height, width = checked_size(where, events.size)
    h, w = size
    if h > height or w > width:
        cause = f"its sensor has {height} rows and {width} columns, the grid has {h} and {w}"
        raise DataError(where, cause, "give size=(rows, columns) of at most the sensor's")
    x, y, polarity, time = (_field(where, name, getattr(events, name)) for name in ("x", "y", "polarity", "time"))
    if not len(x) == len(y) == len(polarity) == len(time):
        cause = f"it has {len(x)} x, {len(y)} y, {len(polarity)} polarities and {len(time)} times"
        raise DataError(where, cause, "give one of each an event")
    if not len(x):
        raise DataError(where, "it has no events", "leave it out, and its label")
    for name, values in (("x", x), ("y", y)):
        if values.dtype.kind not in "iu":
            raise DataError(where, f"{name} has dtype {values.dtype}", f"give whole numbers, e.g. {name}.astype(int)")
    off_sensor = np.flatnonzero((x < 0) | (x >= width) | (y < 0) | (y >= height))
    if len(off_sensor):
        k = off_sensor[0]
        cause = f"event {k} at row {y[k]}, column {x[k]} is outside of the {height} rows and {width} columns"
        raise DataError(where, cause, "mend the sensor's size, which is (rows, columns), or leave such events out")
    unknown = np.flatnonzero((polarity != 0) & (polarity != 1))
    if len(unknown):
        k = unknown[0]
        raise DataError(where, f"event {k} has polarity {polarity[k]}", "write 1 for on and 0 for off")
    amiss = np.flatnonzero(~(np.isfinite(time) & (time >= 0)))
    if len(amiss):
        k = amiss[0]
        cause = f"event {k} has time {time[k]}"
        raise DataError(where, cause, "count microseconds from the recording's beginning, e.g. time - time.min()")
    # Narrow types would overflow in the products.
    row, column = y.astype(np.int64) * h // height, x.astype(np.int64) * w // width
    return time.astype(np.float64), np.where(polarity != 0, 0, h * w) + row * w + column


def _field(where: str, name: str, values: object) -> Array:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise DataError(where, f"{name} is {shown(values)} of dtype {array.dtype}", "give one number an event")
    return array
