"""Potentials of a whole layer in difference form: every chain over time at once, to its global minimum."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.contacts import Chains, contacts
from snnopt.blocks.one_step import OneStep
from snnopt.blocks.rule import ClosedForm, proximal_terms
from snnopt.split import Block

Array = NDArray[Any]

CHUNK = 1_600_000
"""Bytes of one [T, chains] array: the search holds some twenty of them at a time."""


class ChainStep(ClosedForm):
    """``min_v  sum_t rho/2 (v[t] - beta v[t-1] - h[t])^2 + sigma/2 (b[t] - H(v[t] - theta))^2``, v[-1] = 0, all t together.

    Each sample and neuron is a chain of its own. Call a step of an optimal v a contact if v[t] = theta (as a limit from above
    where it spikes); a contact pays the cheaper of its two step costs, since the sides meet there. At all other steps the
    step cost is constant around v[t], so between contacts v is where the dynamics alone are least, given its ends:

    - From a contact at tau, the dynamics alone run ``f[tau] = theta, f[k] = beta f[k-1] + h[k]``. A deviation with residuals
      ``e[k]`` reaches ``sum_k beta^(tau'-k) e[k]`` at the next contact tau', where it must close the gap
      ``g = theta - f[tau']``; by Cauchy-Schwarz the least ``sum e^2`` has ``e[k] = g beta^(tau'-k) / s_{tau'-tau}``,
      ``s_m = sum_{j<m} beta^(2j)``. So the bridge is ``v[k] = f[k] + g beta^(tau'-k) s_{k-tau} / s_{tau'-tau}`` and its
      dynamic cost ``rho/2 g^2 / s_{tau'-tau}``; each step between pays the step cost of the side on which the bridge lies.
    - The first bridge starts at v[-1] = 0 in place of theta. After the last contact ``v = f``, at no dynamic cost.

    Conversely each choice of contacts gives a v (or the limit of some) at just this cost. Costs add up over bridges, so the
    least over all choices is a shortest path through T + 1 nodes, found by :func:`snnopt.blocks.contacts.contacts`.
    """

    formula: ClassVar[str] = (
        "v = shortest path over contacts v[t] = theta(+ulp), joined by bridges "
        "f[k] + g beta^(t'-k) s_{k-t} / s_{t'-t} of cost rho/2 g^2 / s_{t'-t} + dear sides   (exact step, whole chain)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials":
            return f"it solves potentials, not {block.kind}"
        if block.step != "exact":
            return f"the step coupling is {block.step}, not exact"
        if not block.kept:
            return "the potentials are not kept: every sweep starts from a rollout"
        if block.order != "together":
            return f"steps of time are taken {block.order}"
        return proximal_terms(block, ())

    @staticmethod
    def solve(drive: Array, target: Array, beta: Any, rho: float, sigma: float, threshold: Any) -> Array:
        """Return v [T, N, n], typed as the drive; potentials in volts.

        Parameters
        ----------
        drive : h, the current less reset and dual, [T, N, n].
        target : ``b = a + w``, [T, N, n].
        beta, threshold : one number or [n]; beta in [0, 1]. In trace form beta is 0, and the chain falls apart.
        rho, sigma : penalties of the dynamics and of the step coupling.
        """
        real = drive.dtype.type
        beta, theta = (np.atleast_1d(np.asarray(x, drive.dtype)) for x in (beta, threshold))
        if not beta.any():
            return OneStep.solve(drive, None, None, None, target, 0.0, rho, sigma, threshold)
        v, before = np.empty_like(drive, order="C"), real(0)
        for t, h in enumerate(drive):
            np.add(beta * before, h, out=v[t])
            before = v[t]
        stake = (real(sigma / rho) * (2 * target - 1)).astype(drive.dtype, copy=False)
        flat, count = v.reshape(len(v), -1), max(1, CHUNK // (len(v) * drive.dtype.itemsize))
        which = np.flatnonzero(((theta - v) * stake > 0).any(0))  # elsewhere nothing beats the free run
        for some in np.split(which, range(count, len(which), count)):
            h, stakes = (x.reshape(flat.shape).take(some, axis=1) for x in (drive, stake))
            own = [x if len(x) == 1 else np.broadcast_to(x, v.shape[1:]).reshape(-1).take(some) for x in (beta, theta)]
            flat[:, some] = _solve_some(h, stakes, *own)
        dear = (v > theta) != (stake > 0)
        dear &= (1 + beta**2) * (v - theta) ** 2 < np.abs(
            stake
        )  # contacts, and what rounding left beside the threshold
        return np.where(dear, np.where(stake > 0, np.nextafter(theta, real(np.inf)), theta), v)


def _solve_some(drive: Array, stake: Array, beta: Array, theta: Array) -> Array:
    """The chains [T, chains] through their contacts, these at theta itself."""
    pull = theta * (1 - beta) - drive
    touched = contacts(Chains(pull, stake, beta, theta))
    e, gap, s = np.zeros_like(drive), theta, np.zeros_like(beta)
    for t, here in enumerate(touched):
        gap, s = beta * gap + pull[t], beta**2 * s + 1
        np.divide(gap, s, out=e[t], where=here)
        gap, s = np.where(here, 0, gap), np.where(here, 0, s)
    after = np.zeros_like(theta)
    for t in range(len(e) - 1, -1, -1):
        after = np.where(touched[t], e[t], beta * after)
        e[t] = after
    before = np.zeros_like(theta)
    for t, here in enumerate(touched):
        before = np.where(here, theta, beta * before + drive[t] + e[t])
        e[t] = before
    return e
