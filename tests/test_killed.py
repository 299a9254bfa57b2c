"""Runs killed at any moment: the last checkpoint is whole, and goes on to the weights of a run that was left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import ALGORITHMS
from tests.sweeps import small

KILLS = 3
"""Moments, over the algorithms in turn; raise it for a longer look."""
SETTINGS = {
    "online": {"epochs": 300, "batch_size": 15},
    "rollout": {"max_iter": 300, "patience": 300},
    "full_dual": {"max_iter": 300},
}
SCRIPT = "import sys; from tests.test_killed import begin; begin(*sys.argv[1:])"


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((6, 60, 4))
    return x, (x.mean(0) @ rng.standard_normal((4, 3))).argmax(1)


def plan(name: str) -> so.Plan:
    return so.compile(small(), ALGORITHMS[name](**SETTINGS[name]))  # type: ignore[arg-type]


def begin(name: str, path: str) -> None:
    """In a process of its own: tell every record once the state after the one before is kept."""
    plan(name).solve(*data(), checkpoint=path, callback=lambda record: print(record.iteration, flush=True))


@cache
def whole(name: str) -> so.Result:
    return plan(name).solve(*data())


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_run_goes_on_to_the_same_weights(kill: int, tmp_path: Path) -> None:
    name, rng, path = list(SETTINGS)[kill % len(SETTINGS)], np.random.default_rng(kill), tmp_path / "run.npz"
    records = int(rng.integers(2, len(whole(name).history) - 40))
    command = [sys.executable, "-c", SCRIPT, name, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent) as process:
        assert process.stdout is not None
        for _ in range(records):
            assert process.stdout.readline()
        time.sleep(float(rng.uniform(0, 0.01)))
        process.kill()
    assert process.returncode == -9, "it was still running"
    resumed = plan(name).solve(*data(), resume=path, checkpoint=so.Checkpoint(tmp_path / "other.npz", every=1000))
    assert [r.loss for r in resumed.history] == [r.loss for r in whole(name).history]
    for weights in ("weights", "last_weights"):
        for key, w in getattr(whole(name), weights).items():
            np.testing.assert_array_equal(getattr(resumed, weights)[key], w, strict=True)
    assert resumed.status is whole(name).status
