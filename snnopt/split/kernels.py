"""The trace form's kernels: ``v = kappa * i + eta * s`` for any state space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError
from snnopt.program import Over, StateSpace

Array = NDArray[np.float64]


def kernel(space: StateSpace, steps: int) -> Array:
    """``kappa[k] = C A^k B`` for k = 0 .. steps-1, [steps, m]."""
    return _impulse(space, space.B, steps)


def reset_kernel(space: StateSpace, steps: int) -> Array:
    """``eta[k] = C A^{k-1} R`` for k = 1 .. steps-1 and ``eta[0] = 0``, [steps, m]."""
    later = _impulse(space, space.R, max(steps - 1, 0))
    return np.concatenate([np.zeros((1, later.shape[1])), later])


def kernel_sum(space: StateSpace, steps: int) -> Array:
    """``kappa_bar[t] = sum_{k<t} kappa[k]`` for t = 1 .. steps: the response to a constant current of 1, [steps, m]."""
    return np.cumsum(kernel(space, steps), axis=0)


def window(over: Over, steps: int, where: str) -> Array:
    """Weights omega[t] of the time window that a loss averages the membrane over, [steps]."""
    kind, width = over
    width = {"mean": steps, "last": 1, "window": width}[kind]
    if width > steps:
        raise ModelError(
            where, f"its window is {width} steps, the data have {steps}", "shorten so.Window, or use over='mean'"
        )
    weights = np.zeros(steps)
    weights[steps - width :] = 1.0 / width
    return weights


def readout_profile(space: StateSpace, omega: Array) -> Array:
    """``h[t] = sum_{tau >= t} omega[tau] kappa[tau - t]``: what a unit current at t adds to the windowed mean, [T, m]."""
    steps, k = len(omega), kernel(space, len(omega))
    return np.stack([omega[t:] @ k[: steps - t] for t in range(steps)])


def distinct_kernels(space: StateSpace, units: int) -> tuple[list[StateSpace], NDArray[np.intp]]:
    """The distinct kernels among a population's neurons, and whose each is [units]."""
    if space.uniform:
        return [_one(space, 0)], np.zeros(units, np.intp)
    columns = [np.broadcast_to(a, (*a.shape[:-1], units)).reshape(-1, units) for a in (space.A, space.B, space.C)]
    _, at, which = np.unique(np.concatenate(columns), axis=1, return_index=True, return_inverse=True)
    return [_one(space, int(k)) for k in at], which.ravel()


def _one(space: StateSpace, unit: int) -> StateSpace:
    a, b, r, c = (x[..., unit % x.shape[-1]][..., None] for x in (space.A, space.B, space.R, space.C))
    return StateSpace(a, b, r * 0, c, None, space.states)


def _impulse(space: StateSpace, x: Array, steps: int) -> Array:
    """``C A^k x`` for k = 0 .. steps-1, [steps, m]; as many powers again in each turn as there are."""
    width = max(a.shape[-1] for a in (space.A, space.B, space.R, space.C))
    found, power = np.broadcast_to(x, (1, space.order, width)), space.A
    while len(found) < steps:
        found = np.concatenate([found, np.einsum("ijm,kjm->kim", power, found)])
        power = np.einsum("ijm,jlm->ilm", power, power)
    return np.asarray(np.sum(space.C * found[:steps], axis=1))
