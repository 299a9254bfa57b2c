"""HTML as values: what a user named is text, and text is always escaped."""

from __future__ import annotations

from html import escape

VOID = frozenset({"meta", "img", "br"})
"""Elements without an end."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """Anything as text; HTML is left as it is."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element; children that are no HTML are escaped. Of an attribute's name a last underscore goes, others become hyphens."""
    given = "".join(f' {k.rstrip("_").replace("_", "-")}="{escape(str(v))}"' for k, v in attributes.items())
    if name in VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{''.join(map(text, children))}</{name}>")


def joined(*parts: Html, by: str = "") -> Html:
    """Parts one after the other."""
    return Html(by.join(parts))


def table(head: list[str], rows: list[list[object]]) -> Html:
    """A table that scrolls by itself where the page is too narrow for it; the first cell of a row is its heading."""
    top = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head))) if any(head) else Html("")
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    kind = {} if any(head) else {"class_": "pairs"}
    return tag("div", tag("table", top, tag("tbody", *body), **kind), class_="wide", tabindex=0)
