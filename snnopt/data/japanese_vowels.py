"""Japanese vowels: which of nine men says /ae/."""

from __future__ import annotations

from snnopt.data.archive import read_archive
from snnopt.data.dataset import Dataset


def japanese_vowels(seed: int = 0, test_share: float | None = None, samples: int | None = None) -> Dataset:
    """Return JapaneseVowels: 640 utterances of 9 speakers, 7 to 29 frames each, 12 channels.

    The channels are cepstral coefficients from linear prediction, standardised by the training rows:
    ``(x - mean) / std`` over their frames. X is [29, N, 12], zero after the ``lengths_train`` or ``lengths_test`` frames
    that a row has. The archive's split is 270 training rows, 30 of each speaker, and 370 test rows, 24 to 88 of each.

    Parameters
    ----------
    seed : of the order of training rows, and of the split where ``test_share`` is given.
    test_share : share of all 640 rows held out, in (0, 1); None keeps the archive's split.
    samples : keep only the first so many training rows; None keeps all.

    Raises
    ------
    MissingPackageError
        Neither sktime nor aeon is installed; the data are a file in them.
    DataError
        An argument is out of range.

    Notes
    -----
    Source: Kudo, Toyama and Shimbo, Multidimensional curve classification using passing-through regions, Pattern
    Recognition Letters 20(11-13), 1999, pages 1103-1111, by way of the UCI repository and of Bagnall et al., The UEA
    multivariate time series classification archive, 2018 (arXiv:1811.00075).
    """
    return read_archive("japanese_vowels", "JapaneseVowels", seed, test_share, samples)
