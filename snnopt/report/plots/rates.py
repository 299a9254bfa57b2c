"""How often neurons fire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from snnopt.report.plots.canvas import CYCLE, Trace, axes, spikes_by_layer, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rates(trace: Trace | ArrayLike, ax: Axes | None = None, *, bins: int = 20) -> Axes:
    """Draw a histogram of each neuron's firing rate over all samples and steps, one outline a layer, its mean dashed.

    Where samples have lengths, only the steps up to them count.

    Parameters
    ----------
    trace : what :func:`snnopt.simulate` returns, one population's activity, or spikes [T, N, n] or [T, n].
    ax : where to draw; None makes a figure.
    bins : number of bars.
    """
    layers, lengths = spikes_by_layer("plot.rates", trace)
    ax = axes(ax)
    found = {name: s.sum((0, 1)) / lengths.sum() for name, s in layers.items()}
    top = max(float(r.max()) for r in found.values()) or 1.0
    from matplotlib.ticker import MaxNLocator

    fill = 0.35 if len(found) == 1 else 0.15
    edges = np.linspace(0, min(1.0, 1.02 * top), bins + 1).tolist()
    for k, (name, rate) in enumerate(found.items()):
        colour, mean = CYCLE[k % len(CYCLE)], float(rate.mean())
        silent = int((rate == 0).sum())
        label = f"{name}: mean {mean:.2f}" if name else f"mean {mean:.2f}"
        label += f", {silent} of {len(rate)} silent" if silent else ""
        ax.hist(rate, edges, histtype="stepfilled", facecolor=(colour, fill), edgecolor=colour, label=label)
        ax.axvline(mean, color=colour, linestyle="--", linewidth=1.2)
    ax.set_xlim(0, edges[-1])
    ax.set_xlabel("firing rate (spikes per step)")
    ax.set_ylabel("neurons")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(fontsize="small", framealpha=0.9, edgecolor="none")
    tidy(ax)
    return ax
