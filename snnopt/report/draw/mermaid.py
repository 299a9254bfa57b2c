"""``so.mermaid``: diagrams as text that GitHub and others draw."""

from __future__ import annotations

from snnopt.model import Network, Problem
from snnopt.report.compiled import Compiled
from snnopt.report.draw.diagram import Kind, Link
from snnopt.report.draw.subject import diagram_of

BRACKETS: dict[Kind, tuple[str, str]] = {
    "input": ("([", "])"),
    "hidden": ("[", "]"),
    "readout": ("[[", "]]"),
    "block": ("[", "]"),
    "coupling": ("([", "])"),
}
PLAIN = " ,./×→…"
"""What a quoted label may hold as it is, besides letters and digits; all else could be markup."""


def mermaid(obj: Network | Problem | Compiled) -> str:
    """Return an object as a Mermaid flow chart, left to right, for a Markdown file's ``mermaid`` block.

    The same boxes and links as :func:`snnopt.draw`: inputs with round ends, read-outs with a double frame, feedback dotted;
    for a plan, couplings with round ends.

    Raises
    ------
    ModelError
        ``obj`` is no network, problem or plan.
    """
    diagram = diagram_of("mermaid", obj)
    ids = {box.name: f"n{k}" for k, box in enumerate(diagram.boxes)}
    lines = ["flowchart LR"]
    for box in diagram.boxes:
        left, right = BRACKETS[box.kind]
        lines.append(f'    {ids[box.name]}{left}"{_quoted(box.title)}<br/>{_quoted(box.detail)}"{right}')
    for link in diagram.links:
        label = "<br/>".join(map(_quoted, link.label))
        lines.append(f'    {ids[link.source]} {_arrow(link)}|"{label}"| {ids[link.target]}')
    return "\n".join(lines) + "\n"


def _arrow(link: Link) -> str:
    if link.feedback:
        return "-.->" if link.directed else "-.-"
    return "-->" if link.directed else "---"


def _quoted(text: str) -> str:
    return "".join(c if c.isalnum() or c in PLAIN else f"#{ord(c)};" for c in text)
