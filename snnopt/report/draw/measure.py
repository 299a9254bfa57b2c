"""How large text and boxes are, in inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snnopt.report.draw.diagram import Box

FONT, SMALL = 9.0, 7.5
"""Points, of names and of labels, before a picture is fitted to its axes."""
PAD, LEADING, ROUNDING = 0.06, 1.25, 1.04
"""Inches between a text and its frame; line height over font size; room for letters that pixels set further apart."""


Point = tuple[float, float]


@dataclass(frozen=True)
class Extent:
    """Width and height in inches."""

    width: float
    height: float

    def turned(self, turn: bool) -> Extent:
        """The same, for text that runs upwards."""
        return Extent(self.height, self.width) if turn else self


def text_extent(lines: Sequence[str], points: float, bold: bool = False) -> Extent:
    """The size of lines of text in matplotlib's present font."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=points, weight="bold" if bold else "normal")
    widths = [text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines]
    return Extent(max(widths, default=0.0) * ROUNDING / 72, len(lines) * points * LEADING / 72)


def box_extent(box: Box, one_line: bool = False) -> Extent:
    """The size of a box around its title and detail."""
    title, detail = text_extent([box.title], FONT, bold=True), text_extent([box.detail], SMALL)
    if one_line:
        return Extent(title.width + detail.width + 3.5 * PAD, title.height + PAD)
    sides = 4 * PAD if box.kind in ("input", "coupling") else 2.5 * PAD
    return Extent(max(title.width, detail.width) + sides, title.height + detail.height + 1.5 * PAD)
