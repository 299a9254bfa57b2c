"""Linear maps of the intermediate form: a fixed gather followed by a learned matrix, with a lag in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Gather:
    """A fixed linear map from a flattened source [columns] to [rows], as a compressed sparse row matrix.

    Convolution patches, pooling and reordering are all gathers, so nothing after lowering knows them apart.
    """

    rows: int
    columns: int
    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    data: NDArray[np.float64]

    @property
    def selection(self) -> bool:
        """Whether every row takes one source entry with weight 1, or is zero (so indexing will do)."""
        return bool(np.all(np.diff(self.indptr) <= 1) and np.all(self.data == 1.0))


Form = tuple[tuple[str, tuple[int, ...]], ...]
"""Connections from the source on, as declared: each one's kind and its numbers, e.g. ``("AvgPool2d", (2,))``."""


@dataclass(frozen=True, eq=False)
class LinearMap:
    """One term of a current: ``i[t] += W F(s_source[t - lag]) + b``, F the gather, W shared by all positions.

    Attributes
    ----------
    name : the user's name for the connection, for messages.
    source : name of the input or population that feeds the map.
    lag : whole time steps; s[t] = 0 for t <= 0.
    weight, bias : names of the variables; None for a fixed map (then the current is the gather itself) or no bias.
    positions, fan_in, channels : F has shape [positions, fan_in], W [channels, fan_in], the current
        [channels, positions] flattened (a dense map has one position).
    gather : None where F is the source itself.
    mask : [channels, fan_in] of bool, synapses that exist; None for all.
    form : the connections that the map was declared as, which other formats need; None in files of before it was kept.
    """

    name: str
    source: str
    lag: int
    weight: str | None
    bias: str | None
    positions: int
    fan_in: int
    channels: int
    gather: Gather | None = None
    mask: NDArray[np.bool_] | None = None
    form: Form | None = None

    @property
    def learned(self) -> bool:
        """Whether the map has a weight variable."""
        return self.weight is not None
