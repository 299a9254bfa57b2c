"""Spikes whose every coupling is linearised: one division, nothing to invert, and a clip that is exact."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.rule import ClosedForm
from snnopt.blocks.spikes import not_kept_spikes
from snnopt.split import Block

Array = NDArray[Any]


class ProximalGradientSpikes(ClosedForm):
    """``min_a  sum_s <g_s, a - a_k> + tau_s/2 ||a - a_k||^2 + sigma/2 ||a - (H(v - theta) - w)||^2 - <linear, a>``.

    g_s is the gradient, at the present spikes a_k, of ``rho_s/2 ||e_s + u_s||^2`` for each layer s that reads them, and tau_s
    its proximal weight. No two spikes stand in one term: every step of time, sample and neuron is a parabola of its own, in
    either form, so with ``0 <= a <= 1`` its minimiser is the clipped one. Spikes have no unit, g and tau are in volts^2.
    Source: Beck and Teboulle, SIAM J. Imaging Sciences 2, 2009, section 2 (a step of the proximal gradient method).
    """

    formula: ClassVar[str] = (
        "a = (sigma (H(v-theta) - w) + linear + sum (tau a_k - g)) / (sigma + sum tau), in a box clipped   (exact)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        reason = not_kept_spikes(block)
        if reason is not None:
            return reason
        if not block.uncoupled:
            return "some coupling is not linearised" if block.quadratics else "the spikes meet no dynamics"
        if block.form == "trace" and block.order == "one":
            return "it solves for all steps of time together"
        return None

    @staticmethod
    def solve(held: float, right: Array, boxed: bool) -> Array:
        """Return a, shaped as ``right``.

        Parameters
        ----------
        held : ``sigma + sum_s tau_s``.
        right : ``sigma (H - w) + linear + sum_s (tau_s a_k - g_s)``, [..., n].
        boxed : whether spikes are held in [0, 1].
        """
        a = right / right.dtype.type(held)
        return np.clip(a, 0, 1) if boxed else a
