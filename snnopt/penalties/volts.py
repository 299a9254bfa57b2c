"""A penalty that keeps the wanted change of the potentials at a given size in volts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def volts_penalty(moves: Array, volts: float, entries: int) -> float:
    """rho for which ``dv = moves / rho`` has the root mean square ``volts``; 0 where nothing is asked.

    ``moves`` are demands times slopes, [T, N, n], so rho changes with their scale and the step in volts does not: the
    trust region of ``online``. The same rho weighs the coupling in the weight block. ``entries`` are those of ``moves`` that
    count; the others are zero.
    """
    flat = moves.ravel()
    rms = float(np.sqrt(np.dot(flat, flat) / entries))
    return rms / volts
