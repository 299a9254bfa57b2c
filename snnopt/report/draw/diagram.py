"""Diagrams as values: boxes and links, before anyone decides where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["input", "hidden", "readout", "block", "coupling"]
LONGEST = 32
"""Characters of a name or label that are shown at most."""


@dataclass(frozen=True)
class Box:
    """A node of the diagram, with its place: columns from the left, rows from the top."""

    name: str
    title: str
    detail: str
    kind: Kind
    column: int
    row: int


@dataclass(frozen=True)
class Link:
    """A line between two boxes, labelled; ``shared`` is the tag of the weights that it has in common with others."""

    source: str
    target: str
    label: tuple[str, ...]
    directed: bool = True
    feedback: bool = False
    shared: str = ""


@dataclass(frozen=True)
class Diagram:
    """Boxes and links; at most one link for each pair and direction."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]


def readable(text: str) -> str:
    """A name or label on one line, printable, and not longer than a box can take."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "?"
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
