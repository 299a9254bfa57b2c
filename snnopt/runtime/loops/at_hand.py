"""Batches of samples that are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.batch import Batch
from snnopt.runtime.data import Samples
from snnopt.runtime.workspace import Workspace

Array = NDArray[Any]


class AtHand:
    """Samples and targets, and batches drawn from them; what :class:`Sharded` is for shards."""

    def __init__(self, samples: Samples, targets: dict[str, Array], dtype: np.dtype[Any]) -> None:
        self.samples, self.targets, self.dtype = samples, targets, dtype
        self.count, self.steps = samples.count, samples.steps
        self.workspace, self.beside = Workspace(), Workspace()

    def batch(self, index: Array | slice) -> Batch:
        """The samples at ``index``; the arrays of the batch before are written on."""
        targets = {n: y[index] for n, y in self.targets.items()}
        data, lengths = self.samples.take(index, self.dtype), self.samples.lengths_of(index)
        return Batch(data, targets, lengths, workspace=self.workspace)

    def again(self, batch: Batch) -> Batch:
        """A batch's samples with nothing found for them yet, beside that batch."""
        return batch.again(self.beside)

    def epoch(self, rng: np.random.Generator, size: int) -> Iterator[tuple[float, Array]]:
        """Whole batches of ``size`` samples in an order drawn anew, and the share of the epoch before each."""
        order, number = rng.permutation(self.count), self.count // size
        for k in range(number):
            yield k / number, order[k * size : (k + 1) * size]
