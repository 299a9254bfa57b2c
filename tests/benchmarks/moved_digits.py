"""Digits enlarged to 28x28 and moved at random: scikit-learn's 8x8 images at the size of MNIST, without a download."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, zoom
from sklearn.datasets import load_digits

SIZE, TRAINING_ORIGINALS = 28, 1437
Split = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]


def moved_digits(train: int = 20_000, test: int = 3_600, seed: int = 0) -> Split:
    """Training and test images [n, 784] in [0, 1] with labels; test images come from originals never trained on.

    Each image is an original turned by up to 0.35 rad, scaled by 0.8 to 1.2 and shifted by up to 3 pixels.
    """
    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    large = np.stack([np.clip(zoom(images[k].reshape(8, 8) / 16, SIZE / 8, order=1), 0, 1) for k in order])
    centre = np.full(2, (SIZE - 1) / 2)

    def draw(first: int, last: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        chosen = rng.integers(first, last, count)
        out = np.empty((count, SIZE * SIZE), np.float32)
        for row, k in enumerate(chosen):
            turn, scale = rng.uniform(-0.35, 0.35), rng.uniform(0.8, 1.2)
            move = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / scale
            offset = centre - move @ centre + rng.uniform(-3, 3, 2)
            out[row] = affine_transform(large[k], move, offset, order=1).ravel()
        return out, labels[order][chosen]

    return *draw(0, TRAINING_ORIGINALS, train), *draw(TRAINING_ORIGINALS, len(images), test)
