"""Data sets of the UEA archive, read from the files that sktime and aeon ship. Neither package is imported."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from snnopt.data.dataset import Array, Dataset, whole
from snnopt.data.scaling import standard_scaling
from snnopt.data.series import pad
from snnopt.data.ts_file import read_ts
from snnopt.errors import DataError, missing_package

PACKAGES = ("sktime", "aeon")
"""Packages with the files in ``datasets/data/<Problem>/``, in the order in which they are asked."""


def read_archive(name: str, problem: str, seed: int, test_share: float | None, samples: int | None) -> Dataset:
    """Return the archive's ``problem`` under ``name``, standardised and, where lengths differ, padded with zeros.

    ``X[t, i, c] = (x_i[t, c] - mean_c) / std_c`` for ``t < lengths[i]``, else 0. Mean and standard deviation are over
    all steps of the training rows that are kept, so that nothing held out or cut off enters; std is 1 where a channel
    is constant in them.

    Parameters
    ----------
    name : in the table of data sets.
    problem : in the archive.
    seed : of the order of rows.
    test_share : None keeps the archive's split and permutes its training rows by ``seed``. A share in (0, 1) pools all
        rows (training first), permutes them by ``seed``, and holds out the last ``ceil(N test_share)``.
    samples : keep only the first so many training rows; None keeps all.

    Raises
    ------
    MissingPackageError
        Neither sktime nor aeon is installed.
    FileNotFoundError
        They are, without the files.
    DataError
        An argument is out of range.
    """
    where = f"data {name!r}"
    seed = whole(where, "seed", seed, 0)
    folder = _folder(where, problem)
    train, y_train, classes = read_ts(folder / f"{problem}_TRAIN.ts")
    test, y_test, _ = read_ts(folder / f"{problem}_TEST.ts")
    series, y = [*train, *test], np.concatenate([y_train, y_test])
    kept, held_out = _split(where, len(train), len(test), seed, test_share)
    if samples is not None:
        kept = kept[: whole(where, "samples", samples, 1, len(kept))]
    steps = np.concatenate([series[i] for i in kept])
    scaling = standard_scaling(steps)
    X, lengths = pad([scaling(x) for x in series])
    unequal = bool((lengths < len(X)).any())
    return Dataset(
        name=name,
        X_train=X[:, kept],
        y_train=y[kept],
        X_test=X[:, held_out],
        y_test=y[held_out],
        classes=classes,
        lengths_train=lengths[kept] if unequal else None,
        lengths_test=lengths[held_out] if unequal else None,
    )


def _folder(where: str, problem: str) -> Path:
    """The folder with the problem's files. A package is found, not imported, which takes seconds and needs pandas."""
    specs = {package: spec for package in PACKAGES if (spec := find_spec(package)) is not None}
    if not specs:
        raise missing_package(where, " or ".join(PACKAGES), "timeseries")
    for spec in specs.values():
        for root in spec.submodule_search_locations or ():
            folder = Path(root) / "datasets" / "data" / problem
            if (folder / f"{problem}_TRAIN.ts").is_file():
                return folder
    raise FileNotFoundError(
        f"{where}: there is no {problem}_TRAIN.ts in {' or '.join(specs)} as installed here; "
        "pip install --force-reinstall 'sktime>=0.36' brings it"
    )


def _split(where: str, train: int, test: int, seed: int, test_share: float | None) -> tuple[Array, Array]:
    """Indices of training and test rows among all, training first."""
    rng = np.random.default_rng(seed)
    if test_share is None:
        return rng.permutation(train), np.arange(train, train + test)
    if isinstance(test_share, bool) or not isinstance(test_share, int | float) or not 0 < test_share < 1:
        raise DataError(
            where, f"test_share={test_share!r}", "give a share between 0 and 1, or None for the archive's split"
        )
    order = rng.permutation(train + test)
    first = len(order) - math.ceil(test_share * len(order))
    if first < 1:
        raise DataError(where, f"test_share={test_share!r} leaves no row to train on", "give a smaller one, e.g. 0.2")
    return order[:first], order[first:]
