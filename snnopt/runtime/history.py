"""What happened, a row an iteration (full batch) or an epoch (mini-batches)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import unknown_name


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
        return f"History({len(self)} records, loss {first.loss:.4g} -> {last.loss:.4g}, accuracy {last.accuracy:.1%})"

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def as_rows(self) -> list[dict[str, Any]]:
        """The records as plain dicts, ready for JSON or a data frame."""
        return [asdict(r) for r in self.records]
