"""Digits under a moving event camera: a stand-in for N-MNIST, simulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from snnopt.data.dataset import Array, Dataset, whole
from snnopt.errors import DataError, missing_package

WHERE = "data 'saccades'"

SAMPLES = 200
IMAGE, ENLARGED, CANVAS = 8, 12, 17  # pixels of a digit; of it enlarged, on a canvas of so many
TIE = 1e-9  # what differs from the threshold by less equals it, whichever way a machine rounds
CORNERS = 0.8 * np.array([[0, 0], [2, 4], [4, 0], [0, 0]])  # rows and columns, on that canvas


def saccade_digits(
    seed: int = 0,
    samples: int | None = SAMPLES,
    test: int = 200,
    size: int = 17,
    steps: int = 50,
    threshold: float = 0.15,
) -> Dataset:
    """Return digits as an event camera would see them on three saccades: spikes [T, N, 2 size^2], float32.

    This is a stand-in for N-MNIST, not N-MNIST: no camera recorded it. It simulates one on the 1797 digits of
    scikit-learn, without noise, so figures obtained on it say nothing of N-MNIST, which :func:`read_nmnist` reads.
    ``size=34, steps=150`` gives the shape of N-MNIST.

    A digit of 8 x 8 pixels in [0, 1] is enlarged 1.5 size/17 times, laid on a dark canvas of the camera's size, and
    the canvas moved along three straight lines of T/3 steps each. A pixel's brightness b[t], t = 0..T, is interpolated
    linearly, and 0 where the canvas has left it. It remembers the brightness r at its last event, first b[0]; with
    d = b[t+1] - r

        on[t] = d > threshold,   off[t] = -d > threshold,   r <- b[t+1] where on[t] or off[t],

    and ``X[t, i] = (on, off)``, each row by row.

    Parameters
    ----------
    seed : of the order of digits, ``np.random.default_rng(seed).permutation(1797)``, as in :func:`digits`. Training
        rows are the first ``samples``, test rows the last ``test``: no digit is in both.
    samples, test : numbers of rows, together at most 1797; ``samples=None`` is 200.
    size : rows and columns of the camera, at least 8.
    steps : T, at least 3.
    threshold : of brightness, in (0, 1).

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
    seed, size, steps = (
        whole(WHERE, name, value, low)
        for name, value, low in (("seed", seed, 0), ("size", size, IMAGE), ("steps", steps, 3))
    )
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold < 1:
        raise DataError(WHERE, f"threshold={threshold!r}", "give a number between 0 and 1, e.g. 0.15")
    bunch = load_digits()
    n = len(bunch.images)
    test = whole(WHERE, "test", test, 1, n - 1)
    samples = whole(WHERE, "samples", min(SAMPLES, n - test) if samples is None else samples, 1, n - test)
    order = np.random.default_rng(seed).permutation(n)
    kept, held_out = order[:samples], order[n - test :]
    images, y = bunch.images / 16, bunch.target.astype(np.int64)
    return Dataset(
        name="saccades",
        X_train=_events(images[kept], size, steps, threshold),
        y_train=y[kept],
        X_test=_events(images[held_out], size, steps, threshold),
        y_test=y[held_out],
        classes=tuple(map(str, range(10))),
    )


def saccade_digits_34(seed: int = 0, samples: int | None = SAMPLES, test: int = 200) -> Dataset:
    """Return :func:`saccade_digits` in the shape of N-MNIST, 34 x 34 pixels over 150 steps: spikes [150, N, 2312], float32.

    A sample takes 1.4 MB. Arguments and errors are those of :func:`saccade_digits`.
    """
    return replace(saccade_digits(seed, samples, test, size=34, steps=150), name="saccades_34")


def _events(images: Array, size: int, steps: int, threshold: float) -> Array:
    """Return the events [T, N, 2 size^2] of images [N, 8, 8]."""
    rows, columns = (_views(size, offsets) for offsets in _path(steps).T * (size / CANVAS))
    X = np.empty((steps, len(images), 2, size, size), np.float32)
    last = rows[0] @ images @ columns[0].T
    for t in range(steps):
        now = rows[t + 1] @ images @ columns[t + 1].T
        on, off = now - last > threshold + TIE, last - now > threshold + TIE
        X[t, :, 0], X[t, :, 1] = on, off
        last = np.where(on | off, now, last)
    return X.reshape(steps, len(images), -1)


def _path(steps: int) -> Array:
    """Where the digit is at each of T + 1 times, [T + 1, 2]: through the corners, T // 3 steps a saccade, the last longer."""
    third = steps // 3
    times = np.array([0, third, 2 * third, steps])
    return np.stack([np.interp(np.arange(steps + 1), times, corner) for corner in CORNERS.T], axis=1)


def _views(size: int, offsets: Array) -> Array:
    """Linear interpolation along one axis, [T + 1, size, 8]: a line of 8 pixels, enlarged, then moved by each offset."""
    enlarged = round(ENLARGED * size / CANVAS)
    enlarge = _hat(np.linspace(0, IMAGE - 1, enlarged)[:, None] - np.arange(IMAGE))
    place = np.arange(size)[:, None] - offsets[:, None, None]  # of each pixel on the canvas
    return np.where(place < 0, 0, _hat(place - np.arange(enlarged))) @ enlarge


def _hat(distance: Array) -> Array:
    return np.maximum(0, 1 - abs(distance))
