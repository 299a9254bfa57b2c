"""A trained classifier at a glance, in one picture."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import DataError
from snnopt.report.plots.canvas import RED, require_matplotlib
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


def overview(
    history: History,
    trace: Mapping[str, Activity],
    readout: str,
    data: Array,
    labels: Array,
    predicted: Array,
    weight: Array,
    *,
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
    weight : the first layer's, [neurons, features].
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

    shown = _few(labels, predicted)
    raster(trace, spikes, samples=shown)
    _captions(spikes, shown, data, labels, predicted, names, shape)

    one = shown[0]
    marked = list(dict.fromkeys([int(predicted[one]), int(labels[one])]))
    traces(trace[readout], membrane, sample=one, highlight=marked, labels=names, neurons=range(min(len(names), 12)))
    membrane.set_title(f"Read-out membranes of the first sample (class {names[labels[one]]})")

    weights(weight, images, shape=shape)
    images.set_title("Weights of hidden neurons" if shape is None else "What hidden neurons look for")

    rates(trace, rate)
    rate.set_title("Firing rates of hidden neurons")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize="x-large")
    return figure


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a picture (``.png`` is added if there is no suffix); written beside and renamed.

    Raises
    ------
    FileNotFoundError
        The folder does not exist.
    DataError
        The suffix is not that of a picture.
    """
    path = path if path.suffix else path.with_suffix(".png")
    kinds = figure.canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in kinds:
        raise DataError(str(path), f"{path.suffix!r} is no kind of picture", f"use one of .{', .'.join(sorted(kinds))}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    try:
        figure.savefig(beside)
        umask = os.umask(0)
        os.umask(umask)
        Path(beside).chmod(0o666 & ~umask)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return path


def _few(labels: Array, predicted: Array) -> list[int]:
    """Samples to show: of different classes as far as they go, the last one a mistake if there is one."""
    right, wrong = np.flatnonzero(labels == predicted), np.flatnonzero(labels != predicted)
    _, first = np.unique(labels[right], return_index=True)
    varied = right[np.sort(first)]
    rest = np.setdiff1d(right, varied)
    mistakes = wrong[:1]
    chosen = np.concatenate([varied, rest])[: SHOWN - len(mistakes)]
    return [int(k) for k in (*chosen, *mistakes, *wrong[1 : 1 + SHOWN - len(mistakes) - len(chosen)])]


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
    for k, sample in enumerate(shown):
        truth, said = classes[labels[sample]], classes[predicted[sample]]
        right = truth == said
        text = f"read as {said}" if right else f"{truth} read as {said}"
        if shape is None or math.prod(shape) != data[sample].size:
            at = ((k + 0.5) / len(shown), 1.02)
            ax.text(*at, text if not right else truth, transform=ax.transAxes, ha="center", color="k" if right else RED)
            continue
        wide = 0.55 / len(shown)
        inset = ax.inset_axes((((k + 0.5) / len(shown)) - wide / 2, 1.02, wide, 0.15))
        inset.imshow(data[sample].reshape(shape), cmap="gray_r", interpolation="nearest")
        inset.set_xticks([])
        inset.set_yticks([])
        inset.spines[:].set_color("#b0b0b0")
        inset.set_title(text, fontsize="medium", color="black" if right else RED)
