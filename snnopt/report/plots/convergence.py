"""Learning curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from snnopt.report.plots.canvas import BLUE, GREY, RED, HasHistory, axes, count_axis, history_of, log_where_positive
from snnopt.runtime import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHERE = "plot.convergence"


def convergence(
    run: History | HasHistory, ax: Axes | None = None, *, baseline: float | None = None, held_out: str = "validation"
) -> Axes:
    """Draw loss (left, logarithmic) and accuracy (right; R squared where no output has labels) against iterations.

    Parameters
    ----------
    run : a result or its history.
    ax : where to draw; None makes a figure. Accuracy gets axes of its own over it.
    baseline : accuracy in [0, 1] of random hidden layers with a ridge read-out, drawn as a dotted line.
    held_out : what to call the validation data.
    """
    history = history_of(WHERE, run)
    ax = axes(ax)
    iterations, loss = count_axis(ax, history), np.array([r.loss for r in history])
    marker = "o" if len(history) <= 30 else ""
    ax.plot(iterations, loss, color=BLUE, marker=marker, markersize=3.5, linewidth=1.6)
    log_where_positive(ax, loss)
    ax.set_ylabel("training loss", color=BLUE)
    ax.tick_params(axis="y", colors=BLUE, which="both")
    ax.spines["top"].set_visible(False)
    curves = {
        "train": (np.array([r.accuracy for r in history]), "-"),
        held_out: (np.array([r.validation for r in history]), "--"),
    }
    curves = {name: curve for name, curve in curves.items() if np.isfinite(curve[0]).any()}
    if not curves:
        ax.spines["right"].set_visible(False)
        return ax
    right, percent = ax.twinx(), "train" in curves
    for name, (values, style) in curves.items():
        shown = 100 * values if percent else values
        right.plot(iterations, shown, style, color=RED, marker=marker, markersize=3.5, linewidth=1.6, label=name)
    if baseline is not None:
        label = f"random hidden + ridge ({held_out if len(curves) > 1 else 'train'})"
        right.axhline(100 * baseline, color=GREY, linestyle=":", linewidth=1.4, label=label)
    right.set_ylabel("accuracy (%)" if percent else "R squared", color=RED)
    right.tick_params(axis="y", colors=RED)
    right.spines["top"].set_visible(False)
    right.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=3,
        columnspacing=1.2,
        handlelength=1.6,
        fontsize="small",
        frameon=False,
    )
    return ax
