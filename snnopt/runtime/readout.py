"""What a linear read-out's loss sees: its potentials' window as one product with time-summed spikes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import Program, Term
from snnopt.runtime.wires import Wire, lagged
from snnopt.split import readout_profile, window

Array = NDArray[Any]


class LinearReadout:
    """``m = W x``, ``x[n] = sum_t h[t] F(s[t])``: the windowed mean membrane of a read-out, exactly.

    ``h`` is the read-out's kernel summed over the window (:func:`snnopt.split.readout_profile`).
    """

    def __init__(self, program: Program, term: Term, wires: list[Wire], steps: int, dtype: np.dtype[Any]) -> None:
        assert term.over is not None
        coupling = program.by_name[term.owner]
        omega = window(term.over, steps, term.name)
        self.steps, self.wires, self.dtype = steps, wires, dtype
        self.profile: Array = readout_profile(coupling.dynamics, omega)[:, 0].astype(dtype)

    def features(self, signals: Mapping[str, Array]) -> Array:
        """``x`` [N, k], with the bias column ``sum h``, from signals by name."""
        parts: list[Array] = []
        for wire in self.wires:
            x = lagged(signals[wire.map.source], wire.map.lag, self.steps)
            if len(x) == 1:
                summed = self.profile.sum() * x[0]
            else:
                summed = (self.profile @ x.reshape(self.steps, -1)).reshape(x.shape[1:])
            parts.append(wire.patches(summed))
            if wire.map.bias is not None:
                parts.append(np.full((len(summed), 1), self.profile.sum(), self.dtype))
        return np.concatenate(parts, 1)
