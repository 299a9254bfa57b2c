"""The picture of a plan: a row for each layer, weights left, potentials and spikes right, couplings between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snnopt.report.draw.arrangement import Arrangement, tabled
from snnopt.report.draw.band import draw_band
from snnopt.report.draw.diagram import Diagram
from snnopt.report.draw.measure import SMALL, Extent, text_extent
from snnopt.report.draw.paper import fitted, framed, prepared
from snnopt.report.draw.pen import Pen

if TYPE_CHECKING:
    from matplotlib.axes import Axes


KEY = {"W": "weights", "V": "their copies", "b": "biases", "v": "potentials", "s": "spikes"}
BELOW = 0.3
"""Inches for the key."""


def draw_plan(diagram: Diagram, ax: Axes | None) -> Axes:
    """Draw a plan's blocks; rules stand beside their block's name where that makes larger type."""
    variants = [tabled(diagram, one_line=False), tabled(diagram, one_line=True)]
    given, key = ax is not None, _key(diagram)
    ax, room = prepared(ax, _with_key(variants[0], key))
    drawn = max(variants, key=lambda v: fitted(_with_key(v, key), room)) if given else variants[0]
    size = _with_key(drawn, key)
    scale = fitted(size, room)
    framed(ax, size, room, scale)
    pen = Pen(ax, scale)
    draw_band(pen, drawn, {})
    if key:
        pen.label([key], size.width / 2, size.height - BELOW / 2)
    return ax


def _key(diagram: Diagram) -> str:
    """What the letters on the lines stand for."""
    found = {letter for link in diagram.links for text in link.label for letter in text.split(", ")}
    return "   ".join(f"{letter} {name}" for letter, name in KEY.items() if letter in found)


def _with_key(drawn: Arrangement, key: str) -> Extent:
    """The size of the picture with the key below it."""
    if not key:
        return drawn.size
    return Extent(max(drawn.size.width, text_extent([key], SMALL).width), drawn.size.height + BELOW)
