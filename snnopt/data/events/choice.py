"""Which recordings of a data set too large for memory to read."""

from __future__ import annotations

import numpy as np

from snnopt.data.dataset import Array, whole


def balanced(where: str, name: str, count: object, labels: Array, rng: np.random.Generator) -> Array:
    """Return ``count`` distinct indices into ``labels`` [N], in random order and balanced by class.

    All are drawn in rounds, each of one index of every class that still has some; the first ``count`` are returned. So
    classes differ by at most one until one is used up, and a smaller choice is the beginning of a larger one.

    Raises
    ------
    DataError
        The argument called ``name``, ``count``, is neither None (all) nor a whole number from 1 to N.
    """
    n = len(labels)
    count = n if count is None else whole(where, name, count, 1, n)
    drawn = rng.permutation(n)
    by_class = drawn[np.argsort(labels[drawn], kind="stable")]
    _, first, members = np.unique(labels[by_class], return_index=True, return_counts=True)
    rounds = np.arange(n) - np.repeat(first, members)
    return by_class[np.lexsort((rng.permutation(n), rounds))][:count]
