"""What a reader finds in one file, before it is split and its labels are numbered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from snnopt.data.dataset import Array


@dataclass(frozen=True, eq=False)
class Rows:
    """Samples and what is to be predicted for them.

    Attributes
    ----------
    where : the file, and what of it.
    X : [N, n], or [T, N, n].
    y : [N], numbers (float64) or names (text).
    lengths : [N] steps of each series; None where all fill X.
    classes : names in the order that the file gives them; None where it gives none.
    features : names of the columns; None where it gives none.
    """

    where: str
    X: Array
    y: Array
    lengths: Array | None = None
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None

    @property
    def timed(self) -> bool:
        """Whether X has a time axis."""
        return self.X.ndim > 2

    @property
    def sample(self) -> str:
        """What one sample is, in words."""
        return f"{'series' if self.timed else 'rows'} of {self.X.shape[-1]} features"

    @property
    def counted(self) -> Array:
        """Of series, which steps come before their ends, [T, N]."""
        steps = np.arange(len(self.X))[:, None]
        return steps < (np.full(len(self.y), len(self.X)) if self.lengths is None else self.lengths)

    def take(self, index: Array) -> Rows:
        """The rows at ``index``."""
        lengths = None if self.lengths is None else self.lengths[index]
        return replace(self, X=self.X[:, index] if self.timed else self.X[index], y=self.y[index], lengths=lengths)

    def lasting(self, steps: int) -> Rows:
        """Series as an array of so many ``steps``, at least as many as now, with their lengths, and zeros after their ends."""
        lengths = np.full(len(self.y), len(self.X)) if self.lengths is None else self.lengths
        return replace(self, X=np.pad(self.X, ((0, steps - len(self.X)), (0, 0), (0, 0))), lengths=lengths)
