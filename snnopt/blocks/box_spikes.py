"""Spikes in difference form, held in [0, 1]: projected coordinate descent, finished on the faces that it finds."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.box_faces import finish_on_faces
from snnopt.blocks.box_quadratic import BoxQuadratic
from snnopt.blocks.free_spikes import FreeSpikes
from snnopt.blocks.rule import ClosedForm
from snnopt.blocks.spikes import not_spikes
from snnopt.split import Block

Array = NDArray[Any]

COLUMNS = 1024
"""Columns that are swept together: enough to be worth a call, few enough to stay in the cache."""
SWEEPS = 4
"""Sweeps between two looks at the residual."""
LOOKS = 8
SLOW = 0.1
"""Sweeping goes on while it cuts the mean residual to less than this share between two looks."""


class BoxSpikes(ClosedForm):
    """The block of :class:`FreeSpikes` with ``0 <= a <= 1``: ``min a'Na/2 - <b, a>``, for every step and sample.

    Cyclic projected coordinate descent over the neurons, all columns at once, from the clipped free minimiser (or from
    ``start``); columns leave as soon as they are optimal, and those on which it is slow are finished by exact solves over
    the neurons that are not at a bound. Either way a column is done when ``|a - clip(a - grad/diag N)|`` is at most
    ``eps^(2/3)`` of what its terms weigh, for every neuron. Clipping the free minimiser is not enough. ``a`` has no unit.
    Source: Bertsekas, Nonlinear Programming, 2nd edition, section 2.7 (coordinate descent over a box).
    """

    formula: ClassVar[str] = (
        "a[t] = argmin_{0<=a<=1} a'Na/2 - <right, a>, N = sum rho G'G + sigma I   (exact: coordinate descent, faces)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return not_spikes(block, "difference", "exact")

    @staticmethod
    def solve(normal: Array, right: Array, start: Array | None = None) -> Array:
        """Return a [..., n] of all steps and samples with the same readers.

        Parameters
        ----------
        normal : N = ``sum_s rho_s G_s' G_s + sigma I``, [n, n].
        right : b = ``sum_s rho_s G_s' c_s + sigma (H - w) + linear``, [..., n].
        start : where to begin, [..., n]; None for the free minimiser.
        """
        first = FreeSpikes.solve(normal, right) if start is None else start.astype(right.dtype)
        quadratic, n = BoxQuadratic(normal), len(normal)
        b, a = right.reshape(-1, n), np.clip(first.reshape(-1, n), 0, 1)
        out = np.empty_like(a)
        for k in range(0, len(b), COLUMNS):
            part = slice(k, k + COLUMNS)
            out[part] = _minimise(quadratic, a[part].T.copy(), b[part].T.copy()).T
        return out.reshape(right.shape)


def _minimise(quadratic: BoxQuadratic, a: Array, b: Array) -> Array:
    """Return the minimisers [n, columns] for right-hand sides b, beginning at a."""
    out, left, last = a, np.arange(a.shape[1]), np.inf
    for _ in range(LOOKS):
        for _ in range(SWEEPS):
            quadratic.sweep(a, b)
        residual = quadratic.residual(a, b)
        out[:, left] = a
        on = residual > quadratic.tolerance
        if not on.any():
            return out
        left, a, b = left[on], a[:, on], b[:, on]
        mean = float(residual[on].mean())
        if mean > SLOW * last:
            break
        last = mean
    out[:, left] = finish_on_faces(quadratic, a, b)
    return out
