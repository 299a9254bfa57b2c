"""A data set of one's own, read from a file."""

from __future__ import annotations

import math
from os import PathLike
from pathlib import Path

import numpy as np

from snnopt.data.csv_file import read_csv
from snnopt.data.dataset import Array, Dataset, a_path, whole
from snnopt.data.labels import class_names, numbered
from snnopt.data.npz_file import read_npz
from snnopt.data.rows import Rows
from snnopt.data.scaling import Scaling, are_spikes, standard_scaling
from snnopt.data.series import pad
from snnopt.data.ts_file import read_ts
from snnopt.errors import DataError, FileError, shown

TABLES = (".csv", ".tsv", ".txt", ".data")
SUFFIXES = (*TABLES, ".npz", ".ts")
ELSEWHERE = {
    ".h5": "so.data.read_shd reads SHD and SSC, so.data.read_shd(path, test_path)",
    ".hdf5": "so.data.read_shd reads SHD and SSC, so.data.read_shd(path, test_path)",
    ".bin": "so.data.read_nmnist reads the folder of N-MNIST",
    ".xlsx": "save the table as CSV",
    ".parquet": "save the table as CSV",
    ".gz": "unpack it first",
    ".zip": "unpack it first",
    ".arff": "get the .ts file of the same data set",
}
"""What to do with files that are not read here."""
SOURCES = (
    "known data sets: the UCI repository, https://archive.ics.uci.edu, for tables; "
    "https://www.timeseriesclassification.com for .ts files; so.data.DATASETS need no file"
)


def read(
    path: str | PathLike[str],
    target: str | int | None = None,
    *,
    test: str | PathLike[str] | None = None,
    test_share: float = 0.2,
    seed: int = 0,
    samples: int | None = None,
    regression: bool = False,
    header: bool | None = None,
    standardise: bool = True,
) -> Dataset:
    """Return the data set in a file: a table (``.csv``, ``.tsv``, ``.txt``, ``.data``), arrays (``.npz``) or series (``.ts``).

    A table has one row a sample, cells separated by commas, semicolons or tabs, and a target column; all others are numbers.
    An ``.npz`` file has X [N, n] or [T, N, n], y [N] and, for series of several lengths, lengths [N]; or each of them for both
    parts, X_train to lengths_test. A ``.ts`` file is as in :func:`read_ts`.

    Labels, text or numbers, become 0, 1, ... in the order of their names (numbers by size, a ``.ts`` file's as its header names
    them); the names are kept in ``classes``. Features are standardised by the training rows,
    ``(x - mean) / std``, series by channel; arrays of nothing but 0 and 1, spikes, are left as they are. Real targets are
    standardised too. What was subtracted and divided by is in ``scaling`` and ``target_scaling``: a network trained on the
    data set takes new rows as ``dataset.scaling(rows)``, and ``dataset.target_scaling.undo`` brings its predictions back.

    Parameters
    ----------
    path : the file.
    target : of a table, the column to predict, by its name or by its number counted from 1; None is the last.
    test : a file of the same kind with the test rows; None holds some of the rows out.
    test_share : share of rows held out, in (0, 1): the last ``ceil(N test_share)`` of a permutation by ``seed``. An ``.npz``
        file with X_test keeps its own split.
    seed : of the order of training rows, and of that split.
    samples : keep only the first so many training rows; None keeps all.
    regression : take the targets for real numbers, not for labels.
    header : of a table, whether its first line holds the columns' names; None takes it for names if no cell is a number.
    standardise : bring features to mean 0 and standard deviation 1.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileError
        A file is damaged, of another kind, or lacks values; the message says where.
    DataError, UnknownNameError
        An argument is out of range, or the targets are not what was asked for.
    """
    where = "data"
    seed = whole(where, "seed", seed, 0)
    share = not isinstance(test_share, bool) and isinstance(test_share, int | float) and 0 < test_share < 1
    if not share:
        raise DataError(where, f"test_share={shown(test_share)}", "give a share between 0 and 1, e.g. 0.2")
    rows, held = _rows(path, target, header)
    if test is not None:
        if held is not None:
            raise DataError(f"{where} {path}", "it has test rows of its own, X_test", f"leave test={str(test)!r} out")
        held, more = _rows(test, target, header)
        if more is not None:
            raise DataError(f"{where} {test}", "it has training and test rows", "give it alone, or one with X and y")
    train, tested = _split(rows, held, seed, test_share)
    if samples is not None:
        train = train.take(np.arange(whole(where, "samples", samples, 1, len(train.y))))
    scaling = _scaling(train) if standardise else None
    names: tuple[str, ...] = ()
    target_scaling = None
    if regression:
        for part in (train, tested):
            _check_real(part)
        target_scaling = standard_scaling(train.y[:, None])
        y_train, y_test = (target_scaling(part.y[:, None])[:, 0] for part in (train, tested))
    else:
        names = class_names(rows, held)
        y_train, y_test = (numbered(part.y, names) for part in (train, tested))
    return Dataset(
        name=Path(path).stem,
        X_train=_scaled(train, scaling),
        y_train=y_train,
        X_test=_scaled(tested, scaling),
        y_test=y_test,
        classes=names,
        lengths_train=train.lengths,
        lengths_test=tested.lengths,
        scaling=scaling,
        target_scaling=target_scaling,
    )


