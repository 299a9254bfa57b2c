"""Data sets of tonic, given as objects. The package is not imported: whatever behaves like one is taken."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from snnopt.data.dataset import Array, Dataset, whole
from snnopt.data.events.binning import Events, checked_size, times_and_channels
from snnopt.data.events.bins import Bins, make_bins
from snnopt.errors import DataError, shown

WHERE = "tonic"
FIELDS = ("x", "y", "t", "p")
CAMERA = 'give a camera\'s data set of one size, e.g. tonic.datasets.NMNIST("data"); for SHD and SSC there is read_shd'


class TonicDataset(Protocol):
    """What tonic's data sets of cameras have in common."""

    @property
    def sensor_size(self) -> Any:
        """Columns, rows and polarities, ``(34, 34, 2)``."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any:
        """Events, a structured array with x, y, t in microseconds and p; and a label."""


def from_tonic(
    dataset: TonicDataset,
    test_dataset: TonicDataset,
    samples: int | None = None,
    test: int | None = None,
    seed: int = 0,
    steps: int = 150,
    bin_seconds: float = 1e-3,
    mode: str = "binary",
    size: tuple[int, int] | None = None,
) -> Dataset:
    """Return recordings of tonic's data sets as spikes [T, N, 2 h w], on events first; see :func:`bin_events`.

    ``from_tonic(tonic.datasets.NMNIST("data"), tonic.datasets.NMNIST("data", train=False), samples=1000, test=1000)``

    Parameters
    ----------
    dataset, test_dataset : of training and of test recordings, without a ``transform`` to frames or tensors.
    samples, test : numbers of recordings, drawn at random; None takes all. Fewer are the first of more.
    seed : of their choice and order.
    steps, bin_seconds, mode : as in :func:`bin_events`.
    size : h and w; None takes the sensor's, fewer merge neighbouring pixels.

    Raises
    ------
    DataError
        An object's sensor, events or labels are of another kind, or an argument is out of range.
    UnknownNameError
        There is no such mode.
    """
    of_training, of_test = map(np.random.default_rng, np.random.SeedSequence(whole(WHERE, "seed", seed, 0)).spawn(2))
    h, w = _sensor(dataset) if size is None else checked_size(WHERE, size)
    bins = make_bins(WHERE, steps, bin_seconds, 2 * h * w, mode)
    kept = _order(dataset, "samples", samples, of_training)
    held_out = _order(test_dataset, "test", test, of_test)
    X_train, y_train = _read(dataset, kept, bins, (h, w))
    X_test, y_test = _read(test_dataset, held_out, bins, (h, w))
    count = 1 + int(max(y_train.max(), y_test.max()))
    names = [k.decode() if isinstance(k, bytes) else str(k) for k in getattr(dataset, "classes", ())]
    return Dataset(
        name=type(dataset).__name__,
        X_train=X_train,
        y_train=y_train,
        X_test=X_test,
        y_test=y_test,
        classes=tuple(names) if len(names) >= count else tuple(map(str, range(count))),
    )


def _order(dataset: TonicDataset, name: str, count: int | None, rng: np.random.Generator) -> list[int]:
    """The recordings to ask for."""
    n = len(dataset)
    if not n:
        raise DataError(WHERE, f"{type(dataset).__name__} is empty", "give one with recordings")
    return rng.permutation(n)[: None if count is None else whole(WHERE, name, count, 1, n)].tolist()


def _read(dataset: TonicDataset, order: Iterable[int], bins: Bins, size: tuple[int, int]) -> tuple[Array, Array]:
    """Return spikes [T, N, 2 h w] and labels [N]."""
    sensor = _sensor(dataset)
    cells, labels = [], []
    for i in order:
        where = f"{type(dataset).__name__}, recording {i}"
        events, label = dataset[i]
        fields = getattr(getattr(events, "dtype", None), "names", None) or ()
        if not set(FIELDS) <= set(fields):
            cause = f"its events are {shown(events)}, not an array with the fields x, y, t and p"
            raise DataError(where, cause, "give a camera's data set, without a transform to frames or tensors")
        recording = Events(events["x"], events["y"], events["p"], events["t"], sensor)
        cells.append(bins.cells(*times_and_channels(where, recording, size)))
        labels.append(_label(where, label))
    return bins.dense(cells), np.array(labels, np.int64)


def _label(where: str, label: Any) -> int:
    try:
        number = operator.index(label)
    except TypeError:
        number = -1
    if number < 0:
        raise DataError(where, f"its label is {shown(label)}", "number the classes from 0, by a target_transform")
    return number


def _sensor(dataset: TonicDataset) -> tuple[int, int]:
    """Rows and columns."""
    given = getattr(dataset, "sensor_size", None)
    if not isinstance(given, tuple | list) or len(given) != 3 or given[2] != 2:
        cause = f"the sensor_size of {type(dataset).__name__} is {shown(given)}, not (columns, rows, 2)"
        raise DataError(WHERE, cause, CAMERA)
    return checked_size(WHERE, (given[1], given[0]))
