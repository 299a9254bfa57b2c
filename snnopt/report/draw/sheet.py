"""Deep networks in several bands, one below the other, as text runs on from line to line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from snnopt.report.draw.arrangement import Arrangement, arranged
from snnopt.report.draw.diagram import Diagram, Link
from snnopt.report.draw.measure import SMALL, Extent, Point, text_extent
from snnopt.report.draw.parts import CLEAR

TURN = 0.16
"""Inches beside the bands, and above and below the line, that a line from band to band takes."""
BANDS = 10
LEVEL_TEXT, ENOUGH, WRAPPED, UPRIGHT = 0.8, 0.9, 0.9, 0.8
"""Scales down to which one band of level text is kept, and above which larger type gains nothing; what type in several
bands and upright type are worth beside level type in one.
"""


@dataclass(frozen=True, eq=False)
class Sheet:
    """Bands with the places of their upper left corners, and the links that lead from each to the next."""

    bands: tuple[tuple[Arrangement, Point], ...]
    breaks: tuple[Link, ...]
    size: Extent


def best_sheet(diagram: Diagram, fitted: Callable[[Extent], float]) -> Sheet:
    """Return one band if its scale will do, else what gives the largest type: more bands, or one with upright text."""
    whole = sheet([diagram], ())
    if fitted(whole.size) >= LEVEL_TEXT:
        return whole
    sheets = [(1.0, whole), (UPRIGHT, sheet([diagram], (), turn=True))]
    sheets += [(WRAPPED, sheet(*cut)) for cut in cuts(diagram)]
    return max(sheets, key=lambda s: s[0] * min(fitted(s[1].size), ENOUGH))[1]


def cuts(diagram: Diagram) -> list[tuple[list[Diagram], tuple[Link, ...]]]:
    """Ways to cut a diagram into bands, between columns that one link alone joins."""
    column = {box.name: box.column for box in diagram.boxes}
    last = max(column.values())
    single: dict[int, Link] = {}
    for k in range(last):
        over = [
            link for link in diagram.links if min(ends := (column[link.source], column[link.target])) <= k < max(ends)
        ]
        level = any(
            link.source != link.target and column[link.source] == column[link.target] == k for link in diagram.links
        )
        if len(over) == 1 and not level and (column[over[0].source], column[over[0].target]) == (k, k + 1):
            single[k] = over[0]
    found: dict[tuple[int, ...], None] = {}
    for bands in range(2, BANDS + 1):
        most, start, at = -(-(last + 1) // bands), 0, list[int]()
        while last + 1 - start > most and (before := [k for k in single if start <= k < start + most]):
            at.append(max(before))
            start = at[-1] + 1
        found[tuple(at)] = None
    return [_cut(diagram, column, [*at, last], tuple(single[k] for k in at)) for at in found if at]


def _cut(
    diagram: Diagram, column: dict[str, int], ends: list[int], breaks: tuple[Link, ...]
) -> tuple[list[Diagram], tuple[Link, ...]]:
    bands, first = [], 0
    for end in ends:
        boxes = tuple(replace(b, column=b.column - first) for b in diagram.boxes if first <= b.column <= end)
        inside = {b.name for b in boxes}
        bands.append(Diagram(boxes, tuple(k for k in diagram.links if k.source in inside and k.target in inside)))
        first = end + 1
    return bands, breaks


def sheet(bands: list[Diagram], breaks: tuple[Link, ...], turn: bool = False) -> Sheet:
    """Arrange each band, and put one below the other with room for the line between."""
    margin, y, placed = TURN if breaks else 0.0, 0.0, []
    for k, band in enumerate(bands):
        arrangement = arranged(band, turn)
        placed.append((arrangement, (margin, y)))
        y += arrangement.size.height
        if k < len(breaks):
            y += 2 * TURN + CLEAR + text_extent(breaks[k].label, SMALL).height
    width = max(arrangement.size.width for arrangement, _ in placed) + 2 * margin
    return Sheet(tuple(placed), breaks, Extent(width, y))
