"""N-MNIST: an event camera on three saccades over the handwritten digits of MNIST. Read from a local folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from snnopt.data.dataset import Array, Dataset, a_path, whole
from snnopt.data.events.binning import Events, bin_events
from snnopt.data.events.choice import balanced
from snnopt.errors import FileError

WHERE = "N-MNIST"
CLASSES = tuple("0123456789")
SIZE = (34, 34)
EVENT = 5  # bytes
OVERFLOW_ROW, OVERFLOW = 240, 2**13  # the y that marks one, and its microseconds


def read_nmnist(
    folder: str | Path,
    samples: int | None = None,
    test: int | None = None,
    seed: int = 0,
    steps: int = 150,
    bin_seconds: float = 1e-3,
    mode: str = "binary",
) -> Dataset:
    """Return recordings of N-MNIST as spikes [T, N, 2312], on events first; see :func:`bin_events`.

    A recording lasts about 0.3 s, 0.1 s a saccade; what comes after the last step is left out. It takes ``9248 T``
    bytes, 1.4 MB by default, so all 60000 do not fit in most memories. Files are read one by one.

    Parameters
    ----------
    folder : with ``Train/<digit>/*.bin`` and ``Test/<digit>/*.bin``.
    samples, test : numbers of training and test recordings, balanced by class as far as the files reach; None reads
        all. Fewer are the first of more.
    seed : of their choice and order.
    steps, bin_seconds, mode : as in :func:`bin_events`.

    Raises
    ------
    FileNotFoundError
        There is no such folder, or it lacks some digit's recordings.
    FileError
        A file is damaged.
    DataError
        An argument is out of range.
    UnknownNameError
        There is no such mode.

    Notes
    -----
    Source: Orchard, Jayawant, Cohen and Thakor, Converting static image datasets to spiking neuromorphic datasets using
    saccades, Frontiers in Neuroscience 9:437, 2015.
    """
    folder = a_path(WHERE, folder)
    of_training, of_test = map(np.random.default_rng, np.random.SeedSequence(whole(WHERE, "seed", seed, 0)).spawn(2))
    files, labels = _files(folder, "Train")
    test_files, test_labels = _files(folder, "Test")
    kept = balanced(WHERE, "samples", samples, labels, of_training)
    held_out = balanced(WHERE, "test", test, test_labels, of_test)
    return Dataset(
        name="nmnist",
        X_train=bin_events((read_recording(files[i]) for i in kept), SIZE, steps, bin_seconds, mode),
        y_train=labels[kept],
        X_test=bin_events((read_recording(test_files[i]) for i in held_out), SIZE, steps, bin_seconds, mode),
        y_test=test_labels[held_out],
        classes=CLASSES,
    )


def read_recording(path: str | Path) -> Events:
    """Read one ``.bin`` file of N-MNIST, in the order of its events.

    An event has 5 bytes: x, y, and 24 bits, the highest first: polarity, then 23 of the time in microseconds. One with
    y = 240 is no event of the camera: from it on, 2^13 microseconds are added to all times, once for each such one.

    Raises
    ------
    FileError
        The file is empty or cut, has no event, or one outside of the 34 x 34 pixels.
    """
    raw = np.frombuffer(a_path(WHERE, path).read_bytes(), np.uint8)
    again = "unpack the file again, from Train.zip or Test.zip of N-MNIST"
    if len(raw) % EVENT:
        raise FileError(str(path), f"its {len(raw)} bytes are no multiple of {EVENT}, the bytes of an event", again)
    x, y, high, middle, low = raw.reshape(-1, EVENT).T.astype(np.int64)
    overflow = y == OVERFLOW_ROW
    time = ((high & 0x7F) << 16 | middle << 8 | low) + OVERFLOW * np.cumsum(overflow)
    if overflow.all():
        raise FileError(str(path), "it holds no event", again)
    outside = np.flatnonzero(~overflow & ((y >= SIZE[0]) | (x >= SIZE[1])))
    if len(outside):
        k = outside[0]
        cause = f"event {k} (byte {EVENT * k}) at row {y[k]}, column {x[k]} is outside of the 34 rows and 34 columns"
        raise FileError(str(path), cause, again)
    seen = ~overflow
    return Events(x[seen], y[seen], high[seen] >> 7, time[seen], SIZE)


def _files(folder: Path, part: str) -> tuple[list[Path], Array]:
    """The recordings of ``Train`` or ``Test``, in the order of their names, and their labels."""
    files: list[Path] = []
    labels: list[int] = []
    for label, digit in enumerate(CLASSES):
        # Archivers of macOS add a hidden ._00001.bin beside 00001.bin.
        found = sorted(p for p in (folder / part / digit).glob("*.bin") if not p.name.startswith("."))
        if not found:
            raise FileNotFoundError(
                f"{WHERE}: there is no {folder / part / digit / '*.bin'}; get Train.zip and Test.zip from "
                "https://www.garrickorchard.com/datasets/n-mnist, unpack both, and give the folder that then holds "
                "Train/0/00002.bin ... Train/9/*.bin and Test/0/*.bin ... Test/9/*.bin"
            )
        files += found
        labels += [label] * len(found)
    return files, np.array(labels, np.int64)
