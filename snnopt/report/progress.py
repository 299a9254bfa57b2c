"""Progress: a live table on a terminal, drawn by rich; elsewhere a line a record, where asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from snnopt.runtime import Record
from snnopt.runtime.cells import by_layer, greatest, held_out, percent

if TYPE_CHECKING:
    from rich.table import Table

Draw = Callable[[Record, int], None]
REFRESH_PER_SECOND = 8
ROWS = 12
"""Rows drawn at most: the first record, and the latest."""
AT_FIRST = ("iteration", "loss", "accuracy", "firing rates", "spikes flipped", "time")
"""Columns of a table without records; others have those with values."""


@contextmanager
def progress_display(title: str, wanted: bool | None) -> Iterator[Draw]:
    """Yield a function that draws each record: iteration, loss, accuracy, firing rates, flips or residuals, time.

    ``wanted`` None draws only where standard error is a terminal; True writes a line a record where it is none.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield _nothing
        return
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second, paid only where something is drawn
    from rich.live import Live  # noqa: PLC0415

    console = Console(stderr=True)
    if not (sys.stderr.isatty() or console.is_jupyter):
        yield lambda record, left: print(progress_line(title, record, left), file=sys.stderr, flush=True)
        return
    records: list[tuple[Record, int]] = []
    with Live(
        get_renderable=lambda: progress_table(title, list(records)),
        console=console,
        refresh_per_second=REFRESH_PER_SECOND,
    ):

        def draw(record: Record, left: int) -> None:
            records.append((record, left))

        yield draw


def progress_table(title: str, records: list[tuple[Record, int]]) -> Table:
    """Return the table of records, each with the number of iterations to come."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    out = Table(
        title=f"snnopt {title}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    rows = [_cells(r, left) for r, left in records] or [dict.fromkeys(AT_FIRST, "")]
    headings = [h for h in rows[0] if not records or any(row[h] for row in rows)]
    for heading in headings:
        out.add_column(heading, justify="right", vertical="bottom", no_wrap=True)
    shown = rows if len(rows) <= ROWS else [rows[0], *rows[1 - ROWS :]]
    for k, row in enumerate(shown if records else []):
        out.add_row(*(row[h] or "-" for h in headings))
        if k == 0 and shown is not rows:
            out.add_row("...")
    return out


def progress_line(title: str, record: Record, left: int) -> str:
    """One record as a line: its cells, each after its heading."""
    cells = ", ".join(f"{heading} {cell}" for heading, cell in _cells(record, left).items() if cell)
    return f"snnopt {title}: {cells}"


def _cells(r: Record, left: int) -> dict[str, str]:
    """What is shown of a record, by heading; residuals, where there are any, in place of the spikes flipped."""
    return {
        "iteration": f"{r.iteration}/{r.iteration + left}",
        "loss": f"{r.loss:.3g}",
        "accuracy": percent(r.accuracy),
        "validation": held_out(r.validation, r.accuracy),
        "firing rates": by_layer(r.firing_rate, "{:.2f}".format),
        "primal": greatest(r.primal.values()),
        "dual": greatest(r.dual.values()),
        "spikes flipped": "" if r.primal else by_layer(r.flips, percent),
        "time": f"{r.seconds:.2f} s",
    }


def _nothing(record: Record, left: int) -> None:
    """Draw nothing."""
