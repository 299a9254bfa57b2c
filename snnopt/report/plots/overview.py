"""A trained classifier at a glance, in one picture."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from snnopt.report.plots.canvas import RED, cut, require_matplotlib
from snnopt.report.plots.convergence import convergence
from snnopt.report.plots.raster import raster
from snnopt.report.plots.rates import rates
from snnopt.report.plots.traces import traces
from snnopt.report.plots.weights import weights
from snnopt.runtime import Activity, History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]
SHOWN = 6
"""Samples in the raster."""
CHARACTERS = 96
"""That fit beside one another over the raster."""


def overview(
    history: History,
    trace: Mapping[str, Activity],
    readout: str,
    data: Array,
    labels: Array,
    predicted: Array,
    weight: Array,
    *,
    layer: str,
    classes: Sequence[str],
    shape: tuple[int, int] | None = None,
    baseline: float | None = None,
    title: str = "",
) -> Figure:
    """Draw the learning curve, the spikes of a few samples, a read-out's membranes, weights and firing rates.

    Parameters
    ----------
    history : of the run.
    trace : activity on the samples in ``data``, as :func:`snnopt.simulate` returns it.
    readout : the population that classifies.
    data, labels, predicted : samples [N, features], their labels and the network's [N].
    weight, layer : the first layer's weights, [neurons, features] or a convolution's, and its name.
    classes : the name of each label; further units of the read-out go by their number.
    shape : rows and columns of a sample as an image, where it is one.
    baseline : an accuracy in [0, 1] to compare with.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.5, 7.6), layout="constrained", dpi=150)
    grid = figure.add_gridspec(2, 3, height_ratios=(1.12, 1))
    curve, spikes = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1:])
    membrane, images, rate = (figure.add_subplot(grid[1, k]) for k in range(3))

    units = int(np.prod(trace[readout].potentials.shape[2:]))
    names = [*classes, *(str(k) for k in range(len(classes), units))]
    convergence(history, curve, baseline=baseline, held_out="test")
    curve.set_title("Learning", pad=24)

    shown = few(labels, predicted)
    raster(trace, spikes, samples=shown)
    _captions(spikes, shown, data, labels, predicted, names, shape)

    one = shown[0]
    marked = list(dict.fromkeys([int(predicted[one]), int(labels[one])]))
    ends, lines = [cut(name, 14) for name in names], range(min(len(names), 12))
    traces(trace[readout], membrane, sample=one, highlight=marked, labels=ends, neurons=lines)
    membrane.set_title("Read-out membranes, first sample")

    image = tile(weight, shape)
    weights(weight, images, shape=image)
    images.set_title(f"Weights into {cut(layer, 16)!r}" if image is None else f"What {cut(layer, 16)!r} looks for")

    rates(trace, rate)
    rate.set_title("Firing rates")
    if title:
        figure.suptitle(textwrap.fill(title, 110), x=0.01, ha="left", fontsize="x-large")
    return figure


def tile(weight: Array, shape: tuple[int, int] | None) -> tuple[int, int] | None:
    """Rows and columns of one neuron's weights as an image, where they are one: of a sample, or of a kernel."""
    if weight.ndim == 4 and weight.shape[1] == 1:
        return weight.shape[2], weight.shape[3]
    return shape if shape is not None and math.prod(shape) == weight[0].size and weight.ndim == 2 else None


def few(labels: Array, predicted: Array, most: int = SHOWN) -> list[int]:
    """Samples to show: of different classes as far as they go, the last one a mistake if there is one."""
    right, wrong = np.flatnonzero(labels == predicted), np.flatnonzero(labels != predicted)
    _, first = np.unique(labels[right], return_index=True)
    varied = right[np.sort(first)]
    rest = np.setdiff1d(right, varied)
    mistakes = wrong[:1]
    chosen = np.concatenate([varied, rest])[: most - len(mistakes)]
    return [int(k) for k in (*chosen, *mistakes, *wrong[1 : 1 + most - len(mistakes) - len(chosen)])]


def _captions(
    ax: Axes,
    shown: Sequence[int],
    data: Array,
    labels: Array,
    predicted: Array,
    classes: Sequence[str],
    shape: tuple[int, int] | None,
) -> None:
    """Put each sample above its spikes, with what it is and what the network says."""
    images = shape is not None and data.ndim > 1 and math.prod(shape) == data[0].size
    most = CHARACTERS // len(shown)
    for k, sample in enumerate(shown):
        truth, said = classes[labels[sample]], classes[predicted[sample]]
        right = truth == said
        lines = [] if images and right else [truth]
        lines += [f"read as {said}"] if images or not right else []
        joined = " ".join(lines)
        text = joined if len(joined) <= most else "\n".join(_folded(line, most) for line in lines)
        if shape is None or not images:
            colour, place = "black" if right else RED, (k + 0.5) / len(shown)
            ax.text(place, 1.02, text, transform=ax.transAxes, ha="center", va="bottom", color=colour)
            continue
        wide = 0.55 / len(shown)
        inset = ax.inset_axes((((k + 0.5) / len(shown)) - wide / 2, 1.02, wide, 0.15))
        inset.imshow(data[sample].reshape(shape), cmap="gray_r", interpolation="nearest")
        inset.set_xticks([])
        inset.set_yticks([])
        inset.spines[:].set_color("#b0b0b0")
        inset.set_title(text, fontsize="medium", color="black" if right else RED)


def _folded(text: str, most: int) -> str:
    """At most two lines of ``most`` characters."""
    return "\n".join(textwrap.wrap(text, most, max_lines=2, placeholder=" …"))
