"""Shared by all tests: deterministic hypothesis, small data and small networks."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import numpy as np
import pytest

import snnopt as so

hypothesis.settings.register_profile(
    "fixed", deadline=None, derandomize=True, database=None, max_examples=25, print_blob=False
)
hypothesis.settings.load_profile("fixed")

MakeProblem = Callable[..., so.Problem]
Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def mlp() -> MakeProblem:
    """Return a maker of ``pixels - hidden - readout`` problems."""

    def make(inputs: int = 8, hidden: int = 20, classes: int = 3, over: str | so.Window = "mean") -> so.Problem:
        x = so.Input(inputs, name="pixels")
        h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(hidden)(x))
        y = so.LI(beta=0.9, name="readout")(so.Dense(classes)(h))
        return so.Problem(so.Network(x, y), so.CrossEntropy(y, over=over) + 1e-3 * so.L2(h.weights))

    return make


@pytest.fixture(scope="session")
def clusters() -> Data:
    """Three clusters of 60 samples in 8 dimensions, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 60)
    centres = rng.uniform(0, 1, (3, 8))
    x = centres[labels] + 0.15 * rng.standard_normal((180, 8))
    order = rng.permutation(180)
    return x[order], labels[order]
