"""Moving a layer's bias so that its neurons fire more, or less."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import AffineCoupling
from snnopt.split import kernel_sum

Array = NDArray[Any]


def nearer_to_firing(
    coupling: AffineCoupling, weights: dict[str, Array], shift: float, steps: int
) -> dict[str, Array] | None:
    """Return weights whose bias current is moved by ``shift`` mean thresholds towards firing; None without a bias.

    Towards firing is where potentials rise, by the sign of ``sum_t kappa_bar[t]`` over ``steps`` steps, for each channel.
    """
    found = next((m for m in coupling.maps if m.bias is not None), None)
    if found is None or found.bias is None:
        return None
    theta, old = coupling.dynamics.threshold, weights[found.bias]
    assert theta is not None
    rise = np.broadcast_to(kernel_sum(coupling.dynamics, steps).sum(0), coupling.size)
    sign = np.sign(rise.reshape(found.channels, -1).mean(1))
    return weights | {found.bias: (old + shift * float(np.mean(theta)) * sign).astype(old.dtype)}
