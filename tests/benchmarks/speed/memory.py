"""Peak memory of training, in a process of its own: by how much its resident set grows beyond the data.

Run by the harness as ``python -m tests.benchmarks.speed.memory SUITE SIDE SETTINGS FILE``, with the training data in FILE; it
trains until the first look (an epoch, or a quarter of one) and prints bytes. On Linux this is the high-water mark of the
resident set after its reset, beyond what was resident before; elsewhere the growth of ``ru_maxrss``.
"""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.speed.machine import limited_to
from tests.benchmarks.speed.sides import OURS, PEERS, Side
from tests.benchmarks.speed.splits import Split
from tests.benchmarks.speed.suites import SUITES, Suite

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FEW = 8
"""Test samples, and training samples of the run before, which loads what is loaded once."""


def resident(field: str) -> int:
    """Bytes of a field of the process's status, or of ``ru_maxrss``."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
        return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def growth(side: Side, suite: Suite, split: Split, settings: Any) -> int:
    """Bytes at the peak beyond those before training."""
    few = Split(split.X[..., :FEW, :], split.y[:FEW], *_few_test(split))
    for _ in side.train(suite, few, settings, 0):
        break
    with contextlib.suppress(OSError):
        RESET.write_text("5")
    before = resident("VmRSS")
    for _ in side.train(suite, split, settings, 0):
        break
    return max(0, resident("VmHWM") - before)


def _few_test(split: Split) -> tuple[Any, Any]:
    return split.X_test[..., :FEW, :], split.y_test[:FEW]


def peak_megabytes(name: str, side: Side, split: Split, settings: Any, threads: int) -> float:
    """The same, measured in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "data.npz")
        X_test, y_test = _few_test(split)
        np.savez(file, X=split.X, y=split.y, X_test=X_test, y_test=y_test)
        words = [name, side.short, json.dumps(asdict(settings)), str(file), str(threads)]
        command = [sys.executable, "-m", "tests.benchmarks.speed.memory", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1e6


def main() -> None:
    """Measure one side, and print bytes."""
    name, short, settings, file, threads = sys.argv[1:]
    side = {OURS.short: OURS, **PEERS}[short]
    with np.load(file) as arrays:
        split = Split(**{n: arrays[n] for n in arrays.files})
    with limited_to(int(threads)):
        print(growth(side, SUITES[name], split, side.settings(json.loads(settings))))


if __name__ == "__main__":
    main()
