"""SIGTERM, as batch systems and ``kill`` send it: taken as Ctrl-C, but for the exit code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from snnopt.runtime import Record

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes: 128 and the number of the signal, SIGINT or SIGTERM."""


@dataclass
class Termination:
    """Whether the signal has come."""

    came: bool = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """Interrupt, once: schedulers repeat the signal, and what is kept after it must be written in peace."""
        if not self.came:
            self.came = True
            raise KeyboardInterrupt

    def check(self, record: Record) -> None:
        """Interrupt at a record, where the signal has come and its interrupt was lost in a destructor."""
        if self.came:
            raise KeyboardInterrupt

    def code(self, code: int) -> int:
        """The exit code, which tells the two signals apart."""
        return TERMINATED if self.came and code == INTERRUPTED else code


@contextmanager
def termination() -> Iterator[Termination]:
    """Take SIGTERM as Ctrl-C meanwhile, unless it is ignored, or this is not the main thread."""
    taken = Termination()
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        yield taken
        return
    before = signal.signal(signal.SIGTERM, taken)
    try:
        yield taken
    finally:
        signal.signal(signal.SIGTERM, before)
