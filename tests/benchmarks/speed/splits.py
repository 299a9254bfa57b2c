"""Data of the suites: the same float32 arrays for every side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt import data
from snnopt.data import Dataset
from tests.benchmarks.moved_digits import moved_digits

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test samples, [N, n] held constant over time or [T, N, n], and labels [N]."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array

    @property
    def timed(self) -> bool:
        """Whether samples have a time axis."""
        return self.X.ndim == 3


def of_dataset(d: Dataset) -> Split:
    """A data set in single precision."""
    return Split(d.X_train.astype(np.float32), d.y_train, d.X_test.astype(np.float32), d.y_test)


def digits(seed: int) -> Split:
    """8 x 8 digits, 1,437 to train and 360 to test, held constant."""
    return of_dataset(data.digits(seed=seed))


def rate_coded_digits(seed: int, steps: int = 20) -> Split:
    """The same as Bernoulli spikes: a pixel x in [0, 1] fires in a step with probability x."""
    d, rng = digits(seed), np.random.default_rng(seed)
    X, X_test = ((rng.random((steps, *x.shape)) < x).astype(np.float32) for x in (d.X, d.X_test))
    return Split(X, d.y, X_test, d.y_test)


def moved(seed: int, train: int) -> Split:
    """Digits enlarged to 28 x 28 and moved at random, 3,600 to test, held constant."""
    return Split(*moved_digits(train, seed=seed))


def motions(seed: int) -> Split:
    """BasicMotions: 40 to train and 40 to test, 6 channels over 100 steps. The seed orders the training rows."""
    return of_dataset(data.basic_motions(seed=seed))


def pulses(seed: int) -> Split:
    """Pulse order in noise: 4,000 to train and 1,000 to test, 12 spike trains over 40 steps."""
    return of_dataset(data.pulse_order(seed=seed))


def events(seed: int) -> Split:
    """A stand-in for N-MNIST at its size: 200 to train and 200 to test, 2,312 event trains over 150 steps."""
    return of_dataset(data.saccade_digits(seed=seed, size=34, steps=150))
