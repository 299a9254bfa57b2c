"""Spike raster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError
from snnopt.report.plots.canvas import CYCLE, GREY, PADDING, Trace, axes, check_sample, cut, spikes_by_layer, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHERE = "plot.raster"
THIN = 0.2
"""Share of all neurons below which a layer's name is written across, as it is longer than the layer is high."""


def raster(
    trace: Trace | ArrayLike,
    ax: Axes | None = None,
    *,
    samples: int | Sequence[int] = 0,
    labels: Sequence[str] | None = None,
) -> Axes:
    """Draw a mark for every spike: time across, neurons up, layers above one another, samples side by side.

    Where samples have lengths, grey stands for the steps after their end.

    Parameters
    ----------
    trace : what :func:`snnopt.simulate` returns (populations that do not spike are left out), one population's
        activity, or spikes [T, N, n] or [T, n].
    ax : where to draw; None makes a figure.
    samples : which samples to show, one after the other.
    labels : a caption for each sample.
    """
    layers, lengths = spikes_by_layer(WHERE, trace)
    count = len(lengths)
    shown = [samples] if isinstance(samples, int | np.integer) else list(samples)
    if not shown or (labels is not None and len(labels) != len(shown)):
        raise DataError(WHERE, f"{len(labels or [])} labels for {len(shown)} samples", "give one for each sample")
    shown = [check_sample(WHERE, s, count) for s in shown]
    ax = axes(ax)
    from matplotlib.collections import PolyCollection

    steps = int(lengths[shown].max())
    for k, s in enumerate(shown):
        if lengths[s] < steps:
            ax.axvspan(k * steps + lengths[s] - 0.5, (k + 1) * steps - 0.5, color=PADDING, linewidth=0, zorder=0)
    base, ticks = 0, list[tuple[float, str, bool]]()
    height = sum(s.shape[2] for s in layers.values())
    for k, (name, spikes) in enumerate(layers.items()):
        seen = np.concatenate([spikes[:steps, s] for s in shown])
        time, neuron = np.nonzero(seen)
        tall = spikes.shape[2]
        colour = CYCLE[k % len(CYCLE)]
        ax.add_collection(
            PolyCollection(list(_cells(time, neuron + base)), facecolor=colour, edgecolor=colour, linewidth=0.25)
        )
        if base:
            ax.axhline(base - 0.5, color=GREY, linewidth=0.6)
        thin = tall < THIN * height
        ticks.append((base + (tall - 1) / 2, f"{cut(name, 12)} ({tall})" if thin else f"{name}\n{tall} neurons", thin))
        base += tall
    for k in range(1, len(shown)):
        ax.axvline(k * steps - 0.5, color=GREY, linewidth=0.6)
    for k, text in enumerate(labels or []):
        ax.text((k + 0.5) * steps - 0.5, base + 0.01 * base, text, ha="center", va="bottom", clip_on=False)
    ax.set_xlim(-0.5, len(shown) * steps - 0.5)
    ax.set_ylim(-0.7, base - 0.3)
    if len(layers) > 1:
        ax.set_yticks([at for at, _, _ in ticks], [text for _, text, _ in ticks], va="center", ma="center")
        for label, (_, _, thin) in zip(ax.get_yticklabels(), ticks, strict=True):
            label.set_rotation(0 if thin else 90)
        ax.tick_params(axis="y", length=0)
    else:
        name = next(iter(layers))
        ax.set_ylabel(f"neuron of {name!r}" if name else "neuron")
    stride = max(1, -(-len(shown) * steps // 10)) if len(shown) == 1 else steps
    at = [k * steps + t for k in range(len(shown)) for t in range(0, steps, stride)]
    ax.set_xticks(at, [str(a % steps) for a in at])
    if len(shown) > 1:
        half = [k * steps + steps // 2 for k in range(len(shown))]
        ax.set_xticks(at + half, [str(a % steps) for a in at + half])
    ax.set_xlabel("time (steps)")
    tidy(ax)
    return ax


def _cells(time: NDArray[Any], neuron: NDArray[Any]) -> NDArray[Any]:
    """The corners of a small rectangle around every spike, [spikes, 4, 2]."""
    corners = np.array([(-0.33, -0.38), (0.33, -0.38), (0.33, 0.38), (-0.33, 0.38)])
    return np.stack([time, neuron], 1)[:, None] + corners
