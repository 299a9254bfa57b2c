"""Membrane potentials over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from snnopt.errors import DataError
from snnopt.report.plots.canvas import CYCLE, GREY, PALE, axes, check_sample, potentials_of, tidy
from snnopt.report.plots.ends import End, name_ends
from snnopt.runtime import Activity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHERE = "plot.traces"


def traces(
    activity: Activity | ArrayLike,
    ax: Axes | None = None,
    *,
    sample: int = 0,
    neurons: Sequence[int] | None = None,
    highlight: Sequence[int] = (),
    labels: Sequence[str] | None = None,
    threshold: float | None = None,
) -> Axes:
    """Draw the membrane potentials of one population in one sample up to its end, with a dot on every spike.

    Parameters
    ----------
    activity : one population of a trace, e.g. ``trace["readout"]``, or potentials [T, N, n] or [T, n].
    ax : where to draw; None makes a figure.
    sample : which sample.
    neurons : which neurons; None shows the first ten.
    highlight : neurons to draw in colour, the others in grey; none: all in colour.
    labels : a name for each neuron of the population, written at the end of its line.
    threshold : drawn as a dashed line, in volts.
    """
    potentials = potentials_of(WHERE, activity)
    _, count, width = potentials.shape
    sample = check_sample(WHERE, sample, count)
    lengths = activity.lengths if isinstance(activity, Activity) else None
    potentials = potentials if lengths is None else potentials[: lengths[sample]]
    steps = len(potentials)
    chosen = list(range(min(width, 10))) if neurons is None else list(neurons)
    chosen += [n for n in highlight if n not in chosen]
    for n in chosen:
        if not 0 <= n < width:
            raise DataError(WHERE, f"there is no neuron {n}, only 0 to {width - 1}", "give some of these")
    spikes = activity.spikes if isinstance(activity, Activity) else None
    ax = axes(ax)
    time = np.arange(steps)
    for n in sorted(chosen, key=lambda n: n in highlight):
        strong = n in highlight
        colour = CYCLE[(list(highlight).index(n) if strong else chosen.index(n)) % len(CYCLE)]
        if highlight and not strong:
            colour = PALE
        v = potentials[:, sample, n]
        ax.plot(time, v, color=colour, linewidth=2.2 if strong else 1.2, zorder=3 if strong else 2)
        if spikes is not None:
            fired = np.flatnonzero(spikes.reshape(-1, count, width)[:steps, sample, n])
            ax.plot(fired, v[fired], "o", color=colour, markersize=3.5, zorder=4)
    if threshold is not None:
        ax.axhline(threshold, color=GREY, linewidth=1, linestyle="--")
        text = ax.annotate(
            "threshold", (0, threshold), (2, 2), textcoords="offset points", color=GREY, fontsize="small"
        )
        text.set_bbox({"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.5})
        text.set_zorder(5)
    ax.set_xlim(0, steps - 1 if steps > 1 else 1)
    ax.set_xlabel("time (steps)")
    ax.set_ylabel("membrane potential (V)")
    if labels is not None:
        marks = {n: CYCLE[k % len(CYCLE)] for k, n in enumerate(highlight)}
        last = {n: float(potentials[-1, sample, n]) for n in chosen}
        name_ends(ax, [End(steps - 1, v, labels[n], marks.get(n, GREY), n in marks) for n, v in last.items()])
    tidy(ax)
    return ax
