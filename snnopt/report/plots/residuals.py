"""How a run went beside its loss: residuals, penalties, the augmented Lagrangian, spikes flipped, the rollout gap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from snnopt.errors import ModelError
from snnopt.report.plots.canvas import (
    CYCLE,
    GREY,
    HasHistory,
    check_axes,
    count_axis,
    cut,
    history_of,
    log_where_positive,
    require_matplotlib,
    tidy,
)
from snnopt.report.plots.panels import SINGLE, Curves, Panel, chosen_panels
from snnopt.runtime import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHERE = "plot.residuals"
STEP = ".step"
ZERO = "v"
"""What stands for a zero on a logarithmic axis."""
NAMED = 6
"""Layers in a legend at most; of more, some from the first to the last."""


def residuals(
    run: History | HasHistory, axes: Axes | Iterable[Axes] | None = None, *, panels: Sequence[str] | None = None
) -> Figure:
    """Draw residuals and what goes with them against iterations or epochs, a panel each; those without values are left out.

    ``primal`` and ``dual`` residuals and ``penalty`` of every coupling (solid: a layer's dynamics, dashed: its step),
    ``lagrangian``, spikes that an iteration ``flips`` and ``rollout_gap`` of every layer, and ``control``: step and ridge where
    they change. A colour is a layer, from dark to light where there are many. Axes are logarithmic where no value is negative;
    zeros stand on the lower edge.

    Parameters
    ----------
    run : a result or its history.
    axes : where to draw, as many axes as panels; None makes a figure.
    panels : which, by name; None for all that the history has values of.

    Returns
    -------
    The figure, ``.savefig("run.png")`` writes it.

    Raises
    ------
    DataError
        The history is empty, or has no values of a panel that is asked for, or of any.
    ModelError
        ``axes`` are none, or too few or too many.
    UnknownNameError
        There is no such panel.
    """
    history = history_of(WHERE, run)
    shown = chosen_panels(WHERE, history, panels)
    require_matplotlib()
    own = axes is None
    drawn = _new_axes(len(shown)) if axes is None else _given_axes(axes, [p.name for p, _ in shown])
    layers = dict.fromkeys(n.removesuffix(STEP) for p, c in shown if p.name not in SINGLE for n in c)
    colours = dict(zip(layers, _colours(len(layers)), strict=True))
    zeros = [_draw(panel, curves, history, ax, colours) for (panel, curves), ax in zip(shown, drawn, strict=True)]
    handles = _handles(colours, any(n.endswith(STEP) for _, curves in shown for n in curves), any(zeros))
    figure = drawn[0].figure.canvas.figure
    if own and handles:
        figure.legend(handles=handles, loc="outside upper center", ncols=NAMED + 3, fontsize="small", frameon=False)
    elif handles:
        first = next(ax for (p, _), ax in zip(shown, drawn, strict=True) if p.name not in SINGLE)
        first.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, 1.07), ncols=3, fontsize="small", frameon=False
        )
    return figure


def _new_axes(count: int) -> list[Axes]:
    """A figure of at most three panels a row."""
    import matplotlib.pyplot as plt

    columns = count if count <= 3 else math.ceil(count / 2)
    rows = math.ceil(count / columns)
    figure = plt.figure(figsize=(3.9 * columns + 0.3, 3.0 * rows + 0.4), layout="constrained")
    return [figure.add_subplot(rows, columns, k + 1) for k in range(count)]


def _given_axes(axes: Axes | Iterable[Axes], names: list[str]) -> list[Axes]:
    many = axes.flat if isinstance(axes, np.ndarray) else axes if isinstance(axes, Iterable) else [axes]
    drawn = [check_axes(ax) for ax in many]
    if len(drawn) != len(names):
        fix = f"give {len(names)}, or choose panels=[...] among {', '.join(map(repr, names))}"
        raise ModelError("axes", f"{len(drawn)} axes for {len(names)} panels", fix)
    return drawn


def _colours(count: int) -> Sequence[Any]:
    """Few: told apart with any colour vision; many: by depth, from dark to light."""
    if count <= len(CYCLE):
        return CYCLE[:count]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(c) for c in colormaps["viridis"](np.linspace(0, 0.9, count))]


def _draw(panel: Panel, curves: Curves, history: History, ax: Axes, colours: Mapping[str, Any]) -> bool:
    """Draw a panel; return whether zeros stand on its lower edge."""
    at = count_axis(ax, history)
    marker = "o" if len(history) <= 30 else ""
    logarithmic, edge = log_where_positive(ax, np.concatenate(list(curves.values()))), False
    for k, (name, values) in enumerate(curves.items()):
        single = panel.name in SINGLE
        colour = (CYCLE[k] if len(curves) > 1 else GREY) if single else colours[name.removesuffix(STEP)]
        line = "--" if name.endswith(STEP) else "-"
        seen = np.where(values > 0, values, np.nan) if logarithmic else values
        ax.plot(at, seen, line, color=colour, marker=marker, markersize=3, linewidth=1.4, label=name)
        zero = at[values == 0]
        if logarithmic and len(zero):
            edge, below = True, ax.get_xaxis_transform()
            ax.plot(
                zero,
                np.zeros(len(zero)),
                ZERO,
                color=colour,
                markersize=3,
                fillstyle="none",
                transform=below,
                clip_on=False,
            )
        if single and len(curves) > 1:
            ax.annotate(name, (at[-1], values[-1]), (3, 0), textcoords="offset points", color=colour, va="center")
    ax.set_title(panel.title, loc="left", fontsize="medium")
    ax.set_ylabel(panel.unit)
    tidy(ax)
    return edge


def _handles(colours: Mapping[str, Any], steps: bool, zeros: bool) -> list[Any]:
    """For a legend: a few layers, from the first to the last, what a dashed line is, and what stands on the lower edge."""
    from matplotlib.lines import Line2D

    names = list(colours)
    some = (
        sorted(set(np.linspace(0, len(names) - 1, NAMED).round().astype(int)))
        if len(names) > NAMED
        else range(len(names))
    )
    handles = [Line2D([], [], color=colours[names[k]], linewidth=2, label=cut(names[k], 16)) for k in some]
    if steps:
        handles += [
            Line2D([], [], color=GREY, linestyle="-", label="dynamics"),
            Line2D([], [], color=GREY, linestyle="--", label="step"),
        ]
    if zeros:
        handles.append(
            Line2D([], [], color=GREY, linestyle="none", marker=ZERO, markersize=4, fillstyle="none", label="zero")
        )
    return handles
