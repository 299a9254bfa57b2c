"""Boxes, lines and labels on axes whose units are inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snnopt.report.draw.diagram import Box, Kind
from snnopt.report.draw.measure import FONT, PAD, SMALL, Extent, Point, text_extent
from snnopt.report.plots.canvas import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: dict[Kind, str] = {"input": GREY, "hidden": BLUE, "readout": RED, "block": BLUE, "coupling": GREY}
SHARED = (GREEN, PURPLE, ORANGE, SKY)
"""Of lines with common weights."""


@dataclass(frozen=True, eq=False)
class Pen:
    """Draws on ``ax``, whose units are inches of an unscaled picture; ``scale`` fits the type to it.

    ``turn`` makes text run upwards; ``x`` and ``y`` are where the pen's own origin lies.
    """

    ax: Axes
    scale: float
    turn: bool = False
    x: float = 0.0
    y: float = 0.0

    def box(self, box: Box, x: float, y: float, size: Extent, one_line: bool = False) -> None:
        """A frame round (x, y) with title and detail: round ends for inputs and couplings, a double frame for read-outs."""
        from matplotlib.patches import FancyBboxPatch

        colour = COLOURS[box.kind]
        ends = min(size.width, size.height) / 2 if box.kind in ("input", "coupling") else 0.04
        for inset, line in [(0.0, 1.2), (0.035, 0.7)] if box.kind == "readout" else [(0.0, 1.2)]:
            w, h = size.width - 2 * inset, size.height - 2 * inset
            style = f"round,pad=0,rounding_size={max(ends - inset, 0.01)}"
            face = "none" if inset else (colour, 0.10)
            corner = self.x + x - w / 2, self.y + y - h / 2
            patch = FancyBboxPatch(corner, w, h, style, fc=face, ec=colour, lw=line * self.scale, zorder=3)
            patch.set_gid(None if inset else box.name)
            self.ax.add_patch(patch)
        title, detail = text_extent([box.title], FONT, bold=True), text_extent([box.detail], SMALL)
        if one_line:
            start = x - (title.width + detail.width + PAD) / 2
            self._text(box.title, (start + title.width / 2, y), FONT, bold=True)
            self._text(box.detail, (start + title.width + PAD + detail.width / 2, y), SMALL)
            return
        up = (title.height + detail.height) / 2
        self._text(box.title, self._down(x, y, title.height / 2 - up), FONT, bold=True)
        self._text(box.detail, self._down(x, y, up - detail.height / 2), SMALL)

    def line(
        self, outline: tuple[Sequence[Point], Sequence[int]], gid: str, colour: str, dashed: bool, arrow: bool
    ) -> None:
        """A path of vertices and codes, with a head at its end where ``arrow``."""
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        patch = FancyArrowPatch(
            path=Path([(self.x + x, self.y + y) for x, y in outline[0]], list(outline[1])),
            arrowstyle="-|>,head_length=0.5,head_width=0.22" if arrow else "-",
            mutation_scale=9 * self.scale,
            color=colour,
            lw=1.1 * self.scale,
            linestyle=(0, (4, 2.2)) if dashed else "-",
            capstyle="butt",
            zorder=2,
        )
        patch.set_gid(gid)
        self.ax.add_patch(patch)

    def label(self, lines: Sequence[str], x: float, y: float) -> None:
        """Text of a line, centred on (x, y)."""
        tall = text_extent(lines, SMALL).height
        for k, line in enumerate(lines):
            self._text(line, self._down(x, y, (k + 0.5) * tall / len(lines) - tall / 2), SMALL, colour="#444444")

    def _down(self, x: float, y: float, offset: float) -> Point:
        """A point ``offset`` further on in the direction of lines of text."""
        return (x + offset, y) if self.turn else (x, y + offset)

    def _text(self, text: str, at: Point, points: float, bold: bool = False, colour: str = "#222222") -> None:
        self.ax.text(
            self.x + at[0],
            self.y + at[1],
            text,
            fontsize=points * self.scale,
            fontweight="bold" if bold else "normal",
            color=colour,
            ha="center",
            va="center" if self.turn else "center_baseline",
            rotation=90 if self.turn else 0,
            parse_math=False,
            zorder=4,
        )
