"""Basic motions: what a smart watch felt while its wearer stood, ran, walked or played badminton."""

from __future__ import annotations

from snnopt.data.archive import read_archive
from snnopt.data.dataset import Dataset


def basic_motions(seed: int = 0, test_share: float | None = None, samples: int | None = None) -> Dataset:
    """Return BasicMotions: 80 recordings of 4 activities, T = 100 steps of 0.1 s, 6 channels, classes balanced.

    The channels are three of acceleration and three of a gyroscope, standardised by the training rows:
    ``(x - mean) / std`` over their steps. X is [100, N, 6]. The archive's split is 40 training rows and 40 test rows.

    Parameters
    ----------
    seed : of the order of training rows, and of the split where ``test_share`` is given.
    test_share : share of all 80 rows held out, in (0, 1); None keeps the archive's split.
    samples : keep only the first so many training rows; None keeps all.

    Raises
    ------
    MissingPackageError
        Neither sktime nor aeon is installed; the data are a file in them.
    DataError
        An argument is out of range.

    Notes
    -----
    Source: Bagnall et al., The UEA multivariate time series classification archive, 2018 (arXiv:1811.00075),
    problem BasicMotions; four students recorded themselves.
    """
    return read_archive("basic_motions", "BasicMotions", seed, test_share, samples)
