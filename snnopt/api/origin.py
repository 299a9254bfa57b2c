"""Where a result comes from: what is needed to run it again."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from typing import Any

import numpy as np
import scipy

import snnopt


def origin(seed: int, samples: int, steps: int) -> dict[str, Any]:
    """Plain values about a run: its seed, the data's size, versions, machine and command."""
    return {
        "seed": seed,
        "training samples": samples,
        "training steps": steps,
        "snnopt": snnopt.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "command": shlex.join(sys.argv),
    }
