"""The picture of a network: boxes from left to right by depth, lines between them, names of connections over the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snnopt.report.draw.band import BEND, LINE, MOVE, Outline, connect, draw_band
from snnopt.report.draw.diagram import Diagram
from snnopt.report.draw.measure import SMALL, Point, text_extent
from snnopt.report.draw.paper import fitted, framed, prepared
from snnopt.report.draw.parts import CLEAR
from snnopt.report.draw.pen import SHARED, Pen
from snnopt.report.draw.sheet import TURN, Sheet, best_sheet, cuts, sheet
from snnopt.report.plots.canvas import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST = 9.0
"""Inches that a figure of our own is wide, where bands allow."""


def draw_network(diagram: Diagram, ax: Axes | None) -> Axes:
    """Draw a network, as large as its axes allow."""
    own = sheet([diagram], ())
    if ax is None and own.size.width > WIDEST:
        sheets = [own, *(sheet(*cut) for cut in cuts(diagram))]
        own = min(
            sheets, key=lambda s: (s.size.width > WIDEST, s.size.width if s.size.width > WIDEST else len(s.bands))
        )
    given = ax is not None
    ax, room = prepared(ax, own.size)
    drawn = best_sheet(diagram, lambda size: fitted(size, room)) if given else own
    scale = fitted(drawn.size, room)
    framed(ax, drawn.size, room, scale)
    tags = list(dict.fromkeys(link.shared for link in diagram.links if link.shared))
    colours = {link: SHARED[tags.index(link.shared) % len(SHARED)] if link.shared else GREY for link in diagram.links}
    for band, (x, y) in drawn.bands:
        draw_band(Pen(ax, scale, band.turn, x, y), band, colours)
    pen = Pen(ax, scale)
    for k, link in enumerate(drawn.breaks):
        outline, label = _onward(drawn, k)
        connect(pen, link, outline, colours[link], label)
    return ax


def _onward(drawn: Sheet, k: int) -> tuple[Outline, Point]:
    """From the end of band k round to the beginning of the next, and where the label stands."""
    (above, (x0, y0)), (below, (x1, y1)), link = drawn.bands[k], drawn.bands[k + 1], drawn.breaks[k]
    begin = x0 + above.side(link.source, True), y0 + above.y[link.source]
    end = x1 + below.side(link.target, False), y1 + below.y[link.target]
    right, left, track = x0 + above.size.width + TURN, x1 - TURN, y1 - TURN
    corners = [(right, begin[1]), (right, track), (left, track), (left, end[1])]
    points, codes = [begin], [MOVE]
    for before, corner, after in zip([begin, *corners], corners, [*corners[1:], end], strict=False):
        points += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [LINE, BEND, BEND]
    points, codes = [*points, end], [*codes, LINE]
    return (points, codes), ((left + right) / 2, track - CLEAR - text_extent(link.label, SMALL).height / 2)


def _towards(corner: Point, other: Point) -> Point:
    """Where the bend of a corner begins or ends, on the way from or to another."""
    far = max(abs(other[0] - corner[0]), abs(other[1] - corner[1]))
    share = min(TURN / 2 / far, 0.5) if far else 0.0
    return corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1])
