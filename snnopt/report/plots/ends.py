"""Names beside the ends of lines, where they can be read without a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 0.055
"""Least distance of two names, as a share of the height of the axes."""


@dataclass(frozen=True)
class End:
    """Where a line ends, and what is written there."""

    x: float
    y: float
    text: str
    colour: str
    strong: bool = False


def name_ends(ax: Axes, ends: Sequence[End]) -> None:
    """Write each name beside its line's end, moved up or down where names would overlap; call it when all lines are drawn."""
    ax.get_xlim(), ax.get_ylim()  # limits are found when they are asked for
    to_axes = ax.transData - ax.transAxes
    order = sorted(ends, key=lambda e: e.y)
    at = np.array([to_axes.transform((e.x, e.y))[1] for e in order])
    for _ in range(200):
        close = np.flatnonzero(np.diff(at) < GAP * 0.999)
        if not len(close):
            break
        for k in close:
            middle = (at[k] + at[k + 1]) / 2
            at[k], at[k + 1] = middle - GAP / 2, middle + GAP / 2
        at[0], at[-1] = max(at[0], GAP / 2), min(at[-1], 1 - GAP / 2)
    for e, y in zip(order, at, strict=True):
        ax.annotate(
            e.text,
            (e.x, float(to_axes.inverted().transform((0, y))[1])),
            (4, 0),
            textcoords="offset points",
            va="center",
            color=e.colour,
            fontsize="small",
            fontweight="bold" if e.strong else "normal",
            annotation_clip=False,
        )
