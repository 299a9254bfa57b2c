"""What a diagram's picture is put together from: boxes on even ranks, labels on the odd ones between."""

from __future__ import annotations

from dataclasses import dataclass

from snnopt.report.draw.diagram import Diagram, Link
from snnopt.report.draw.measure import SMALL, Extent, box_extent, text_extent
from snnopt.report.draw.ranks import Item, Rank

LOOP, CLEAR = 0.20, 0.04
"""Inches: a loop's height, a label above its line."""


@dataclass(frozen=True)
class Route:
    """A link's way: from its left box through items of the ranks between to its right one; ``label`` is one of them.

    ``level``: both boxes stand in one column; ``backward``: it leads from right to left.
    """

    stops: tuple[str, ...]
    label: str
    level: bool
    backward: bool


@dataclass(frozen=True, eq=False)
class Parts:
    """What is to be placed."""

    turn: bool
    one_line: bool
    sizes: dict[str, Extent]
    labels: dict[Link, Extent]
    routes: dict[Link, Route]
    ranks: list[Rank]

    @property
    def ends(self) -> dict[str, str]:
        """The target of the link that each label belongs to."""
        return {route.label: link.target for link, route in self.routes.items()}


def parts_of(diagram: Diagram, turn: bool = False, one_line: bool = False) -> Parts:
    """Measure boxes and labels, text level or upright (``turn``), and rank them by the boxes' columns."""
    sizes = {box.name: box_extent(box, one_line).turned(turn) for box in diagram.boxes}
    labels = {link: text_extent(link.label, SMALL).turned(turn) for link in diagram.links}
    column = {box.name: box.column for box in diagram.boxes}
    above, wide = dict.fromkeys(sizes, 0.0), {name: size.width for name, size in sizes.items()}
    ranks: list[Rank] = [[] for _ in range(2 * max(column.values()) + 2)]
    routes: dict[Link, Route] = {}
    for n, (link, text) in enumerate(labels.items()):
        if link.source == link.target:
            above[link.source] = LOOP + CLEAR + text.height
            wide[link.source] = max(wide[link.source], text.width)
            continue
        first, last = sorted((link.source, link.target), key=column.__getitem__)
        low, high, level = column[first], column[last], column[first] == column[last]
        middle, stops = 2 * ((low + high) // 2) + 1, []
        # No layer or block has a name like these items'.
        for k in range(2 * low + 1, 2 * high + (2 if level else 0)):
            item = Item(f"..{n}@{k}", 0.0, 0.06, 0.06, across=True)
            if k == middle:
                up, down = (text.height / 2, text.height / 2) if level else (text.height + CLEAR, CLEAR)
                item = Item(item.key, text.width + 2 * CLEAR, up, down, across=True)
            ranks[k].append(item)
            stops.append(item.key)
        routes[link] = Route((first, *stops, last), stops[middle - 2 * low - 1], level, first != link.source)
    for box in diagram.boxes:
        half = sizes[box.name].height / 2
        ranks[2 * box.column].append(Item(box.name, wide[box.name], half + above[box.name], half))
    return Parts(turn, one_line, sizes, labels, routes, ranks if ranks[-1] else ranks[:-1])
