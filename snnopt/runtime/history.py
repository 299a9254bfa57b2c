"""What happened, a row an iteration (full batch) or an epoch (mini-batches)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

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
    accuracy : training accuracy of the rollout, in the same sense; NaN for real targets.
    firing_rate : spikes per neuron and step, by layer.
    flips : share of spikes that one iteration's update changed, by layer (NaN where it was not measured).
    rollout_gap : share of spikes in which the block updates' own spikes differ from the rollout of the new weights.
    penalty : rho, by layer.
    step, ridge : the controlled step factor and ridge.
    seconds : time since the start, progress display and validation excluded.
    validation : validation accuracy, NaN if there is no validation set.
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
    seconds: float = 0.0
    validation: float = float("nan")


@dataclass(frozen=True)
class History:
    """All records of a run, in order; ``history["loss"]`` is a column."""

    records: tuple[Record, ...] = ()

    def __getitem__(self, column: str) -> NDArray[Any] | dict[str, NDArray[Any]]:
        """One column as an array; firing_rate, flips, rollout_gap and penalty as a dict of arrays by layer."""
        if column not in Record.__dataclass_fields__:
            raise unknown_name("history column", column, Record.__dataclass_fields__)
        values = [getattr(r, column) for r in self.records]
        if values and isinstance(values[0], dict):
            return {layer: np.array([v[layer] for v in values]) for layer in values[0]}
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
