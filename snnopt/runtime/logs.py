"""What a run says to the logger "snnopt": its start and its end (INFO), records (DEBUG), notes (WARNING).

The library installs no handler. What a message is about is in ``record.snnopt``, a dict of plain data.
"""

from __future__ import annotations

import logging
import math
from dataclasses import asdict

from snnopt.program import Program
from snnopt.runtime.cells import number, percent
from snnopt.runtime.history import Record
from snnopt.runtime.status import Status

LOG = logging.getLogger("snnopt")


def log_start(algorithm: str, program: Program, samples: int, steps: int, backend: str) -> None:
    """Say what begins."""
    if LOG.isEnabledFor(logging.INFO):
        sizes = [*(math.prod(v.shape) for v in program.inputs), *(c.size for c in program.couplings)]
        network = "-".join(map(str, sizes))
        about = {"event": "start", "algorithm": algorithm, "network": network, "samples": samples, "steps": steps}
        about |= {"backend": backend}
        text = f"{algorithm} begins: layers {network}, {samples} samples, {steps} steps, backend {backend}"
        _say(logging.INFO, text, about)


def log_resumed(records: int) -> None:
    """Say where it goes on."""
    if LOG.isEnabledFor(logging.INFO):
        _say(logging.INFO, f"it goes on after {records} records", {"event": "resumed", "records": records})


def log_record(record: Record) -> None:
    """Tell a record."""
    if LOG.isEnabledFor(logging.DEBUG):
        text = f"iteration {record.iteration}: loss {number(record.loss)}, accuracy {percent(record.accuracy) or '-'}"
        _say(logging.DEBUG, f"{text}, {record.seconds:.2f} s", {"event": "record", **asdict(record)})


def log_note(text: str) -> None:
    """Tell what the user should know."""
    if LOG.isEnabledFor(logging.WARNING):
        _say(logging.WARNING, text, {"event": "note", "note": text})


def log_end(status: Status, message: str, records: list[Record]) -> None:
    """Say how it ended."""
    if LOG.isEnabledFor(logging.INFO):
        seconds = records[-1].seconds if records else 0.0
        about = {"event": "end", "status": str(status), "message": message, "records": len(records), "seconds": seconds}
        _say(logging.INFO, f"{status}: {message}; {seconds:.2f} s", about)


def _say(level: int, text: str, about: dict[str, object]) -> None:
    LOG.log(level, "%s", text, extra={"snnopt": about})
