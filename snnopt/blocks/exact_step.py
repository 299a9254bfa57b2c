"""Potentials under the exact step coupling: the two-branch rule, stay or move to the threshold."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


class ExactStep(ClosedForm):
    """``min_v  rho/2 (v - v_0)^2 + sigma/2 (a - H(v - theta))^2`` with ``a = s + da/sigma``, s = H(v_0 - theta).

    Either v stays at v_0, or it crosses to the nearest point of the other side: theta itself to fall silent, the next
    number above it to spike. Crossing pays exactly when ``(1 - 2s) da - rho/2 (v_0 - theta)^2 > sigma/2``. Globally
    exact, since the block separates over time, samples and neurons.
    """

    formula: ClassVar[str] = (
        "v = theta(+ulp) if (1-2s) da - rho/2 (v-theta)^2 > sigma/2 else v   (exact two-branch step)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials":
            return f"it solves potentials, not {block.kind}"
        if block.step != "exact":
            return f"the step coupling is {block.step}, not exact"
        if block.kept:
            return "the potentials are kept, and need not be where their dynamics put them"
        if block.form != "trace":
            return "in difference form neighbouring steps are coupled"
        return proximal_terms(block, ())

    @staticmethod
    def score(potentials: Array, spikes: Array, demand: Array, rho: float, threshold: Any) -> Array:
        """``(1 - 2s) da - rho/2 (v - theta)^2``: flips are those above sigma/2."""
        return (1 - 2 * spikes) * demand - rho / 2 * (potentials - threshold) ** 2

    @staticmethod
    def move(potentials: Array, spikes: Array, demand: Array, rho: float, sigma: float, threshold: Any) -> Array:
        """Return v - v_0, shaped as the potentials."""
        flip = ExactStep.score(potentials, spikes, demand, rho, threshold) > sigma / 2
        above = np.nextafter(threshold, np.asarray(np.inf, potentials.dtype), dtype=potentials.dtype)
        return np.where(flip, np.where(spikes > 0, threshold, above) - potentials, np.zeros((), potentials.dtype))
