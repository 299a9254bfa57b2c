"""Axes to draw on, and how a picture is fitted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snnopt.report.draw.measure import Extent
from snnopt.report.plots.canvas import check_axes, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST, SMALLEST, MARGIN = 1.25, 0.02, 0.06
"""How far a small picture is blown up, and a large one reduced, at most; inches around it."""


def prepared(ax: Axes | None, size: Extent) -> tuple[Axes, Extent]:
    """Bare axes, those of a new figure of about ``size`` where there are none, and their size in inches.

    Raises
    ------
    MissingPackageError
        matplotlib is not installed.
    ModelError
        ``ax`` is no axes.
    """
    require_matplotlib()
    if ax is None:
        import matplotlib.pyplot as plt

        wide, tall = (
            min(max(v + 4 * MARGIN, low), high) for v, low, high in ((size.width, 3, 14), (size.height, 1.6, 12))
        )
        ax = plt.subplots(figsize=(wide, tall), layout="constrained")[1]
    check_axes(ax).set_axis_off()
    root = ax.figure.figure
    engine = root.get_layout_engine()
    if engine is not None:
        engine.execute(root)
    inches = ax.get_window_extent().transformed(root.dpi_scale_trans.inverted())
    return ax, Extent(inches.width, inches.height)


def fitted(size: Extent, room: Extent) -> float:
    """The scale at which a picture of ``size`` fills its room."""
    inner = (room.width - 2 * MARGIN) / size.width, (room.height - 2 * MARGIN) / size.height
    return max(SMALLEST, min(LARGEST, *inner))


def framed(ax: Axes, size: Extent, room: Extent, scale: float) -> None:
    """Set the axes' limits so that a picture of ``size`` stands in their middle, the y axis pointing down."""
    x, y = (room.width / scale - size.width) / 2, (room.height / scale - size.height) / 2
    ax.set_xlim(-x, size.width + x)
    ax.set_ylim(size.height + y, -y)
    ax.set_aspect("equal", adjustable="datalim")
