"""Sections of our docstrings as reStructuredText.

An entry of ours is ``name : what it is``, where numpydoc and napoleon would read a type; types stand in the signatures.
"""

import re

from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
ENTRIES = {"Parameters", "Attributes", "Returns", "Raises"}
PROSE = {"Notes"}
ENTRY = re.compile(r"(?P<names>\*{0,2}\w[^:]*?) : (?P<text>.*)")
PUBLIC = re.compile(r"``so\.([\w.]+)``")
ERRORS = re.compile(r"[A-Z]\w+(, [A-Z]\w+)*")


def to_fields(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Turn every section with its underline into a field of that name, and names such as ``so.LIF`` into references."""
    lines[:] = [PUBLIC.sub(r":py:obj:`so.\1 <snnopt.\1>`", line) for line in lines]
    marks = [k for k in range(len(lines) - 1) if lines[k].strip() and re.fullmatch(r"-{3,}", lines[k + 1])]
    if not marks:
        return
    found = lines[: marks[0]]
    for start, end in zip(marks, [*marks[1:], len(lines)], strict=True):
        section, body = lines[start], lines[start + 2 : end]
        if section not in ENTRIES | PROSE:
            logger.warning("%s: section %r is none of %s", name, section, sorted(ENTRIES | PROSE))
        if section in ENTRIES:
            body = [line for k in body for line in entry(section, k)]
        found += [f":{section}:", *(f"    {line}" if line else "" for line in body), ""]
    lines[:] = found


def entry(section: str, line: str) -> list[str]:
    """A line of a section: the name of an entry as a term, and what it says of it below; other lines as they are."""
    if section == "Raises":
        return ["", ", ".join(f":exc:`{name}`" for name in line.split(", "))] if ERRORS.fullmatch(line) else [line]
    match = ENTRY.fullmatch(line)
    if not match:
        return [line]
    names = match["names"].replace("*", r"\*").split(", ")
    return ["", ", ".join(f"**{name}**" for name in names), f"    {match['text']}"]
