"""Where lines meet the sides of boxes."""

from __future__ import annotations

from snnopt.report.draw.diagram import Link
from snnopt.report.draw.measure import Extent
from snnopt.report.draw.parts import Route

PORTS = 0.15
"""Inches between the ends of lines on one side of a box, at most."""

End = tuple[Link, bool]
"""A link's left end (False) or its right one (True)."""


def _sides(routes: dict[Link, Route], y: dict[str, float]) -> dict[tuple[str, bool], list[End]]:
    """The ends at each box's left and right (True) side, top down."""
    ends: dict[tuple[str, bool], list[tuple[float, int, End]]] = {}
    for k, (link, route) in enumerate(routes.items()):
        ends.setdefault((route.stops[0], True), []).append((y[route.stops[1]], k, (link, False)))
        ends.setdefault((route.stops[-1], route.level), []).append((y[route.stops[-2]], k, (link, True)))
    return {side: [end for _, _, end in sorted(found, key=lambda e: e[:2])] for side, found in ends.items()}


def ports_of(routes: dict[Link, Route], sizes: dict[str, Extent], y: dict[str, float]) -> dict[End, float]:
    """The height of each end, spread over its side of the box in the order of what it leads to."""
    out: dict[End, float] = {}
    for (name, _), ends in _sides(routes, y).items():
        apart = min(PORTS, 0.7 * sizes[name].height / max(len(ends) - 1, 1))
        out |= {end: y[name] + apart * (j - (len(ends) - 1) / 2) for j, end in enumerate(ends)}
    return out


def level_with_ports(routes: dict[Link, Route], sizes: dict[str, Extent], y: dict[str, float]) -> dict[str, float]:
    """Heights at which labels of short links save their line a bend: those of an end with its side for itself."""
    ports, wanted = ports_of(routes, sizes, y), {}
    busy = {end: len(ends) for ends in _sides(routes, y).values() for end in ends}
    for link, route in routes.items():
        if len(route.stops) == 3 and not route.level:
            ends = ((link, False), (link, True))
            wanted[route.label] = ports[min(ends, key=lambda end: (busy[end], end[1]))]
    return wanted
