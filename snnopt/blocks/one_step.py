"""Potentials in difference form at one step of time, the neighbouring steps held: the two-branch rule."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.exact_step import ExactStep
from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


class OneStep(ClosedForm):
    """``min_v  rho/2 (v - q_l)^2 + rho/2 (m - beta v)^2 [t<T] + sigma/2 (b - H(v - theta))^2``, v = v[t].

    ``q_l = beta v[t-1] + h[t]`` is what the step before predicts, ``m = v[t+1] - h[t+1]`` what the step after asks for, and
    ``b = a + w`` the spike with its dual. The quadratic has curvature ``c = rho (1 + beta^2)`` and its free minimiser at
    ``q = (q_l + beta m) / (1 + beta^2)``; at t = T they are rho and q_l. Around q it is :class:`ExactStep`'s problem, whose
    two-branch rule is globally exact: stay at q, or move to the threshold where that pays.
    """

    formula: ClassVar[str] = (
        "v[t] = theta(+ulp) if sigma |1-2b| > c (q-theta)^2 and q is on the dear side else q,  "
        "q = (beta v[t-1] + h[t] + beta (v[t+1] - h[t+1])) / (1 + beta^2),  c = rho (1 + beta^2)   (exact step, one t)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials":
            return f"it solves potentials, not {block.kind}"
        if block.step != "exact":
            return f"the step coupling is {block.step}, not exact"
        if block.form != "difference":
            return "in trace form steps are not coupled"
        if block.order != "one":
            return f"steps of time are taken {block.order}"
        return proximal_terms(block, ())

    @staticmethod
    def solve(
        drive: Array,
        later: Array | None,
        previous: Array | None,
        following: Array | None,
        target: Array,
        beta: Any,
        rho: float,
        sigma: float,
        threshold: Any,
    ) -> Array:
        """Return v[t], shaped and typed as the drive; potentials in volts.

        Parameters
        ----------
        drive : ``h[t]``, the current less reset and dual, [N, n] (or any leading axes: each entry is its own problem).
        later : ``h[t+1]``, None at the last step.
        previous : ``v[t-1]``, None at the first step.
        following : ``v[t+1]``, None at the last step.
        target : ``b[t] = a[t] + w[t]``.
        beta, threshold : one number or [n].
        rho, sigma : penalties of the dynamics and of the step coupling.
        """
        real = drive.dtype.type
        beta, theta = (np.asarray(x, drive.dtype) for x in (beta, threshold))
        q, curvature = drive if previous is None else drive + beta * previous, np.asarray(real(rho))
        if following is not None and later is not None:
            q = (q + beta * (following - later)) / (1 + beta**2)
            curvature = real(rho) * (1 + beta**2)
        return step_to(q, target, curvature, real(sigma), theta)


def step_to(free: Array, target: Array, curvature: Any, sigma: Any, theta: Array) -> Array:
    """``argmin_v  c/2 (v - q)^2 + sigma/2 (b - H(v - theta))^2``, all of one dtype: q where the rule does not move it.

    The landing points are set, not added to q: ``q + (theta - q)`` may round to the wrong side.
    """
    spikes = (free > theta).astype(free.dtype)
    moved = ExactStep.move(free, spikes, sigma * (target - spikes), curvature, sigma, theta) != 0
    above = np.nextafter(theta, np.asarray(np.inf, free.dtype))
    return np.where(moved, np.where(spikes > 0, theta, above), free)
