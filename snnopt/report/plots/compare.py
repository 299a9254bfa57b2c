"""Several runs beside one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import DataError, shown, unknown_name
from snnopt.report.plots.canvas import (
    CYCLE,
    HasHistory,
    axes,
    count_axis,
    cut,
    history_of,
    log_where_positive,
    tidy,
)
from snnopt.report.plots.ends import End, name_ends
from snnopt.runtime import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]
Run = History | HasHistory
WHERE = "plot.compare"
SHOWN = ("loss", "accuracy", "validation")
AGAINST = ("iterations", "seconds")
STYLES = ("-", "--", ":", "-.")
"""Of lines by the dozen: colours come round again with another dash."""


def compare(
    runs: Mapping[str, Run] | Sequence[Run],
    ax: Axes | None = None,
    *,
    show: Literal["loss", "accuracy", "validation"] = "loss",
    against: Literal["iterations", "seconds"] = "iterations",
) -> Axes:
    """Draw a line for each of several runs, named at its end and in a legend.

    An iteration of one algorithm may be a pass over all data, of another a fraction of its work, so time is what compares
    algorithms; iterations compare settings of one.

    Parameters
    ----------
    runs : results or histories by name; of a list, results go by their algorithm.
    ax : where to draw; None makes a figure.
    show : training ``"loss"`` (logarithmic where it is positive), training ``"accuracy"``, or the score on ``"validation"`` data
        (accuracy, or R squared where no run has labels).
    against : ``"iterations"`` (or epochs), or ``"seconds"`` of training.

    Raises
    ------
    DataError
        There are no runs, or a run is none, or none has what shall be shown.
    UnknownNameError
        There is nothing called so to show, or to show it against.
    """
    for what, value, known in (("show", show, SHOWN), ("against", against, AGAINST)):
        if value not in known:
            raise unknown_name(what, value, known)
    histories = {name: history_of(WHERE, run) for name, run in _named(runs).items()}
    columns = {name: np.array([getattr(r, show) for r in h], float) for name, h in histories.items()}
    columns = {name: values for name, values in columns.items() if np.isfinite(values).any()}
    if not columns:
        fix = "solve with validation=(X, y)" if show == "validation" else "show the loss of runs without labels"
        raise DataError(WHERE, f"no run has values of {show!r}", fix)
    ax = axes(ax)
    percent = show != "loss" and any(np.isfinite(r.accuracy) for n in columns for r in histories[n])
    labels, ends = list[str](), list[End]()
    for k, (name, values) in enumerate(columns.items()):
        history, colour = histories[name], CYCLE[k % len(CYCLE)]
        at = count_axis(ax, history) if against == "iterations" else np.array([r.seconds for r in history])
        labels.append(ax.get_xlabel())
        y = 100 * values if percent else values
        marker, style = "o" if len(history) <= 30 else "", STYLES[k // len(CYCLE) % len(STYLES)]
        ax.plot(at, y, style, color=colour, marker=marker, markersize=3, linewidth=1.6, label=cut(name, 24))
        last = np.flatnonzero(np.isfinite(y))[-1]
        ends.append(End(float(at[last]), float(y[last]), cut(name, 24), colour))
    if show == "loss":
        log_where_positive(ax, np.concatenate(list(columns.values())))
    unit = {"loss": "training loss", "accuracy": "training accuracy (%)", "validation": "validation R squared"}[show]
    ax.set_ylabel("validation accuracy (%)" if show == "validation" and percent else unit)
    ax.set_xlabel("training time (s)" if against == "seconds" else " or ".join(dict.fromkeys(labels)))
    tidy(ax)
    if len(ends) > 1:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize="small", frameon=False)
    name_ends(ax, ends)
    return ax


def _named(runs: object) -> dict[str, Run]:
    """Runs by name; those of a list by their algorithm, numbered where several have the same."""
    if isinstance(runs, Mapping):
        found = {str(name): run for name, run in runs.items()}
    elif isinstance(runs, Sequence) and not isinstance(runs, str):
        names = [getattr(run, "algorithm", "") or "run" for run in runs]
        often, met = Counter(names), Counter[str]()
        found = {}
        for name, run in zip(names, runs, strict=True):
            met[name] += 1
            found[f"{name} {met[name]}" if often[name] > 1 else name] = run
    else:
        raise DataError(WHERE, f"{shown(runs)} is no list of runs", "give a list of results, or a dict by name")
    if not found:
        raise DataError(WHERE, "there are no runs", "give at least one result")
    return found
