"""The pages' build refuses what it says it refuses. (`make docs` builds the pages themselves.)"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("furo", reason="the pages need the extra docs")

SETTINGS = Path(__file__).parents[1] / ".ci" / "docs"
PLANTED = '''
from dataclasses import dataclass


def right():
    """Return :class:`snnopt.LIF`, :class:`Online`, :meth:`Result.score` or ``so.data.digits``, each of which there is.

    Parameters
    ----------
    x, y : what they are,
        over two lines.

    Raises
    ------
    DataError, ValueError
        It is wrong.
    """


def wrong():
    """Return :class:`Lif`, :meth:`Result.scores` or ``so.data.digit``, none of which there is.

    Raises
    ------
    NoSuchError
        Never.
    """


def unended():
    """Return *nothing."""


def misnamed():
    """Do nothing.

    Arguments
    ---------
    x : of no section of ours.
    """


@dataclass
class Bare:
    x: int = 0
'''
CONF = f"""
import sys

sys.path[:0] = [{str(SETTINGS)!r}, "."]
import pages
import planted
import snnopt

snnopt.Bare = planted.Bare
snnopt.__all__.append("Bare")
pages.write = lambda folder: None
from conf import *
"""


def test_pages_with_planted_errors_are_refused_and_others_are_not(tmp_path: Path) -> None:
    directives = "\n".join(f".. autofunction:: planted.{name}" for name in ("right", "wrong", "unended", "misnamed"))
    (tmp_path / "planted.py").write_text(PLANTED, encoding="utf-8")
    (tmp_path / "conf.py").write_text(CONF, encoding="utf-8")
    (tmp_path / "index.rst").write_text(
        f"Planted\n=======\n\n{directives}\n.. autoclass:: snnopt.LIF\n", encoding="utf-8"
    )
    (tmp_path / "elsewhere.md").write_text("# Elsewhere\n\n[nothing](nothing.md)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", ".", "built"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stderr
    assert done.returncode != 0
    assert "planted.right" not in told and "snnopt.LIF is" not in told, told
    for missing in ("class reference target not found: Lif", "Result.scores", "snnopt.data.digit ", "NoSuchError"):
        assert missing in told, told
    assert "docstring of planted.unended:1: WARNING: Inline emphasis" in told
    assert "planted.misnamed: section 'Arguments' is none of" in told
    assert "snnopt.Bare is public, but has no docstring" in told
    assert "snnopt.LI is public, but on no page" in told and "module snnopt.data is public, but on no page" in told
    assert "'nothing.md'" in told
