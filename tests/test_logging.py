"""What a run says to the logger "snnopt", and that it says it to nobody unless asked."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.runtime.batch import Batch
from tests.sweeps import small

RNG = np.random.default_rng(0)
X, LABELS = RNG.random((6, 30, 4)), RNG.integers(0, 3, 30)
LOG = logging.getLogger("snnopt")


def rollout(iterations: int = 4) -> so.Plan:
    return so.compile(small(), so.Rollout(max_iter=iterations))


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    return [(r.levelname, r.snnopt) for r in caplog.records]  # type: ignore[attr-defined]


def test_start_and_end_are_information(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "snnopt"):
        result = rollout().solve(X, LABELS)
    (level, start), (_, end) = [(n, s) for n, s in said(caplog) if n == "INFO"]
    assert level == "INFO"
    expected = {"event": "start", "algorithm": "rollout", "network": "4-5-3", "samples": 30, "steps": 6}
    assert start == expected | {"backend": "numpy"}
    assert end["event"] == "end" and end["status"] == result.status and end["records"] == len(result.history) == 4
    assert end["seconds"] == result.history[-1].seconds and end["message"] == result.message
    text = [r.getMessage() for r in caplog.records if r.levelname == "INFO"]
    assert text[0] == "rollout begins: layers 4-5-3, 30 samples, 6 steps, backend numpy"
    assert text[1].startswith("MAX_ITER: ran 4 iterations")
    assert not [s for _, s in said(caplog) if s["event"] == "record"]


@pytest.mark.parametrize("name", ["online", "rollout", "full_dual"])
def test_records_are_for_debugging_and_plain_data(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "snnopt"):
        result = so.compile(small(), name).solve(X, LABELS)
    rows = [s for n, s in said(caplog) if n == "DEBUG"]
    assert len(rows) == len(result.history)
    for row, wanted in zip(rows, result.history.as_rows(), strict=True):
        assert json.dumps(row) == json.dumps({"event": "record", **wanted})


def test_a_resumed_run_says_so(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    rollout().solve(X, LABELS, checkpoint=tmp_path / "run.npz")
    with caplog.at_level(logging.INFO, "snnopt"):
        rollout().solve(X, LABELS, resume=tmp_path / "run.npz")
    assert ("INFO", {"event": "resumed", "records": 4}) in said(caplog)


def test_notes_are_warnings_once_of_their_kind(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Batch, "firing_rates", lambda batch: {"h": 0.0})
    with caplog.at_level(logging.WARNING, "snnopt"):
        result = rollout().solve(X, LABELS)
    (note,) = [n for n in result.notes if "'h' is silent" in n]
    (warning,) = [s["note"] for _, s in said(caplog) if "silent" in s["note"]]
    assert note == f"{warning} [4 times in all]" and {level for level, _ in said(caplog)} == {"WARNING"}


def test_a_checkpoint_that_cannot_be_written_is_one_warning(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with caplog.at_level(logging.WARNING, "snnopt"):
        rollout().solve(X, LABELS, checkpoint=tmp_path / "run.npz")
    assert [s["note"] for _, s in said(caplog) if "could not be written" in s["note"]] != []
    assert len([s for _, s in said(caplog) if "could not be written" in s["note"]]) == 1


def test_a_run_that_is_not_listened_to_makes_no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(LOG, "makeRecord", never)
    monkeypatch.setattr(LOG, "level", logging.CRITICAL)
    LOG.manager._clear_cache()  # type: ignore[attr-defined]
    result = rollout().solve(X, LABELS)
    LOG.manager._clear_cache()  # type: ignore[attr-defined]
    assert len(result.history) == 4


def test_the_library_installs_no_handler_and_sets_no_level() -> None:
    code = (
        "import logging, numpy as np, snnopt as so; from tests.test_logging import rollout, X, LABELS\n"
        "rollout().solve(X, LABELS); log = logging.getLogger('snnopt')\n"
        "assert not log.handlers and not logging.root.handlers and log.level == logging.NOTSET and log.propagate"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)


def test_logging_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    quiet = rollout().solve(X, LABELS)
    with caplog.at_level(logging.DEBUG, "snnopt"):
        loud = rollout().solve(X, LABELS)
    for name, w in quiet.weights.items():
        np.testing.assert_array_equal(loud.weights[name], w)
