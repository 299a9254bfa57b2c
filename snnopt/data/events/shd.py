"""The Heidelberg spiking data sets, SHD and SSC: spoken words through a model of the cochlea. Read from local files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from snnopt.data.dataset import Array, Dataset, a_path, whole
from snnopt.data.events.bins import Bins, make_bins
from snnopt.data.events.choice import balanced
from snnopt.errors import FileError, MissingPackageError

WHERE = "SHD"
UNITS = 700
FIELDS = ("spikes/times", "spikes/units", "labels")
AGAIN = "get the file again, and unpack it if its name ends in .zip or .gz"


def read_shd(
    path: str | Path,
    test_path: str | Path,
    samples: int | None = None,
    test: int | None = None,
    seed: int = 0,
    steps: int = 100,
    bin_seconds: float = 0.014,
    mode: str = "binary",
    lengths: bool = False,
) -> Dataset:
    """Return recordings as spikes [T, N, 700]: ``X[t, i, u]`` counts unit u's with ``floor(time / bin) = t``, or is 1.

    Times are rounded to microseconds; what comes after the last step is left out. A recording lasts up to 1.4 s, which
    the defaults cover. It takes ``2800 T`` bytes: all 8156 training recordings of SHD 2.3 GB by default.

    Parameters
    ----------
    path, test_path : ``.h5`` files with ``spikes/times`` (seconds), ``spikes/units`` (0 to 699), ``labels`` and, where
        classes are to have names, ``extra/keys``: ``shd_train.h5`` and ``shd_test.h5``.
    samples, test : numbers of training and test recordings, balanced by class as far as the files reach; None reads
        all. Fewer are the first of more.
    seed : of their choice and order.
    steps, bin_seconds, mode : as in :func:`bin_events`.
    lengths : give each recording's length too, which is its last spike's step + 1, at most T.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileError
        A file is no HDF5 file, lacks a field, or has units, times or labels that cannot be.
    MissingPackageError
        h5py is not installed.
    DataError
        An argument is out of range.
    UnknownNameError
        There is no such mode.

    Notes
    -----
    Source: Cramer, Stradmann, Schemmel and Zenke, The Heidelberg spiking data sets for the systematic evaluation of
    spiking neural networks, IEEE Transactions on Neural Networks and Learning Systems 33(7), 2022.
    """
    of_training, of_test = map(np.random.default_rng, np.random.SeedSequence(whole(WHERE, "seed", seed, 0)).spawn(2))
    bins = make_bins(WHERE, steps, bin_seconds, UNITS, mode)
    files = [a_path(WHERE, p) for p in (path, test_path)]
    for file in files:
        if not file.is_file():
            cause = f"{file} is a folder" if file.is_dir() else f"there is no file {file}"
            raise FileNotFoundError(
                f"{WHERE}: {cause}; get shd_train.h5.zip and shd_test.h5.zip from "
                "https://zenkelab.org/datasets, unpack both, and give the paths of the two .h5 files"
            )
    X_train, y_train, n_train, classes = _read(files[0], "samples", samples, of_training, bins)
    X_test, y_test, n_test, others = _read(files[1], "test", test, of_test, bins)
    return Dataset(
        name="shd",
        X_train=X_train,
        y_train=y_train,
        X_test=X_test,
        y_test=y_test,
        classes=max(classes, others, key=len),
        lengths_train=n_train if lengths else None,
        lengths_test=n_test if lengths else None,
    )


def _read(
    path: Path, name: str, count: int | None, rng: np.random.Generator, bins: Bins
) -> tuple[Array, Array, Array, tuple[str, ...]]:
    """Return spikes [T, N, 700], labels [N] and lengths [N] of the chosen recordings, and the file's classes."""
    try:
        import h5py
    except ImportError:
        raise MissingPackageError(WHERE, "it needs h5py, which is not installed", "pip install h5py") from None
    try:
        opened = h5py.File(path, "r")
    except OSError as error:
        raise FileError(str(path), f"HDF5 cannot open it: {error}", AGAIN) from None
    with opened as file:
        missing = [field for field in FIELDS if field not in file]
        if missing:
            raise FileError(str(path), f"it has no {' and no '.join(missing)}", "give a file in the format of SHD")
        times, units, labels = (file[field] for field in FIELDS)
        shapes = [getattr(file[field], "shape", None) for field in FIELDS]  # a group has none
        if len(set(shapes)) > 1 or not shapes[0] or shapes[0] == (0,):
            raise FileError(str(path), f"{', '.join(FIELDS)} have the shapes {shapes}, instead of one [N]", AGAIN)
        labels = labels[()]
        classes = _classes(path, file, labels)
        labels = labels.astype(np.int64)
        chosen = balanced(WHERE, name, count, labels, rng)
        cells, ends = [], []
        for i in chosen:
            time, unit = _spikes(f"{path}, recording {i}", times[i], units[i])
            cells.append(bins.cells(time, unit))
            ends.append(min(int(bins.step(time).max()) + 1, bins.steps))
    return bins.dense(cells), labels[chosen], np.array(ends, np.int64), classes


def _classes(path: Path, file: Any, labels: Array) -> tuple[str, ...]:
    """Names of the classes: the file's, or else numbers up to the largest label."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise FileError(str(path), "its labels are not whole numbers from 0", AGAIN)
    names: tuple[str, ...] = tuple(map(str, range(int(labels.max()) + 1)))
    if "extra/keys" in file:
        keys = tuple(k.decode() if isinstance(k, bytes) else str(k) for k in file["extra/keys"][()])
        if len(keys) < len(names):
            raise FileError(str(path), f"it names {len(keys)} classes and has label {labels.max()}", AGAIN)
        names = keys
    return names


def _spikes(where: str, times: Array, units: Array) -> tuple[Array, Array]:
    """Check a recording; return times in microseconds and units."""
    if not len(times) or len(times) != len(units):
        raise FileError(where, f"it has {len(times)} times and {len(units)} units", AGAIN)
    # Times are stored as float16, in which 1e6 is infinite.
    time, unit = times.astype(np.float64), units.astype(np.int64)
    if not (np.isfinite(time) & (time >= 0)).all():
        raise FileError(where, f"its times run from {time.min()} to {time.max()} s", AGAIN)
    if unit.min() < 0 or unit.max() >= UNITS:
        raise FileError(where, f"its units run from {unit.min()} to {unit.max()}, instead of 0 to {UNITS - 1}", AGAIN)
    return np.rint(1e6 * time), unit
