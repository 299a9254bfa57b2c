"""Potentials of a read-out under its loss, all steps of time together: a prox on what the loss sees."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.losses import LOSS_FUNCTIONS, LossFunction
from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]


def judged_once(block: Block) -> str | None:
    """Return a reason if an output block has not exactly one loss with a prox, or terms besides."""
    losses = [t.kind for t in block.terms if t.role == "loss"]
    if len(losses) != 1:
        return f"it solves for one loss, not {len(losses)}"
    unknown = [kind for kind in losses if kind not in LOSS_FUNCTIONS]
    return f"it has no closed form for {', '.join(unknown)}" if unknown else proximal_terms(block, ())


class OutputChain(ClosedForm):
    """``min_v  scale loss(m, target) + rho/2 sum_t ||v[t] - beta v[t-1] - h[t]||^2`` with ``m = sum_t omega[t] v[t]``.

    In the moves ``d[t] = v[t] - beta v[t-1] - h[t]`` the sum is ``||d||^2``, and ``m = mbar + sum_t p[t] d[t]`` with the
    profile ``p[t] = sum_{tau >= t} omega[tau] beta^(tau - t)``, what a unit of h[t] adds to m, and ``mbar = sum_t p[t] h[t]``.
    The shortest d that takes mbar to m is ``d[t] = p[t] (m - mbar) / S``, ``S = sum_t p[t]^2``, of length ``(m - mbar)^2 / S``.
    So m is the prox of the loss at mbar, with weight rho / S for each unit; then run forward. In trace form beta = 0.
    """

    formula: ClassVar[str] = (
        "v[t] = beta v[t-1] + h[t] + p[t] (m - mbar)/S, m = prox_{(S/rho) loss}(mbar)   (the whole output chain)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "outputs":
            return f"it solves outputs, not {block.kind}"
        if block.order != "together":
            return "the steps are solved for one after the other"
        return judged_once(block)

    @staticmethod
    def solve(
        drive: Array, beta: Array | float, omega: Array, rho: float, loss: LossFunction, scale: float, target: Array
    ) -> Array:
        """Return v [T, N, n].

        Parameters
        ----------
        drive : h [T, N, n], the prediction of v[t] from all but v[t-1], less the scaled dual.
        beta : decay, one number or [n]; 0 in trace form.
        omega : how much m takes of each step, [T], or [T, N, n] (a frozen peak, series of unequal length).
        rho : penalty of the dynamics.
        loss, scale : the loss and its factor in the objective.
        target : of each sample, labels [N] or real [N, n].
        """
        decay = np.asarray(beta, drive.dtype)
        taken = omega.astype(drive.dtype, copy=False)
        taken = taken[:, None, None] if omega.ndim == 1 else taken
        profile = np.empty((len(drive), *np.broadcast_shapes(taken.shape[1:], decay.shape)), drive.dtype)
        profile[-1] = taken[-1]
        for t in reversed(range(len(drive) - 1)):
            profile[t] = taken[t] + decay * profile[t + 1]
        free, square = (profile * drive).sum(0), (profile**2).sum(0)
        move = (loss.prox(free, target, drive.dtype.type(rho) / square, scale) - free) / square
        v = drive + profile * move
        if decay.any():
            for t in range(1, len(v)):
                v[t] += decay * v[t - 1]
        return v
