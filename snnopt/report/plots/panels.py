"""What there is to see of a run beside its loss: an ordered table of panels, each a column of the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import DataError, unknown_name
from snnopt.runtime import History

Array = NDArray[Any]
Curves = dict[str, Array]


@dataclass(frozen=True)
class Panel:
    """A picture of one column of the history, or of two: its title, its unit, and its curves by coupling or layer."""

    name: str
    title: str
    unit: str
    curves: Callable[[History], Curves]


def _columns(*names: str, scale: float = 1.0) -> Callable[[History], Curves]:
    """Curves of columns by layer, and of single columns under their own name; those without a value are left out."""

    def curves(history: History) -> Curves:
        found: Curves = {}
        for name in names:
            column = history[name]
            found |= column if isinstance(column, dict) else {name: column}
        return {n: scale * v for n, v in found.items() if np.isfinite(v).any()}

    return curves


def _moving(*names: str) -> Callable[[History], Curves]:
    """As :func:`_columns`, of what changes: a number that stays is a setting, no course of events."""
    return lambda history: {n: v for n, v in _columns(*names)(history).items() if np.ptp(v[np.isfinite(v)]) > 0}


PANELS = (
    Panel("primal", "Primal residual", "rms (V; of steps: spikes)", _columns("primal")),
    Panel("dual", "Dual residual", "rms", _columns("dual")),
    Panel("penalty", "Penalty", "$\\rho$", _columns("penalty")),
    Panel("lagrangian", "Augmented Lagrangian", "loss and penalties", _columns("lagrangian")),
    Panel("flips", "Spikes flipped", "% of neurons and steps", _columns("flips", scale=100.0)),
    Panel("rollout_gap", "Rollout gap", "% of neurons and steps", _columns("rollout_gap", scale=100.0)),
    Panel("control", "Step and ridge", "factor", _moving("step", "ridge")),
)
"""In the order in which they are drawn."""
SINGLE = ("lagrangian", "control")
"""Panels of curves that belong to no layer."""


def chosen_panels(where: str, history: History, panels: Sequence[str] | None) -> list[tuple[Panel, Curves]]:
    """The panels asked for, or all that the history has values of, and their curves; errors as in ``residuals``."""
    by_name = {p.name: p for p in PANELS}
    for name in [panels] if isinstance(panels, str) else panels or ():
        if name not in by_name:
            raise unknown_name(f"{where}: panels", name, by_name)
    wanted = [panels] if isinstance(panels, str) else list(by_name if panels is None else panels)
    found = [(by_name[n], by_name[n].curves(history)) for n in wanted]
    if panels is None:
        found = [(p, c) for p, c in found if c]
    missing = [p.name for p, c in found if not c]
    if missing or not found:
        cause = (
            f"the history has no values of {', '.join(map(repr, missing))}" if missing else "there is nothing to draw"
        )
        fix = "leave panels out for all that there are; residuals are of algorithms that keep potentials, e.g. 'full_dual'"
        raise DataError(where, cause, fix)
    return found
