"""How the numbers of a history are written: in its table, and in the progress of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

LAYERS = 2
"""Layers that are shown one by one; of more, the least and the greatest."""


def number(value: float) -> str:
    """Four digits, or nothing for NaN."""
    return "" if math.isnan(value) else f"{value:.4g}"


def percent(share: float) -> str:
    """A share in percent, or nothing for NaN."""
    return "" if math.isnan(share) else f"{100 * share:.1f}%"


def many(value: float) -> str:
    """A number of things: whole, with commas, or four digits where it is small."""
    return f"{value:,.0f}" if value >= 1000 else number(value)


def held_out(score: float, accuracy: float) -> str:
    """A score on validation data: a share beside a training accuracy, R squared where there is none."""
    return percent(score) if math.isnan(score) or not math.isnan(accuracy) else f"{score:.3f}"


def by_layer(values: Mapping[str, float], text: Callable[[float], str]) -> str:
    """Of one or two layers each ("-" where it is NaN), of more the least and the greatest."""
    known = [v for v in values.values() if not math.isnan(v)]
    if not known:
        return ""
    if len(values) > LAYERS:
        return spread(known, text)
    return " ".join(text(v) or "-" for v in values.values())


def spread(values: Iterable[float], text: Callable[[float], str]) -> str:
    """The least and the greatest, or the one number that all are."""
    known = [v for v in values if not math.isnan(v)]
    if not known:
        return ""
    low, high = text(min(known)), text(max(known))
    return low if low == high else f"{low.removesuffix('%')} to {high}"


def greatest(values: Iterable[float]) -> str:
    """The greatest, in two digits."""
    known = [v for v in values if not math.isnan(v)]
    return f"{max(known):.1e}" if known else ""


def text_table(columns: Mapping[str, Sequence[str]]) -> str:
    """Columns of cells under their headings, right-aligned; columns without any text are left out."""
    shown = {heading: cells for heading, cells in columns.items() if any(cells)}
    widths = {heading: max(map(len, [heading, *cells])) for heading, cells in shown.items()}
    lines = ["  ".join(heading.rjust(width) for heading, width in widths.items())]
    lines += [
        "  ".join((c or "-").rjust(w) for c, w in zip(row, widths.values(), strict=True))
        for row in zip(*shown.values(), strict=True)
    ]
    return "\n".join(lines)