def _rows(path: str | PathLike[str], target: str | int | None, header: bool | None) -> tuple[Rows, Rows | None]:
    """The rows of a file, and its test rows where it has some."""
    file = a_path("data", path)
    suffix = file.suffix.lower()
    if file.is_dir():
        raise FileError(str(file), "it is a folder", f"give a file in it; {ELSEWHERE['.bin']}")
    if not file.exists():
        raise FileNotFoundError(
            f"there is no file {file}; give the path of a file ({', '.join(SUFFIXES)}).\n  {SOURCES}"
        )
    if suffix in TABLES:
        return read_csv(file, target, header), None
    if suffix not in SUFFIXES:
        fix = ELSEWHERE.get(suffix, f"give one of {', '.join(SUFFIXES)}")
        raise FileError(str(file), f"{suffix or 'a file without a suffix'} is not read here", fix)
    if target is not None or header is not None:
        raise DataError(str(file), "target and header are for tables of text", "leave them out")
    if suffix == ".npz":
        return read_npz(file)
    series, labels, classes = read_ts(file)
    channels = {x.shape[1] for x in series}
    if len(channels) > 1:
        raise FileError(
            str(file), f"its series have {min(channels)} to {max(channels)} channels", "give all the same ones"
        )
    X, lengths = pad(series)
    return Rows(str(file), X, np.array(classes)[labels], lengths if (lengths < len(X)).any() else None, classes), None


def _split(rows: Rows, held: Rows | None, seed: int, test_share: float) -> tuple[Rows, Rows]:
    """Training and test rows; the former in an order of the seed."""
    order = np.random.default_rng(seed).permutation(len(rows.y))
    if held is None:
        first = len(order) - math.ceil(test_share * len(order))
        if first < 1:
            cause = f"of its {len(order)} rows none is left to train on"
            raise DataError(rows.where, cause, "give more rows, a smaller test_share, or test rows of their own")
        return rows.take(order[:first]), rows.take(order[first:])
    if rows.timed != held.timed or rows.X.shape[-1] != held.X.shape[-1]:
        cause = f"its rows are {held.sample}, and those to train on are {rows.sample}"
        raise DataError(held.where, cause, "give test rows with the same features")
    if rows.features != held.features:
        cause = f"its columns are called {shown(list(held.features or ()))}, those to train on {shown(list(rows.features or ()))}"
        raise DataError(held.where, cause, "give test rows with the same columns in the same order")
    if not rows.timed or (len(rows.X) == len(held.X) and rows.lengths is None and held.lengths is None):
        return rows.take(order), held
    steps = max(len(rows.X), len(held.X))
    return rows.take(order).lasting(steps), held.lasting(steps)


def _scaling(train: Rows) -> Scaling | None:
    """What standardises the training rows; None for spikes."""
    counted = train.X[train.counted] if train.timed else train.X
    return None if are_spikes(counted) else standard_scaling(counted)


def _scaled(rows: Rows, scaling: Scaling | None) -> Array:
    x = rows.X if scaling is None else scaling(rows.X)
    return np.where(rows.counted[:, :, None], x, 0.0) if rows.timed else x


def _check_real(rows: Rows) -> None:
    if rows.y.dtype.kind != "f":
        raise DataError(
            rows.where,
            f"its targets are names, e.g. {str(rows.y[0])!r}",
            "leave regression out, or give another target",
        )
