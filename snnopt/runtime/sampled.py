"""What can be asked for single samples, wherever they are."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Sampled(Protocol):
    """What can be asked for single samples: :class:`Samples`, which are in memory, or shards."""

    @property
    def count(self) -> int:
        """Number of samples."""

    @property
    def steps(self) -> int:
        """T."""

    def take(self, index: Any, dtype: np.dtype[Any]) -> dict[str, Array]:
        """Inputs of the samples at ``index``, [T, n_index, n] or [1, n_index, n]."""

    def lengths_of(self, index: Any) -> Array | None:
        """Their lengths, None where all steps count."""

    def chunks(self, entries: int, widest: int) -> list[slice]:
        """Slices of the samples such that [T, slice, widest] has about ``entries`` entries."""
