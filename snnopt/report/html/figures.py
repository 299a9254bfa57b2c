"""The sections of a page that are pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from snnopt.report.html.facts import Facts
from snnopt.report.html.markup import Html, tag
from snnopt.report.html.pictures import picture
from snnopt.report.plots.canvas import cut
from snnopt.report.plots.confusion import confusion
from snnopt.report.plots.convergence import convergence
from snnopt.report.plots.overview import tile
from snnopt.report.plots.raster import raster
from snnopt.report.plots.rates import rates
from snnopt.report.plots.residuals import residuals
from snnopt.report.plots.traces import traces
from snnopt.report.plots.weights import weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LAYERS, MATRICES, LINES = 4, 6, 5
"""At most: layers whose potentials are drawn, weight matrices, potentials of one layer."""
NAME = 16
"""Characters of a user's name in a picture."""


def learning(facts: Facts) -> Html:
    """Loss and accuracy, and residuals where the algorithm keeps potentials."""
    history = facts.result.history
    # the curve of validation data need not be of the data that the page judges, so the baseline stands beside training only
    alone = not any(np.isfinite(r.validation) for r in history)
    base = facts.baseline.train if facts.baseline is not None and alone else None
    shown = [picture(partial(convergence, history, baseline=base), "Training loss and scores, record by record")]
    if any(r.primal for r in history):
        for panel, what in (("primal", "Primal residuals"), ("dual", "Dual residuals")):
            if any(np.isfinite(list(getattr(r, panel).values())).any() for r in history if getattr(r, panel)):
                shown.append(picture(_panel(facts, panel), f"{what} of every coupling"))
    return _grid(shown)


def spikes(facts: Facts) -> Html:
    """Rasters, and how often neurons fire."""
    trace = {cut(n, NAME): a for n, a in facts.trace.items()}
    output = next(iter(facts.labels), None)
    labels = None
    if output is not None:
        names, y, said = facts.names(output), facts.labels[output], facts.predicted[output]
        labels = [
            cut(names[y[k]], 9) if y[k] == said[k] else f"{cut(names[y[k]], 9)} as\n{cut(names[said[k]], 9)}"
            for k in facts.samples
        ]
    told = "Spikes in a few samples" + ("" if labels is None else ", named after their class and what it was taken for")

    def draw(ax: Axes) -> None:
        raster(trace, ax, samples=facts.samples)
        for k, label in enumerate(labels or []):
            at = ((k + 0.5) / len(facts.samples), 1.01)
            ax.text(*at, label, transform=ax.transAxes, ha="center", va="bottom", size="small")

    both = [
        picture(draw, told, size=(5.0, 4.2)),
        picture(partial(rates, trace), "Firing rates of neurons over all samples"),
    ]
    return _grid(both)


def potentials(facts: Facts) -> Html:
    """Membrane potentials of the first layers and of every output in one sample, with their thresholds."""
    program, sample = facts.result.program, facts.samples[0]
    shown = []
    chosen = [c for c in program.couplings if c.dynamics.spiking and c.name not in program.outputs][:LAYERS]
    for c in (*chosen, *(program.by_name[n] for n in program.outputs)):
        theta = c.dynamics.threshold
        level = float(theta[0]) if theta is not None and np.all(theta == theta[0]) else None
        activity = facts.trace[c.name]
        if c.name in program.outputs and c.size <= 12:
            y = facts.labels.get(c.name)
            marked = [] if y is None else [int(facts.predicted[c.name][sample]), int(y[sample])]
            ends = [cut(n, 9) for n in facts.names(c.name)] if c.name in facts.labels else None
            draw = partial(
                traces,
                activity,
                sample=sample,
                neurons=range(c.size),
                highlight=list(dict.fromkeys(marked)),
                labels=ends,
                threshold=level,
            )
        else:
            draw = partial(traces, activity, sample=sample, neurons=range(min(c.size, LINES)), threshold=level)
        some = "" if c.name in program.outputs or c.size <= LINES else f" of the first {LINES} neurons"
        dashed = "" if level is None else "; the threshold dashed, a dot for every spike"
        dashed = "; thresholds differ, a dot for every spike" if c.dynamics.spiking and level is None else dashed
        shown.append(picture(draw, f"Membrane potentials{some} of {c.name} in sample {sample}{dashed}"))
    return _grid(shown)


def matrices(facts: Facts) -> Html:
    """The first weight matrices."""
    found = [(n, w) for n, w in facts.result.weights.items() if w.ndim > 1]
    shown = [
        picture(partial(weights, w, shape=tile(w, facts.shape)), f"{name}, {' x '.join(map(str, w.shape))}")
        for name, w in found[:MATRICES]
    ]
    left = f"Not drawn: {len(found) - MATRICES} more." if len(found) > MATRICES else ""
    return Html(_grid(shown) + (tag("p", left) if left else ""))


def confusions(facts: Facts) -> Html:
    """Which class is taken for which, for every output with labels."""
    return _grid(
        [
            picture(
                partial(confusion, y, facts.predicted[name], classes=[cut(n, 14) for n in facts.names(name)]),
                f"Confusion matrix of {name}: how many samples of each class were taken for which",
                size=(5.0, 4.4),
            )
            for name, y in facts.labels.items()
        ]
    )


def _panel(facts: Facts, panel: str) -> Callable[[Axes], object]:
    return lambda ax: residuals(facts.result.history, ax, panels=[panel])


def _grid(shown: list[Html]) -> Html:
    return tag("div", *shown, class_="pictures")
