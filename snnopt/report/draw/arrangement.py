"""Boxes, labels and lines, placed: by columns alone, or as a table of columns and rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snnopt.report.draw.diagram import Diagram, Link
from snnopt.report.draw.layout import columns, heights, lowered, separated, straightened
from snnopt.report.draw.measure import Extent, Point
from snnopt.report.draw.parts import CLEAR, LOOP, Parts, Route, parts_of
from snnopt.report.draw.ports import End, level_with_ports, ports_of
from snnopt.report.draw.ranks import Rank, ordered

GAP, SLACK, TIGHT = 0.17, 0.10, 0.04
"""Inches: between ranks, between items of a rank, between those of a table."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Places in inches, x to the right and y down.

    ``left`` to ``right`` is where an item stands, ``bounds`` where its rank does; ``ports`` are the heights of the lines'
    ends at their boxes.
    """

    diagram: Diagram
    turn: bool
    one_line: bool
    sizes: dict[str, Extent]
    labels: dict[Link, Extent]
    routes: dict[Link, Route]
    left: dict[str, float]
    right: dict[str, float]
    bounds: dict[str, tuple[float, float]]
    y: dict[str, float]
    ports: dict[End, float]
    size: Extent

    def centre(self, name: str) -> Point:
        """The middle of a box or label item."""
        return (self.left[name] + self.right[name]) / 2, self.y[name]

    def side(self, name: str, right: bool) -> float:
        """The x of a box's left or right side."""
        half = self.sizes[name].width / 2
        return self.centre(name)[0] + (half if right else -half)

    def label(self, link: Link) -> Point:
        """The middle of a label: above its line, or beside a line between boxes of one column."""
        tall = self.labels[link].height
        if link.source == link.target:
            x, y = self.centre(link.source)
            return x, y - self.sizes[link.source].height / 2 - LOOP - CLEAR - tall / 2
        x, y = self.centre(self.routes[link].label)
        return (x, y) if self.routes[link].level else (x, y - CLEAR - tall / 2)


def arranged(diagram: Diagram, turn: bool = False) -> Arrangement:
    """Place a diagram by its columns, rows as lines are straightest; text level or, where ``turn``, upright."""
    parts = parts_of(diagram, turn)
    chains = [route.stops for route in parts.routes.values()]
    ranks = ordered(parts.ranks, chains)
    return _settled(diagram, parts, ranks, heights(ranks, chains, SLACK), SLACK)


def tabled(diagram: Diagram, one_line: bool) -> Arrangement:
    """Place a diagram by its columns and rows; boxes of one column and row stand below each other."""
    parts = parts_of(diagram, one_line=one_line)
    row = {box.name: box.row for box in diagram.boxes}
    y, top = dict[str, float](), 0.0
    for k in sorted(set(row.values())):
        stacks: dict[int, list[str]] = {}
        for box in diagram.boxes:
            if box.row == k:
                stacks.setdefault(box.column, []).append(box.name)
        tall = {c: sum(parts.sizes[n].height + TIGHT for n in names) - TIGHT for c, names in stacks.items()}
        # Labels of the lines that end in this row must find room beside it.
        beside = [
            sum(i.up + i.down + TIGHT for i in rank if row.get(parts.ends.get(i.key, "")) == k) for rank in parts.ranks
        ]
        room = max(*tall.values(), *beside)
        for column, names in stacks.items():
            at = top + (room - tall[column]) / 2
            for name in names:
                y[name] = at + parts.sizes[name].height / 2
                at += parts.sizes[name].height + TIGHT
        top += room + SLACK
    for route in parts.routes.values():
        y |= dict.fromkeys(route.stops[1:-1], (y[route.stops[0]] + y[route.stops[-1]]) / 2)
    ranks = [sorted(rank, key=lambda item: y[item.key]) for rank in parts.ranks]
    return _settled(diagram, parts, ranks, y, TIGHT)


def _settled(diagram: Diagram, parts: Parts, ranks: list[Rank], y: dict[str, float], slack: float) -> Arrangement:
    """Bring labels level with the ends of their lines, straighten long lines, and set columns apart."""
    routes, sizes = parts.routes, parts.sizes
    for rank in ranks[1::2]:
        level = level_with_ports(routes, sizes, y)
        wanted = np.array([level.get(item.key, y[item.key]) for item in rank])
        y |= zip((item.key for item in rank), map(float, separated(rank, wanted, slack)), strict=True)
    ports = ports_of(routes, sizes, y)
    ends = {r.stops: (ports[link, False], ports[link, True]) for link, r in routes.items() if not r.level}
    y = lowered(ranks, straightened(ranks, ends, y, slack))
    left, right, bounds = columns(ranks, list(ends), y, GAP)
    size = Extent(max(right.values()), max(y[item.key] + item.down for rank in ranks for item in rank))
    ports = ports_of(routes, sizes, y)
    placed = left, right, bounds, y, ports, size
    return Arrangement(diagram, parts.turn, parts.one_line, sizes, parts.labels, routes, *placed)
