"""Rows as a Markdown table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tests.benchmarks.speed.measure import Measured, Row

HEADS = (
    "suite",
    "network, T",
    "target",
    "random hidden layer + ridge",
    "side",
    "seconds to target",
    "peer / ours",
    "final accuracy",
    "whole training, s",
    "our accuracy within its time to its best",
    "peak MB beyond data",
    "in products",
    "settings",
)


def heading() -> str:
    """The first two lines of the table."""
    return "| " + " | ".join(HEADS) + " |\n|" + "---|" * len(HEADS)


def seconds(value: float) -> str:
    """A time, or that there was none."""
    return "not reached" if math.isinf(value) else f"{value:.3g}"


def to_target(m: Measured, target: float) -> str:
    """Median, spread, and on how many of the seeds."""
    times = m.times(target)
    met = [t for t in times if math.isfinite(t)]
    if not met:
        return f"not reached (0 of {len(times)})"
    count = "" if len(met) == len(times) else f"; {len(met)} of {len(times)}"
    return f"{seconds(m.median_time(target))} ({seconds(min(met))} to {seconds(max(met))}{count})"


def ratio(row: Row, peer: Measured) -> str:
    """Above 1 we are faster."""
    value = row.ratio(peer)
    if math.isnan(value):
        return "neither"
    if math.isinf(value):
        return f"> {peer.seconds / row.ours.median_time(row.suite.target):.1f}"
    return "ours not reached" if value == 0 else f"{value:.1f}"


def lines(row: Row) -> str:
    """A row of the table for each side."""
    suite, out = row.suite, []
    for k, m in enumerate(row.sides):
        what = (suite.title, f"{suite.net}, {suite.steps}", f"{suite.target:g}%", f"{row.baseline:.1f}%")
        cells = [*(what if k == 0 else ("",) * 4), m.side, to_target(m, suite.target)]
        cells += ["", f"{m.final:.1f}%", seconds(m.seconds), ""]
        if k:
            cells[6], cells[9] = ratio(row, m), f"{row.ours_within(m):.1f}%"
        cells += [f"{m.megabytes:.0f}", f"{m.product_share:.0%}", f"{m.words} ({m.tried} tried)"]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out)


def lost(rows: Sequence[Row]) -> list[str]:
    """Suites where a peer is faster to the target than we are, by name."""
    return [
        f"{row.name}: {m.side} is faster, or as fast"
        for row in rows
        for m in row.sides[1:]
        if not math.isnan(row.ratio(m)) and row.ratio(m) <= 1
    ]
