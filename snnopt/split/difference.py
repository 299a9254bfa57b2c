"""The difference form of a coupling, for populations with one state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import CompileError
from snnopt.program import AffineCoupling

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DifferenceForm:
    """``v[t] = beta v[t-1] + gain i[t] - reset a[t-1]`` per neuron, each [n] or [1].

    For a LIF neuron that resets by subtraction: beta its decay, gain 1, reset its threshold.
    """

    beta: Array
    gain: Array
    reset: Array


def difference_form(coupling: AffineCoupling) -> DifferenceForm:
    """Return the coupling's difference form: with ``v = C x``, ``gain = C B`` and ``reset = -C R``.

    Raises
    ------
    CompileError
        The population has more than one state; its potential alone does not determine the next one.
    """
    d = coupling.dynamics
    if d.order > 1:
        raise CompileError(
            f"layer {coupling.name!r}",
            f"it has the states {', '.join(d.states)}, and the difference form takes neurons with one",
            "use an algorithm in trace form, such as 'online', or a neuron with one state such as so.LIF()",
        )
    return DifferenceForm(d.A[0, 0], d.C[0] * d.B[0], -d.C[0] * d.R[0])
