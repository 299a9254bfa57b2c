"""Accuracy on the test data against training seconds, one panel a suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from snnopt.report.plots.canvas import CYCLE, GREY
from tests.benchmarks.speed.measure import Row

MARKERS, COLUMNS = ("o", "s", "^", "D", "v"), 2


def draw(rows: Sequence[Row], file: Path) -> None:
    """Write a PNG file: every seed a line, sides told apart by colour and marker."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    columns = min(COLUMNS, len(rows))
    down = -(-len(rows) // columns)
    figure, grid = plt.subplots(down, columns, figsize=(5.5 * columns, 4 * down), squeeze=False, layout="constrained")
    for ax in grid.flat[len(rows) :]:
        ax.set_axis_off()
    for ax, row in zip(grid.flat, rows, strict=False):
        for m, colour, marker in zip(row.sides, CYCLE, MARKERS, strict=False):
            for k, curve in enumerate(m.curves):
                points = [look.seconds for look in curve], [look.accuracy for look in curve]
                label = m.side if k == 0 else None
                ax.plot(*points, color=colour, marker=marker, markersize=3, linewidth=1, alpha=0.8, label=label)
        ax.axhline(row.suite.target, color=GREY, linestyle="--", linewidth=1, label=f"target, {row.suite.target:g}%")
        ax.axhline(row.baseline, color=GREY, linestyle=":", linewidth=1, label="random hidden layer + ridge")
        lowest = min(row.baseline, row.suite.target - 10)
        ax.set(xscale="log", ylim=(max(0, lowest - 3), 100.5))
        ax.set(xlabel="training time (s)", ylabel="test accuracy (%)")
        ax.set_title(f"{row.suite.title}: {row.suite.net}, T = {row.suite.steps}", fontsize=10)
        ax.legend(fontsize=7, loc="lower right")
    figure.savefig(file, dpi=150)
    plt.close(figure)
