"""``import snnopt`` is light: nothing heavy is loaded before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
import snnopt as so
x = so.Input(4)
y = so.LI()(so.Dense(2)(so.LIF()(so.Dense(3)(x))))
so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y))).solve([[0.0, 1, 2, 3]] * 4, [0, 1, 0, 1], timesteps=2)
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Modules that a fresh interpreter has loaded after importing snnopt and training a little."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "heavy", ["cvxpy", "networkx", "matplotlib", "sklearn", "torch", "jax", "dask", "nir", "numba", "pandas"]
)
def test_import_loads_nothing_heavy(loaded: set[str], heavy: str) -> None:
    assert "snnopt" in loaded
    assert heavy not in loaded


def test_progress_is_drawn_by_rich_only_where_it_is_drawn(loaded: set[str]) -> None:
    assert not {name for name in loaded if name.split(".")[0] == "rich"}
