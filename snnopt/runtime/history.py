"""What happened, a row an iteration (full batch) or an epoch (mini-batches)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import DataError, shown, unknown_name
from snnopt.runtime.cells import by_layer, greatest, held_out, number, percent, spread, text_table


@dataclass(frozen=True)
class Record:
    """One row.

    Attributes
    ----------
    iteration : iterations or epochs done when it was taken.
    loss : training objective of the rollout (losses and penalties); for mini-batches the mean over the epoch's batches.
    accuracy : training accuracy of the rollout, in the same sense, mean over the outputs with labels; NaN without any.
    firing_rate : spikes per neuron and step, by layer.
    flips : share of spikes that one iteration's update changed, by layer (NaN where it was not measured).
    rollout_gap : share of spikes in which the block updates' own spikes differ from the rollout of the new weights.
    penalty : rho, by layer.
    step, ridge : the controlled step factor and ridge.
    lagrangian : augmented Lagrangian of a kept state (NaN for algorithms that start every sweep from a rollout).
    primal, dual : root mean square of the primal and dual residuals of each coupling of a kept state, by layer, step couplings
        as ``<layer>.step``.
    seconds : time since the start, progress display and validation excluded.
    validation : what ``Result.score`` gives on the validation set: accuracy for labels, R squared for real targets, mean over
        outputs; NaN if there is no validation set.
    """

    iteration: int
    loss: float
    accuracy: float
    firing_rate: dict[str, float] = field(default_factory=dict)
    flips: dict[str, float] = field(default_factory=dict)
    rollout_gap: dict[str, float] = field(default_factory=dict)
    penalty: dict[str, float] = field(default_factory=dict)
    step: float = 1.0
    ridge: float = 0.0
    lagrangian: float = float("nan")
    primal: dict[str, float] = field(default_factory=dict)
    dual: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    validation: float = float("nan")


Cell = Callable[[Record], str]
CELLS: dict[str, tuple[str, Cell]] = {
    "iteration": ("iteration", lambda r: str(r.iteration)),
    "loss": ("loss", lambda r: number(r.loss)),
    "accuracy": ("accuracy", lambda r: percent(r.accuracy)),
    "validation": ("validation", lambda r: held_out(r.validation, r.accuracy)),
    "firing_rate": ("firing rate", lambda r: by_layer(r.firing_rate, "{:.3f}".format)),
    "flips": ("flips", lambda r: by_layer(r.flips, percent)),
    "rollout_gap": ("rollout gap", lambda r: by_layer(r.rollout_gap, percent)),
    "primal": ("primal max", lambda r: greatest(r.primal.values())),
    "dual": ("dual max", lambda r: greatest(r.dual.values())),
    "penalty": ("penalty", lambda r: spread(r.penalty.values(), "{:.3g}".format)),
    "seconds": ("seconds", lambda r: f"{r.seconds:.2f}"),
    "lagrangian": ("lagrangian", lambda r: number(r.lagrangian)),
    "step": ("step", lambda r: number(r.step)),
    "ridge": ("ridge", lambda r: number(r.ridge)),
}
"""What a table of a history says of each record, by column: its heading, and its text."""
USUAL = tuple(CELLS)[:11]
"""Columns of a table that asks for none."""


@dataclass(frozen=True)
class History:
    """All records of a run, in order; ``history["loss"]`` is a column."""

    records: tuple[Record, ...] = ()

    @overload
    def __getitem__(self, column: str) -> NDArray[Any] | dict[str, NDArray[Any]]: ...

    @overload
    def __getitem__(self, column: int | np.integer[Any]) -> Record: ...

    @overload
    def __getitem__(self, column: slice) -> History: ...

    def __getitem__(
        self, column: str | int | np.integer[Any] | slice
    ) -> NDArray[Any] | dict[str, NDArray[Any]] | Record | History:
        """One column as an array; firing_rate, flips, rollout_gap, penalty, primal and dual as a dict of arrays by layer.

        A number gives one record (-1: the last), a slice a history of some.
        """
        if isinstance(column, slice):
            return History(self.records[column])
        if isinstance(column, int | np.integer):
            return self.records[column]
        if column not in Record.__dataclass_fields__:
            raise unknown_name("history column", column, Record.__dataclass_fields__)
        values = [getattr(r, column) for r in self.records]
        if values and isinstance(values[0], dict):
            layers = dict.fromkeys(layer for v in values for layer in v)
            return {layer: np.array([v.get(layer, np.nan) for v in values]) for layer in layers}
        return np.array(values)

    def __repr__(self) -> str:
        if not self.records:
            return "History(empty)"
        first, last = self.records[0], self.records[-1]
        accuracy = "" if math.isnan(last.accuracy) else f", accuracy {last.accuracy:.1%}"
        return f"History({len(self)} records, loss {first.loss:.4g} -> {last.loss:.4g}{accuracy})"

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def table(self, columns: Sequence[str] | None = None, last: int | None = None) -> str:
        """A table to print: a line a record.

        Numbers of one or two layers are shown one by one, of more as the least and the greatest; of residuals the greatest, of
        penalties the range. Columns without values are left out.

        Parameters
        ----------
        columns : which columns, by the names of a :class:`Record`'s; None for all but ``lagrangian``, ``step`` and ``ridge``.
        last : how many records, the latest; None for all.

        Raises
        ------
        UnknownNameError
            There is no such column.
        DataError
            ``columns`` is no list of names, or ``last`` no whole number of at least 1.
        """
        if isinstance(columns, str) or not (columns is None or isinstance(columns, Sequence)):
            raise DataError(
                "history.table", f"columns={shown(columns)}", "give a list of names, as in ['loss', 'seconds']"
            )
        if last is not None and (isinstance(last, bool) or not isinstance(last, int | np.integer) or last < 1):
            raise DataError(
                "history.table", f"last={shown(last)}", "give a whole number of records, at least 1, or None"
            )
        names = list(USUAL if columns is None else columns)
        for name in names:
            if name not in CELLS:
                raise unknown_name("history column", name, CELLS)
        records = self.records if last is None else self.records[-last:]
        return text_table({CELLS[n][0]: [CELLS[n][1](r) for r in records] for n in names}) if records else repr(self)

    def as_rows(self) -> list[dict[str, Any]]:
        """The records as plain dicts, ready for JSON or a data frame."""
        return [asdict(r) for r in self.records]
