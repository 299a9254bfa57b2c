"""Where a majoriser is looked at, and whether the loss that it is made of is coded as it is defined."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import LOSS_FUNCTIONS
from snnopt.oracles.losses import LOSSES, gradient

Array = NDArray[Any]

PROBES = 40
"""Points at which a majoriser is compared with its loss."""


def probes(weights: Array, features: Array) -> list[Array]:
    """Steps near and far: random ones, and ones that move two units' outputs apart (where curvature is largest)."""
    rng, out = np.random.default_rng(0), []
    for size in np.geomspace(1e-3, 1e2, PROBES // 2):
        out.append(size * rng.normal(size=weights.shape))
        apart = np.zeros(weights.shape)
        first, last = rng.permutation(len(apart))[[0, -1]]
        apart[last], apart[first] = -size, size
        out.append(apart * features[rng.integers(len(features))])
    return out


def loss_faults(kind: str, m: Array, target: Array) -> list[str]:
    """What is wrong with the values and the gradient of a loss at m [N, units], in words."""
    own, definition, size = LOSS_FUNCTIONS[kind], LOSSES[kind], 1 + float(np.abs(m).max())
    out = []
    if np.abs(own.values(m, target) - definition(m, target)).max() > 1e-9 * size**2:
        out.append(f"the values of {kind} differ from its definition")
    if np.abs(own.gradient(m, target) - gradient(definition, m, target)).max() > 1e-9 * size:
        out.append(f"the gradient of {kind} differs from the derivative of its definition")
    return out
