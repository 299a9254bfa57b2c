"""The log on the error stream, while a command runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LEVELS = ("debug", "info", "warning", "error")


class _ErrorStream(logging.Handler):
    """Writes to what standard error is at the time: a live table puts lines above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        print(self.format(record), file=sys.stderr, flush=True)


@contextmanager
def logged(level: str | None) -> Iterator[None]:
    """Write messages of this level and above meanwhile; none at all where it is None: a command tells notes at its end."""
    logger = logging.getLogger("snnopt")
    handler: logging.Handler = logging.NullHandler() if level is None else _ErrorStream()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    if level is not None:
        logger.setLevel(level.upper())
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
