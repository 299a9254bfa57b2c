"""matplotlib's figures as images within the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snnopt.report.html.markup import Html, tag

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (5.0, 3.6)
"""Inches: narrow, so that a telephone hardly shrinks the letters."""
VECTORS = 90_000
"""Bytes up to which a picture stays a drawing; one of more marks is smaller as pixels."""
DOTS = 170
"""Per inch, of pixels."""


def picture(
    draw: Callable[[Axes], object], caption: str, *, size: tuple[float, float] = SIZE, wide: bool = False
) -> Html:
    """A figure with what ``draw`` puts on its axes, and its caption, which is also what stands for it where it cannot be seen."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    # A drawing's identifiers come from this salt, not from chance: the same result gives the same page.
    with mpl.rc_context({"svg.hashsalt": "snnopt", "svg.fonttype": "path", "font.size": 9.0}):
        draw(figure.add_subplot())
        source, kind = _written(figure, "svg", metadata={"Date": None, "Creator": None}), "svg+xml"
        if len(source) > VECTORS:
            source, kind = _written(figure, "png", dpi=DOTS, metadata={"Software": None}), "png"
    address = f"data:image/{kind};base64,{base64.b64encode(source).decode()}"
    pixels = {"width": round(96 * size[0]), "height": round(96 * size[1])}
    image = tag("img", src=address, alt=caption, **pixels)
    return tag("figure", image, tag("figcaption", caption), **({"class_": "broad"} if wide else {}))


def _written(figure: Any, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format=kind, **how)
    return out.getvalue()
