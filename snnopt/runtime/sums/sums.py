"""Sums over samples, by name: what travels from samples to solvers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sums:
    """Arrays and numbers that add up over samples: ``(a + b)[name] = a[name] + b[name]``."""

    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __add__(self, other: Sums) -> Sums:
        assert self.values.keys() == other.values.keys(), "shards were asked for different sums"
        return Sums({n: x + other.values[n] for n, x in self.values.items()})

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers: the payload of a message."""
        return payload(self.values)


def payload(values: object) -> int:
    """Bytes of all arrays and numbers in a message (8 for a number), whatever a transport adds to them."""
    if isinstance(values, np.ndarray | np.generic):
        return int(values.nbytes)
    if isinstance(values, Mapping):
        return sum(map(payload, values.values()))
    if isinstance(values, list | tuple):
        return sum(map(payload, values))
    return 8 if isinstance(values, int | float) and not isinstance(values, bool) else 0
