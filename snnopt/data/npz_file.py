"""Arrays that ``numpy.savez`` wrote: X and y, or X_train, y_train, X_test and y_test."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from snnopt.data.dataset import Array
from snnopt.data.rows import Rows
from snnopt.errors import FileError
from snnopt.runtime.data import check_lengths, numeric

SAVE = "numpy.savez(path, X=X, y=y), or with X_train, y_train, X_test, y_test"


def read_npz(path: Path) -> tuple[Rows, Rows | None]:
    """Read training rows, and test rows where the file has them: X [N, n] or [T, N, n], y [N], and lengths [N] of series.

    Raises
    ------
    FileError
        The file is damaged, lacks an array, or its arrays do not fit each other.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except PermissionError:
        raise
    except Exception as error:  # zip and numpy's headers fail in more ways than can be listed
        # numpy takes what it does not know for pickled objects.
        objects = "pickle" in str(error) and zipfile.is_zipfile(path)
        cause = "it holds objects instead of numbers" if objects else "it is damaged, or no .npz file"
        raise FileError(str(path), cause, f"write plain arrays: {SAVE}") from None
    if "X" in arrays and "y" in arrays:
        return _rows(path, arrays, ""), None
    wanted = ("X_train", "y_train", "X_test", "y_test")
    missing = [name for name in wanted if name not in arrays]
    if missing:
        cause = f"it holds {', '.join(sorted(arrays)) or 'nothing'}, and no {' and no '.join(missing)}"
        raise FileError(str(path), cause, f"write {SAVE}")
    return _rows(path, arrays, "_train"), _rows(path, arrays, "_test")


def _rows(path: Path, arrays: dict[str, Array], part: str) -> Rows:
    where = f"{path}, X{part}"
    X, y, lengths = numeric(where, arrays[f"X{part}"]), arrays[f"y{part}"], arrays.get(f"lengths{part}")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or not len(y):
        raise FileError(f"{path}, y{part}", f"its shape is {y.shape}", "give one label or number for each sample, [N]")
    if X.ndim not in (2, 3) or X.size == 0:
        raise FileError(where, f"its shape is {X.shape}", "give [N, features], or series [T, N, features]")
    if len(y) != X.shape[X.ndim - 2]:
        fix = f"give as many samples as y{part} has"
        if X.ndim == 3 and len(y) == len(X):
            fix = "time comes first: save X.swapaxes(0, 1) of series [N, T, features], or X.reshape(N, -1) of images"
        raise FileError(where, f"its shape {X.shape} does not go with {len(y)} targets", fix)
    bad = np.argwhere(~np.isfinite(X))
    if len(bad) and lengths is None:
        raise FileError(
            where, f"{len(bad)} values from index {tuple(map(int, bad[0]))} on are NaN or infinite", "fill them"
        )
    if lengths is not None:
        if X.ndim == 2:
            raise FileError(
                f"{path}, lengths{part}", "X has no time axis", "leave them out, or give X [T, N, features]"
            )
        lengths = check_lengths(lengths, len(y), len(X))
        counted = np.arange(len(X))[:, None] < lengths
        X = np.where(counted[:, :, None], X, 0)
        if not np.isfinite(X).all():
            raise FileError(where, "values before the ends of series are NaN or infinite", "fill them")
    return Rows(where, X.astype(np.float64), _targets(f"{path}, y{part}", y), lengths)


def _targets(where: str, y: Array) -> Array:
    """Numbers, or text."""
    if y.dtype.kind == "U":
        return y
    if y.dtype.kind not in "biuf" or not np.isfinite(y).all():
        raise FileError(
            where, f"it is of {y.dtype}, or has NaN or infinite values", "give finite numbers, or names as text"
        )
    return y.astype(np.float64)
