"""What estimators and encoders take: tables [N, n], and series [N, T, n]. scikit-learn puts samples first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from snnopt.data.dataset import Array
from snnopt.errors import DataError


def checked(estimator: BaseEstimator, X: Any, reset: bool, **options: Any) -> Any:
    """Return ``X`` as floats, checked by scikit-learn; in training (``reset``) keep its size.

    Series [N, T, n] have T n features. ``options`` are those of ``validate_data``; with ``y`` among them, it is returned too.

    Raises
    ------
    DataError
        The samples have another shape than in training. For all else scikit-learn raises its ``ValueError``.
    """
    shape = tuple(X.shape[1:]) if getattr(X, "ndim", None) == 3 else None
    kept = getattr(estimator, "series_shape_", None)
    if not reset and shape != kept:
        raise DataError(
            type(estimator).__name__, f"a sample is {_text(shape)}, and was {_text(kept)} in training", MEND
        )
    flat = X if shape is None else np.asarray(X).reshape(len(X), math.prod(shape))
    found = validate_data(estimator, flat, reset=reset, dtype=np.float64, **options)
    x, *y = found if "y" in options else (found,)
    if reset:
        estimator.series_shape_ = shape
    x = x if shape is None else x.reshape(len(x), *shape)
    return (x, *y) if y else x


MEND = (
    "give tables [N, features], or series [N, T, features] of one length (aeon's [N, channels, T] by X.swapaxes(1, 2))"
)


def drawn_seed(generator: np.random.RandomState) -> int:
    """A seed for what is not scikit-learn's, from what is."""
    return int(generator.randint(2**31 - 1))


def rows(X: Array) -> Array:
    """Samples, and steps of series, as rows [M, n]."""
    return X.reshape(-1, X.shape[-1])


def _text(shape: tuple[int, int] | None) -> str:
    return "a row of features" if shape is None else f"a series of {shape[0]} steps and {shape[1]} features"
