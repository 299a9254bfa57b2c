"""Potentials of a read-out under its loss, at one step of time with all others frozen."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.losses import LossFunction
from snnopt.blocks.output_chain import judged_once
from snnopt.blocks.rule import ClosedForm
from snnopt.split import Block

Array = NDArray[Any]


def one_at_a_time(block: Block) -> str | None:
    """Return a reason if a block is not the output block of one step in difference form."""
    if block.kind != "outputs":
        return f"it solves outputs, not {block.kind}"
    if block.order != "one":
        return "the steps are solved for together"
    if block.form != "difference":
        return "in trace form the steps are solved for together"
    return judged_once(block)


class OutputStep(ClosedForm):
    """``min_v  scale loss(rest + omega v, target) + rho/2 ||v - beta v[t-1] - h[t]||^2 + rho/2 ||v[t+1] - beta v - h[t+1]||^2``.

    The last term only before the last step. Without the loss, the curvature is ``c = rho (1 + beta^2)`` and the minimiser
    ``q = (beta v[t-1] + h[t] + beta (v[t+1] - h[t+1])) / (1 + beta^2)``; at the last step rho and ``beta v[t-1] + h[t]``. Where
    omega = 0 that is v. Elsewhere ``m = rest + omega v`` is the loss's prox at ``rest + omega q`` with weight ``c / omega^2``.
    """

    formula: ClassVar[str] = (
        "v[t] = (m - rest)/omega, m = prox_{(omega^2/c) loss}(rest + omega q); q where omega = 0   (one output step)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.published:
            return "the last step is asked for as published"
        return one_at_a_time(block)

    @staticmethod
    def solve(
        drive: Array,
        later: Array | None,
        previous: Array | None,
        following: Array | None,
        rest: Array,
        omega: Array | float,
        beta: Array | float,
        rho: float,
        loss: LossFunction,
        scale: float,
        target: Array,
    ) -> Array:
        """Return v[t], [N, n].

        Parameters
        ----------
        drive, later : h[t] and h[t+1], [N, n]; ``later`` is None at the last step.
        previous, following : v[t-1] and v[t+1], [N, n]; None at the first and at the last step.
        rest : m without this step's part, [N, n].
        omega : how much m takes of this step, one number or [N, n].
        beta : decay, one number or [n].
        rho : penalty of the dynamics.
        loss, scale : the loss and its factor in the objective.
        target : of each sample, labels [N] or real [N, n].
        """
        decay, taken = np.asarray(beta, drive.dtype), np.asarray(omega, drive.dtype)
        q, bend = drive if previous is None else drive + decay * previous, np.ones((), drive.dtype)
        if following is not None and later is not None:
            bend = 1 + decay**2
            q = (q + decay * (following - later)) / bend
        seen = np.broadcast_to(taken != 0, q.shape)
        if not seen.any():
            return q.copy()
        by = np.where(seen, taken, 1)
        weight = np.where(seen, drive.dtype.type(rho) * bend / by**2, np.inf)
        free = rest + taken * q
        return q + (loss.prox(free, target, weight, scale) - free) / by
