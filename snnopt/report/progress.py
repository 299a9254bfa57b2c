"""Progress on a terminal, drawn by rich; silent elsewhere."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from snnopt.runtime import Record

if TYPE_CHECKING:
    from rich.table import Table

Draw = Callable[[Record, int], None]
REFRESH_PER_SECOND = 8
ROWS = 12
"""Rows drawn at most: the first record, and the latest."""
LAYERS = 2
"""Layers that are shown one by one; of more, the least and the greatest."""


@contextmanager
def progress_display(title: str, wanted: bool | None) -> Iterator[Draw]:
    """Yield a function that draws each record: iteration, loss, accuracy, firing rates, flips, time.

    ``wanted`` None draws only where standard error is a terminal.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda record, left: None
        return
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second, paid only where something is drawn
    from rich.live import Live  # noqa: PLC0415

    records: list[tuple[Record, int]] = []
    with Live(
        get_renderable=lambda: progress_table(title, list(records)),
        console=Console(stderr=True),
        refresh_per_second=REFRESH_PER_SECOND,
    ):

        def draw(record: Record, left: int) -> None:
            records.append((record, left))

        yield draw


def progress_table(title: str, records: list[tuple[Record, int]]) -> Table:
    """Return the table of records, each with the number of iterations to come."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    validated = any(not math.isnan(r.validation) for r, _ in records)
    out = Table(
        title=f"snnopt {title}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    headings = ["iteration", "loss", "accuracy", "validation", "firing rates", "spikes flipped", "time"]
    for heading in headings if validated else [h for h in headings if h != "validation"]:
        out.add_column(heading, justify="right", vertical="bottom", no_wrap=True)
    shown = records if len(records) <= ROWS else [records[0], *records[1 - ROWS :]]
    for k, (r, left) in enumerate(shown):
        cells = [f"{r.iteration}/{r.iteration + left}", f"{r.loss:.3g}", _percent(r.accuracy)]
        held = f"{r.validation:.3f}" if math.isnan(r.accuracy) else _percent(r.validation)  # R squared, or accuracy
        cells += [held] if validated else []
        cells += [_by_layer(r.firing_rate, "{:.2f}".format), _by_layer(r.flips, _percent), f"{r.seconds:.2f} s"]
        out.add_row(*cells)
        if k == 0 and shown is not records:
            out.add_row("...")
    return out


def _by_layer(values: Mapping[str, float], text: Callable[[float], str]) -> str:
    known = [v for v in values.values() if not math.isnan(v)]
    if not known:
        return "-"
    if len(values) > LAYERS:
        return f"{text(min(known)).removesuffix('%')} to {text(max(known))}"
    return " ".join(text(v) for v in values.values())


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f}%"
