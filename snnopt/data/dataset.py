"""A data set, split into training and test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test rows with labels.

    Attributes
    ----------
    name : what it is called in the table of data sets.
    X_train, X_test : [N, features]; held constant over time when trained with ``timesteps``.
    y_train, y_test : labels [N], whole numbers from 0.
    classes : the name of each label.
    shape : rows and columns of a sample as an image.
    """

    name: str
    X_train: Array
    y_train: Array
    X_test: Array
    y_test: Array
    classes: tuple[str, ...]
    shape: tuple[int, int]

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {len(self.X_train)} train, {len(self.X_test)} test, "
            f"{self.X_train.shape[1]} features, {len(self.classes)} classes)"
        )
