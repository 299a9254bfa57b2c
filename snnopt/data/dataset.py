"""A data set, split into training and test rows, and what its makers and users share: shapes, checks of paths and numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.data.scaling import Scaling
from snnopt.errors import DataError, shown

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test rows with labels.

    Attributes
    ----------
    name : what it is called in the table of data sets.
    X_train, X_test : [T, N, features], or [N, features], which is held constant over time when trained with
        ``timesteps``.
    y_train, y_test : labels [N], whole numbers from 0; or real targets [N].
    classes : the name of each label; none for real targets.
    shape : rows and columns of a sample as an image; None where it is none.
    lengths_train, lengths_test : [N], how many of the T steps each row fills, zeros after them; None where all do.
    scaling, target_scaling : what features, and real targets, were brought to one scale by; None where it is not kept, or they
        are as they were.
    """

    name: str
    X_train: Array
    y_train: Array
    X_test: Array
    y_test: Array
    classes: tuple[str, ...]
    shape: tuple[int, int] | None = None
    lengths_train: Array | None = None
    lengths_test: Array | None = None
    scaling: Scaling | None = None
    target_scaling: Scaling | None = None

    @property
    def timed(self) -> bool:
        """Whether X has a time axis, that is, whether its second axis counts samples, in both parts."""
        # The number of axes alone would take images [N, rows, columns] for sequences.
        parts = ((self.X_train, self.y_train), (self.X_test, self.y_test))
        return all(X.ndim > 2 and X.shape[1] == len(y) for X, y in parts)

    @property
    def features(self) -> int:
        """Values that a sample has, in each step if it has several."""
        return math.prod(self.X_train.shape[2 if self.timed else 1 :])

    def __repr__(self) -> str:
        steps = ""
        if self.timed:
            steps = f"{'' if self.lengths_train is None else 'up to '}{len(self.X_train)} steps, "
        return (
            f"Dataset({self.name!r}, {len(self.y_train)} train, {len(self.y_test)} test, "
            f"{steps}{self.features} features, {f'{len(self.classes)} classes' if self.classes else 'real targets'})"
        )


def in_shape(X: Array, lead: int, shape: tuple[int, ...]) -> Array:
    """Return ``X`` with its axes after the first ``lead`` as an input declares them, where they have as many values."""
    return X.reshape(*X.shape[:lead], *shape) if math.prod(X.shape[lead:]) == math.prod(shape) else X


def a_path(where: str, value: object) -> Path:
    """Return the name of a file or folder as a path, or raise a :class:`DataError`."""
    if not isinstance(value, str | PathLike) or not str(value):
        raise DataError(
            where, f"{shown(value)} is no path", "give the name of a file or folder, as text or a pathlib.Path"
        )
    return Path(value)


def whole(where: str, name: str, value: object, low: int, high: float = math.inf) -> int:
    """Return the argument ``name`` as an int from ``low`` to ``high``, or raise a :class:`DataError` that names it."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        wanted = f"of at least {low}" if high == math.inf else f"from {low} to {high}"
        raise DataError(where, f"{name}={value!r}", f"give a whole number {wanted}")
    return int(value)
