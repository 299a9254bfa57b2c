"""The functional of a read-out's potentials that a loss sees, as weights in time on the read-out's current.

``m[n, unit] = sum_t h[t] i[t, n, unit]`` with h a *profile*: one for each distinct kernel among the units, and for each
sample where series have unequal lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import DataError
from snnopt.program import Over, StateSpace, Term
from snnopt.split import kernel, readout_profile, window

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Profiles:
    """``values`` [G, T, N], or [G, T, 1] where all samples share them; ``of_unit`` [units] says which of the G is whose."""

    values: Array
    of_unit: Array

    def spread(self) -> Array:
        """The profiles by time, sample and unit, [T, N or 1, units or 1]."""
        if len(self.values) == 1:
            return self.values[0][:, :, None]
        return np.moveaxis(self.values[self.of_unit], 0, 2)


def window_profiles(
    spaces: list[StateSpace], of_unit: Array, term: Term, steps: int, lengths: Array | None, dtype: np.dtype[Any]
) -> Profiles:
    """Profiles of a mean over a window that ends with each series.

    Raises
    ------
    DataError
        The window is longer than the shortest series.
    """
    assert term.over is not None
    if lengths is None:
        return Profiles(
            np.stack([_window(s, term.over, steps, term.name) for s in spaces])[..., None].astype(dtype), of_unit
        )
    if term.over[0] == "window" and term.over[1] > lengths.min():
        shortest = int(lengths.argmin())
        raise DataError(
            term.name,
            f"its window is {term.over[1]} steps, series {shortest} has {lengths[shortest]}",
            "shorten so.Window, leave short series out, or use over='mean'",
        )
    values, kinds = np.zeros((len(spaces), steps, len(lengths)), dtype), np.unique(lengths)
    for length in kinds:
        own = lengths == length
        for g, space in enumerate(spaces):
            values[g, :length, own] = _window(space, term.over, int(length), term.name)
    return Profiles(values, of_unit)


def _window(space: StateSpace, over: Over, steps: int, where: str) -> Array:
    return readout_profile(space, window(over, steps, where))[:, 0]


def peak_profiles(spaces: list[StateSpace], of_unit: Array, potentials: Array, mask: Array | None) -> Profiles:
    """Profiles of the potential at the step where it is largest, one for each unit and sample.

    The steps are those of the given potentials [T, N, units]; with them frozen, the peak is linear in the current.
    """
    steps, _, units = potentials.shape
    seen = potentials if mask is None else np.where(mask[:, :, None] > 0, potentials, -np.inf)
    peak = seen.argmax(0)
    kernels = np.stack([kernel(s, steps)[:, 0] for s in spaces])[of_unit]
    lag = peak[None] - np.arange(steps)[:, None, None]
    values = np.where(lag >= 0, kernels[np.arange(units), np.maximum(lag, 0)], 0.0)
    return Profiles(np.moveaxis(values, 2, 0).astype(potentials.dtype), np.arange(units))
