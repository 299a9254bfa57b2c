"""Handwritten digits, 8 x 8 pixels."""

from __future__ import annotations

import math

import numpy as np

from snnopt.data.dataset import Dataset, whole
from snnopt.errors import DataError, missing_package

WHERE = "data 'digits'"


def digits(seed: int = 0, test_share: float = 0.2, samples: int | None = None) -> Dataset:
    """Return scikit-learn's 1797 handwritten digits (UCI, Alpaydin and Kaynak 1998), pixels scaled from 0..16 to [0, 1].

    Rows are ordered by ``np.random.default_rng(seed).permutation(1797)``; the last ``ceil(1797 test_share)`` are test.

    Parameters
    ----------
    seed : of the split.
    test_share : share of rows held out, in (0, 1); 0.2 gives 1437 training rows and 360 test rows.
    samples : keep only the first so many training rows; None keeps all.

    Raises
    ------
    MissingPackageError
        scikit-learn is not installed.
    DataError
        An argument is out of range.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise missing_package(WHERE, "scikit-learn", "data") from None
    seed = whole(WHERE, "seed", seed, 0)
    if isinstance(test_share, bool) or not isinstance(test_share, int | float) or not 0 < test_share < 1:
        raise DataError(WHERE, f"test_share={test_share!r}", "give a share between 0 and 1, e.g. 0.2")
    bunch = load_digits()
    order = np.random.default_rng(seed).permutation(len(bunch.data))
    train = len(order) - math.ceil(test_share * len(order))
    if train < 1:
        raise DataError(WHERE, f"test_share={test_share!r} leaves no row to train on", "give a smaller one, e.g. 0.2")
    samples = None if samples is None else whole(WHERE, "samples", samples, 1, train)
    kept, held_out = order[:train][:samples], order[train:]
    X, y = bunch.data / 16.0, bunch.target.astype(np.int64)
    return Dataset(
        name="digits",
        X_train=X[kept],
        y_train=y[kept],
        X_test=X[held_out],
        y_test=y[held_out],
        classes=tuple(str(k) for k in range(10)),
        shape=(8, 8),
    )
