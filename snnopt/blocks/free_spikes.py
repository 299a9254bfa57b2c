"""Spikes in difference form without a box: one factor, all columns at once."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import solve_spd
from snnopt.blocks.rule import ClosedForm
from snnopt.blocks.spikes import not_spikes
from snnopt.split import Block

Array = NDArray[Any]


class FreeSpikes(ClosedForm):
    """``min_a  sum_s rho_s/2 ||c_s[t+d_s] - G_s a||^2 + sigma/2 ||a - (H(v[t] - theta) - w[t])||^2 - <linear, a>``.

    One problem for each t and sample: s runs over the layers that read the spikes (at lag d_s, while t + d_s <= T), with
    ``G_s = gain_s W_s F_s`` [n_s, n]; the layer itself is among them with ``gain W_rec - diag(reset)`` at lag 1. The
    spikes a have no unit, c is in volts. Source: Perin et al. 2025, the update of a, with any number of readers.
    """

    formula: ClassVar[str] = (
        "a[t] = (sum rho G'G + sigma I)^-1 (sum rho G'c[t+d] + sigma (H(v[t]-theta) - w[t]) + linear)   (exact, no box)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        return not_spikes(block, "difference", "none")

    @staticmethod
    def solve(normal: Array, right: Array) -> Array:
        """Return a [..., n] of all steps and samples with the same readers.

        Parameters
        ----------
        normal : ``sum_s rho_s G_s' G_s + sigma I``, [n, n].
        right : ``sum_s rho_s G_s' c_s + sigma (H - w) + linear``, [..., n].
        """
        columns = right.reshape(-1, len(normal)).T
        return np.ascontiguousarray(solve_spd(normal, columns).T).reshape(right.shape)
