"""A penalty that keeps the wanted change of the potentials at a given size in volts."""

from __future__ import annotations

import math


def volts_penalty(squares: float, volts: float, entries: float) -> float:
    """rho for which ``dv = moves / rho`` has the root mean square ``volts``; 0 where nothing is asked.

    ``squares`` is the sum over ``entries``, of all samples, of the moves' squares: demands times slopes, so rho changes with
    their scale and the step in volts does not: the trust region of ``online``. The same rho weighs the coupling in the weight
    block.
    """
    return math.sqrt(squares / entries) / volts
