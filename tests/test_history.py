"""The table of a history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import snnopt as so
from tests.sweeps import small

NAN = float("nan")
RNG = np.random.default_rng(0)
X, LABELS = RNG.random((6, 30, 4)), RNG.integers(0, 3, 30)


def table(history: so.History, *args: Any, **more: Any) -> list[list[str]]:
    """Cells, told apart by two spaces."""
    lines = history.table(*args, **more).splitlines()
    assert len({len(line) for line in lines}) == 1, "columns are aligned"
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def of(*records: so.Record) -> so.History:
    return so.History(records)


def test_a_record_is_a_line() -> None:
    layers = {"a": 0.125, "b": NAN}
    history = of(
        so.Record(1, 0.5, 0.25, {"a": 0.1, "b": 0.25}, {"a": NAN, "b": NAN}, seconds=0.5, validation=0.5),
        so.Record(2, 12345.678, NAN, {"a": 0.1, "b": 0.25}, layers, seconds=1.25),
    )
    heading, first, second = table(history)
    assert heading == ["iteration", "loss", "accuracy", "validation", "firing rate", "flips", "seconds"]
    assert first == ["1", "0.5", "25.0%", "50.0%", "0.100 0.250", "-", "0.50"]
    assert second == ["2", "1.235e+04", "-", "-", "0.100 0.250", "12.5% -", "1.25"]


def test_residuals_are_the_greatest_and_penalties_a_range() -> None:
    r = so.Record(
        3, 1.0, 0.5, primal={"a": 1e-3, "a.step": 0.02}, dual={"a": 0.0, "b": NAN}, penalty={"a": 1, "b": 0.1}
    )
    assert table(of(r)) == [
        ["iteration", "loss", "accuracy", "primal max", "dual max", "penalty", "seconds"],
        ["3", "1", "50.0%", "2.0e-02", "0.0e+00", "0.1 to 1", "0.00"],
    ]


def test_of_many_layers_the_least_and_the_greatest() -> None:
    rates = {str(k): 0.1 * k for k in range(1, 6)}
    assert table(of(so.Record(1, 1.0, 0.5, rates, rates)), ["firing_rate", "flips"])[1] == [
        "0.100 to 0.500",
        "10.0 to 50.0%",
    ]


def test_r_squared_is_no_percentage() -> None:
    assert table(of(so.Record(1, 1.0, NAN, validation=-0.5)), ["validation"])[1] == ["-0.500"]


def test_columns_and_the_last_records_are_chosen() -> None:
    history = of(*(so.Record(k, 1 / (k + 1), 0.5, lagrangian=2.0 * k) for k in range(5)))
    assert table(history, ["lagrangian", "iteration"], last=2) == [["lagrangian", "iteration"], ["6", "3"], ["8", "4"]]
    assert table(history, columns=("step", "ridge"), last=99)[1:] == [["1", "0"]] * 5


@pytest.mark.parametrize("name", so.algorithms.ALGORITHMS)
def test_tables_of_every_algorithm(name: str) -> None:
    length = {"epochs": 3} if name == "online" else {"max_iter": 3}
    problem = small()
    result = so.compile(problem, so.algorithms.ALGORITHMS[name](**length)).solve(X, LABELS, validation=(X, LABELS))  # type: ignore[arg-type]
    heading, *rows = table(result.history)
    wanted = {
        "iteration",
        "loss",
        "accuracy",
        "validation",
        "firing rate",
        "flips",
        "rollout gap",
        "penalty",
        "seconds",
    }
    kept = {"primal max", "dual max"} if name not in ("online", "rollout") else set()
    assert set(heading) == wanted | kept
    assert [row[0] for row in rows] == [str(r.iteration) for r in result.history]
    assert all(len(row) == len(heading) for row in rows)


def test_an_empty_history_says_so() -> None:
    assert so.History().table() == "History(empty)"


@pytest.mark.parametrize(
    ("given", "error", "named"),
    [
        ({"columns": ["los"]}, so.UnknownNameError, "did you mean 'loss'"),
        ({"columns": "loss"}, so.DataError, "columns='loss'"),
        ({"columns": 3}, so.DataError, "columns=3"),
        ({"last": 0}, so.DataError, "last=0"),
        ({"last": True}, so.DataError, "last=True"),
        ({"last": 1.5}, so.DataError, "last=1.5"),
    ],
)
def test_bad_input(given: dict[str, Any], error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        of(so.Record(1, 1.0, 0.5)).table(**given)
