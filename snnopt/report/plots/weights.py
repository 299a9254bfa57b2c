"""Weight matrices, as a map or as one small image a neuron."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError
from snnopt.report.plots.canvas import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[Any]
WHERE = "plot.weights"


def weights(
    weight: ArrayLike, ax: Axes | None = None, *, shape: tuple[int, int] | None = None, count: int = 30
) -> Axes:
    """Draw a weight matrix: orange excites, purple inhibits, white is zero.

    Parameters
    ----------
    weight : [neurons, sources], e.g. ``result.weights["hidden.weight"]``, or a convolution's [channels, ...], whose further
        axes are flattened.
    ax : where to draw; None makes a figure.
    shape : rows and columns of the sources as an image: each neuron's weights become one small image.
    count : how many neurons to show as images, those with the largest weights; in a map all are shown.
    """
    if isinstance(weight, Mapping) or hasattr(weight, "weights"):
        raise DataError(WHERE, "it draws one matrix, these are several", 'choose one, result.weights["hidden.weight"]')
    w = np.asarray(weight, np.float64)
    if w.ndim < 2 or not w.size or not np.isfinite(w).all():
        raise DataError(
            WHERE, f"an array of shape {w.shape} with {w.size} entries", "give finite weights [neurons, sources]"
        )
    rows, columns = ("neuron", "source") if w.ndim == 2 else ("channel", "kernel entry")
    w = w.reshape(len(w), -1)
    if shape is not None and math.prod(shape) != w.shape[1]:
        raise DataError(WHERE, f"{w.shape[1]} sources are no image of {shape}", "give its rows and columns, or None")
    ax = axes(ax)
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    if shape is None:
        image, extent = w, float(np.quantile(np.abs(w), 0.995))
    else:
        strong = np.argsort(-np.linalg.norm(w, axis=1), kind="stable")[:count]
        image, extent = _tiles(w[np.sort(strong)], shape), float(np.quantile(np.abs(w), 0.995))
    extent = extent or 1.0
    drawn = ax.imshow(
        image,
        cmap=colormaps["PuOr_r"].with_extremes(bad="white"),
        vmin=-extent,
        vmax=extent,
        interpolation="nearest",
        aspect="auto" if shape is None else "equal",
    )
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.85, pad=0.02, extend="both")
    bar.set_label("weight (V)")
    bar.outline.set_visible(False)
    if shape is None:
        ax.set_xlabel(columns)
        ax.set_ylabel(rows)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
    else:
        ax.set_axis_off()
    return ax


def _tiles(w: Array, shape: tuple[int, int]) -> Array:
    """Images side by side with a gap (NaN) of one pixel, in about a 6 : 5 rectangle."""
    rows, columns = shape
    across = max(1, math.ceil(math.sqrt(1.2 * len(w) * rows / columns)))
    down = math.ceil(len(w) / across)
    out = np.full((down * (rows + 1) - 1, across * (columns + 1) - 1), np.nan)
    for k, image in enumerate(w):
        top, left = k // across * (rows + 1), k % across * (columns + 1)
        out[top : top + rows, left : left + columns] = image.reshape(shape)
    return out
