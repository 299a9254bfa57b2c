"""The machine a run was on, and how busy it was."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import scipy


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def blas() -> list[str]:
    """The linear algebra libraries in this process, where threadpoolctl can tell."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return []
    return [f"{p['internal_api']} {p['version']}, {p['num_threads']} threads" for p in threadpool_info()]


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Let numpy's BLAS use so many threads at most, where threadpoolctl can do it."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        limits: Any = nullcontext()
    else:
        limits = threadpool_limits(limits=threads)
    with limits:
        yield


def load() -> float:
    """Processes that wanted to run in the last minute; NaN where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else float("nan")


def machine(threads: int) -> dict[str, Any]:
    """What a reader needs to compare."""
    return {
        "machine": platform.platform(),
        "CPU": cpu(),
        "cores": cores(),
        "threads at most": threads,
        "BLAS": blas(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "load before": load(),
        "command": " ".join(["python -m tests.benchmarks.speed", *sys.argv[1:]]),
    }
