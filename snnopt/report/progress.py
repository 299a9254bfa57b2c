"""Progress on a terminal, drawn by rich; silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from snnopt.runtime import Record

Draw = Callable[[Record, int], None]
REFRESH_PER_SECOND = 8


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
    from rich.table import Table  # noqa: PLC0415

    records: list[tuple[Record, int]] = []

    def table() -> Table:
        out = Table(title=f"snnopt {title}", title_justify="left")
        for heading in ("iteration", "loss", "accuracy", "firing rates", "spikes flipped", "seconds"):
            out.add_column(heading, justify="right")
        for r, left in records[-12:]:
            out.add_row(
                f"{r.iteration}/{r.iteration + left}",
                f"{r.loss:.4f}",
                f"{100 * r.accuracy:.1f}%"
                + ("" if r.validation != r.validation else f" (val {100 * r.validation:.1f}%)"),
                " ".join(f"{rate:.2f}" for rate in r.firing_rate.values()),
                " ".join("-" if f != f else f"{100 * f:.1f}%" for f in r.flips.values()),
                f"{r.seconds:.2f}",
            )
        return out

    with Live(get_renderable=table, console=Console(stderr=True), refresh_per_second=REFRESH_PER_SECOND):

        def draw(record: Record, left: int) -> None:
            records.append((record, left))

        yield draw
