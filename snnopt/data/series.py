"""Series of unequal lengths as one array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError, shown
from snnopt.runtime.data import numeric

Array = NDArray[Any]


def pad(series: Iterable[ArrayLike]) -> tuple[Array, Array]:
    """Return series of unequal lengths as one array, time first, with zeros after their ends.

    ``X[t, i] = series[i][t]`` for ``t < lengths[i]``, else 0, with ``T = max(lengths)``.

    Parameters
    ----------
    series : N arrays [T_i, n].

    Returns
    -------
    X : [T, N, n], float64.
    lengths : [N], the T_i.

    Raises
    ------
    DataError
        There is no list, or no series in it; one is empty, has another number of channels than the first, or NaN,
        infinite or complex values.
    """
    if not isinstance(series, Iterable):
        raise DataError("series", f"{shown(series)} is no list", "give a list of arrays [T, channels]")
    rows = [_one(f"series {i}", x) for i, x in enumerate(series)]
    if not rows:
        raise DataError("series", "the list is empty", "give at least one array [T, channels]")
    channels = rows[0].shape[1]
    for i, x in enumerate(rows):
        if x.shape[1] != channels:
            raise DataError(
                f"series {i}", f"it has {x.shape[1]} channels, series 0 has {channels}", "give all series the same ones"
            )
    lengths = np.array([len(x) for x in rows], np.int64)
    X = np.zeros((int(lengths.max()), len(rows), channels))
    for i, x in enumerate(rows):
        X[: len(x), i] = x
    return X, lengths


def _one(where: str, values: ArrayLike) -> Array:
    x = numeric(where, values)
    if x.ndim != 2:
        mend = "give [T, channels]" + ("; for one channel that is x[:, None]" if x.ndim == 1 else "")
        raise DataError(where, f"its shape is {x.shape}", mend)
    if x.size == 0:
        raise DataError(where, f"it is empty (shape {x.shape})", "leave it out, and its label")
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        step, channel = map(int, bad[0])
        cause = f"{len(bad)} values from step {step}, channel {channel} on are NaN or infinite"
        raise DataError(where, cause, "fill them, e.g. with numpy.nan_to_num, or leave the series out")
    return x
