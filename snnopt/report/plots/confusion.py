"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError
from snnopt.report.plots.canvas import axes, cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]
WHERE = "plot.confusion"
NUMBERED = 20
"""Classes up to which samples are written into the cells."""
MOST = 2000
"""Classes that a picture has room for, a pixel each."""


def confusion(
    labels: ArrayLike, predicted: ArrayLike, ax: Axes | None = None, *, classes: Sequence[str] | None = None
) -> Axes:
    """Draw the confusion matrix: true classes down, predicted ones across, the darker the larger the share of the true class.

    The number in a cell counts samples; a class without samples has an empty row.

    Parameters
    ----------
    labels, predicted : whole numbers from 0, [N], as ``result.predict(X)`` gives them.
    ax : where to draw; None makes a figure.
    classes : the name of each class; None numbers them up to the largest label.
    """
    truth, said = _labels("labels", labels), _labels("predicted", predicted)
    if len(truth) != len(said):
        raise DataError(
            WHERE, f"{len(said)} predictions for {len(truth)} labels", "give one prediction for each sample"
        )
    count = 1 + int(max(truth.max(), said.max()))
    names = [str(k) for k in range(count)] if classes is None else list(classes)
    if len(names) < count:
        raise DataError(WHERE, f"{len(names)} classes, and labels go up to {count - 1}", "name every class, or none")
    count = len(names)
    table = np.bincount(truth * count + said, minlength=count * count).reshape(count, count)
    share = 100 * table / np.maximum(table.sum(1, keepdims=True), 1)
    ax = axes(ax)
    drawn = ax.imshow(share, cmap="Blues", vmin=0, vmax=100, interpolation="nearest")
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.85, pad=0.02)
    bar.set_label("share of the true class (%)")
    bar.outline.set_visible(False)
    if count <= NUMBERED:
        size = "medium" if count <= 10 else "x-small"
        for row, column in np.argwhere(table):
            colour = "white" if share[row, column] > 55 else "black"
            ax.text(column, row, str(table[row, column]), ha="center", va="center", color=colour, fontsize=size)
    stride = max(1, -(-count // NUMBERED))
    at, longest = range(0, count, stride), max(map(len, names))
    ax.set_xticks(at, [cut(names[k], 14) for k in at], rotation=0 if longest <= 3 else 45, ha=_anchor(longest))
    ax.set_yticks(at, [cut(names[k], 14) for k in at])
    ax.tick_params(length=0, labelsize="medium" if count <= 10 else "small")
    ax.spines[:].set_visible(False)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    return ax


def _anchor(longest: int) -> str:
    """Where a tick's label is held: long ones are turned and end at their tick."""
    return "center" if longest <= 3 else "right"


def _labels(what: str, given: ArrayLike) -> Array:
    x = np.asarray(given)
    if x.ndim != 1 or not x.size or x.dtype.kind not in "iuf" or not np.all((x == np.round(x)) & (x >= 0)):
        cause = f"{what} are {x.dtype} of shape {x.shape}, not whole numbers from 0"
        raise DataError(WHERE, cause, "give labels [N]; of several outputs one, e.g. y['digit']")
    if x.max() >= MOST:
        raise DataError(WHERE, f"{what} go up to {x.max():g}", f"number the classes from 0, at most {MOST} of them")
    return x.astype(np.int64)
