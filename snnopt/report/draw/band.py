"""Bands on paper: boxes, and lines that run level through ranks and curve between them."""

from __future__ import annotations

from collections.abc import Mapping

from snnopt.report.draw.arrangement import Arrangement
from snnopt.report.draw.diagram import Link
from snnopt.report.draw.measure import Point
from snnopt.report.draw.parts import CLEAR, LOOP
from snnopt.report.draw.pen import Pen
from snnopt.report.plots.canvas import GREY

LEAD = 0.07
"""Inches that a line runs straight before its head."""
MOVE, LINE, BEND, CURVE = 1, 2, 3, 4
"""matplotlib's codes of a path: bends have one control point, curves two."""

Outline = tuple[list[Point], list[int]]
"""Vertices and codes of a path."""


def draw_band(pen: Pen, band: Arrangement, colours: Mapping[Link, str]) -> None:
    """Draw an arrangement's boxes, lines and labels."""
    for box in band.diagram.boxes:
        pen.box(box, *band.centre(box.name), band.sizes[box.name], band.one_line)
    for link in band.diagram.links:
        outline = _loop(band, link) if link.source == link.target else _path(band, link)
        connect(pen, link, outline, colours.get(link, GREY), band.label(link))


def connect(pen: Pen, link: Link, outline: Outline, colour: str, label: Point) -> None:
    """Draw a link's line, and its label round a point."""
    pen.line(outline, f"{link.source} -> {link.target}", colour, link.feedback, link.directed)
    pen.label(link.label, *label)


def _path(band: Arrangement, link: Link) -> Outline:
    """From source to target: level through every rank on the way, curved between ranks."""
    route = band.routes[link]
    begin = band.side(route.stops[0], True), band.ports[link, False]
    end = band.side(route.stops[-1], route.level), band.ports[link, True]
    if route.level:
        reach = band.left[route.label] - 2 * CLEAR
        far = reach + (reach - begin[0]) / 3  # a curve reaches three quarters of the way
        outline: Outline = [begin, (far, begin[1]), (far, end[1]), end], [MOVE, CURVE, CURVE, CURVE]
        return _reversed(outline) if route.backward else outline
    # Within a rank lines run level, so that they pass by boxes wider than theirs.
    leads = (LEAD, 0.0) if route.backward else (0.0, LEAD)
    outline = [begin], [MOVE]
    _straight(outline, (max(begin[0] + leads[0], band.bounds[route.stops[0]][1]), begin[1]))
    for key in route.stops[1:-1]:
        _curve(outline, (band.left[key], band.y[key]))
        _straight(outline, (band.right[key], band.y[key]))
    _curve(outline, (min(end[0] - leads[1], band.bounds[route.stops[-1]][0]), end[1]))
    _straight(outline, end)
    return _reversed(outline) if route.backward else outline


def _loop(band: Arrangement, link: Link) -> Outline:
    """Over the box, from right to left."""
    (x, y), size = band.centre(link.source), band.sizes[link.source]
    wide, top = min(0.3 * size.width, 0.14), y - size.height / 2
    high = top - LOOP * 4 / 3  # a curve reaches three quarters of the way
    return [(x + wide, top), (x + 1.8 * wide, high), (x - 1.8 * wide, high), (x - wide, top)], [
        MOVE,
        CURVE,
        CURVE,
        CURVE,
    ]


def _curve(outline: Outline, end: Point) -> None:
    """Go on to ``end``, level at both ends."""
    x, y = outline[0][-1]
    middle = (x + end[0]) / 2
    outline[0].extend([(middle, y), (middle, end[1]), end])
    outline[1].extend([CURVE] * 3)


def _straight(outline: Outline, end: Point) -> None:
    if outline[0][-1] != end:
        outline[0].append(end)
        outline[1].append(LINE)


def _reversed(outline: Outline) -> Outline:
    return outline[0][::-1], [MOVE, *outline[1][:0:-1]]
