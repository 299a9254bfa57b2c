"""Peak memory of ``online`` does not grow with the number of samples, beyond the data themselves."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import snnopt as so

FEATURES, STEPS = 64, 5


def problem() -> so.Problem:
    x = so.Input(FEATURES)
    h = so.LIF(name="hidden")(so.Dense(20)(x))
    y = so.LI(name="readout")(so.Dense(10)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) + 1e-3 * so.L2(h.weights))


def peak(samples: int, kind: str, job: str = "solve") -> int:
    """Bytes that the job holds at most, beyond the data that it was given."""
    rng = np.random.default_rng(0)
    shape = (STEPS, samples, FEATURES) if kind == "sequence" else (samples, FEATURES)
    x = rng.random(shape, np.float32) if kind == "float32" else rng.random(shape)
    y = rng.integers(0, 10, samples)
    steps = None if kind == "sequence" else STEPS
    plan = so.compile(problem(), so.Online(epochs=1, batch_size=128))
    first = x[:, :256] if kind == "sequence" else x[:256]
    result = plan.solve(first, y[:256], timesteps=steps)  # what is made once is made here
    tracemalloc.start()
    try:
        if job == "solve":
            plan.solve(x, y, timesteps=steps)
        else:
            result.score(x, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("kind", "many"), [("float32", 50_000), ("float64", 50_000), ("sequence", 20_000)])
def test_training(kind: str, many: int) -> None:
    few, large = peak(2_000, kind), peak(many, kind)
    order = 2 * 8 * many  # the order in which samples are visited, and the checked labels: two whole numbers a sample
    assert large <= 1.3 * few + order, (few, large)
    data = many * FEATURES * (8 * STEPS if kind == "sequence" else 4)
    assert large < 0.15 * data, "less than any copy of the data"


def test_scoring() -> None:
    """Scored in pieces of a fixed size; the answer itself is ten numbers a sample."""
    answer = 2 * 10 * 8 * 40_000
    assert peak(50_000, "float64", "score") <= 1.3 * peak(10_000, "float64", "score") + answer
