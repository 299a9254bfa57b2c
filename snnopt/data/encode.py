"""Values as spikes or currents over time: rate, latency, delta and direct current. Time comes first in what they return."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from snnopt.data.dataset import Array, whole
from snnopt.errors import DataError, shown
from snnopt.runtime.data import numeric

UNIT = "bring them there, e.g. by (x - x.min(0)) / np.ptp(x, axis=0), or by an encoder of snnopt.sklearn, which does so"


def rate(values: ArrayLike, timesteps: int, seed: int = 0, shared: bool = False) -> Array:
    """Return Bernoulli spikes, ``s[t, i, j] = 1`` with probability ``x[i, j]``, in every step anew.

    ``s[t, i, j] = 1`` where ``u[t, i, j] < x[i, j]``, u uniform in [0, 1): 0 never fires, 1 fires in every step.

    Parameters
    ----------
    values : x [N, *shape], in [0, 1].
    timesteps : T.
    seed : of u.
    shared : draw one u [T, 1, *shape] for all samples, so that a sample's spikes do not depend on which others stand
        beside it. Each sample's are distributed as before; those of two samples are no longer independent.

    Returns
    -------
    Spikes [T, N, *shape], 0.0 or 1.0.

    Raises
    ------
    DataError
        Values are no numbers in [0, 1], or an argument is out of range.
    """
    where = "rate"
    x, steps = _unit(where, values), whole(where, "timesteps", timesteps, 1)
    drawn = (steps, *((1, *x.shape[1:]) if shared else x.shape))
    u = np.random.default_rng(whole(where, "seed", seed, 0)).random(drawn)
    return (u < x).astype(np.float64)


def latency(values: ArrayLike, timesteps: int) -> Array:
    """Return one spike a value, the earlier the larger: at step ``floor((T - 1) (1 - x) + 1/2)``. A value of 0 never fires.

    Parameters
    ----------
    values : x [N, *shape], in [0, 1].
    timesteps : T.

    Returns
    -------
    Spikes [T, N, *shape], 0.0 or 1.0: 1 fires at step 0, the smallest values at step T - 1.

    Raises
    ------
    DataError
        Values are no numbers in [0, 1], or ``timesteps`` is out of range.
    """
    where = "latency"
    x, steps = _unit(where, values), whole(where, "timesteps", timesteps, 1)
    first = np.floor((steps - 1) * (1 - x) + 0.5)
    t = np.arange(steps).reshape(-1, *(1,) * x.ndim)
    return ((t == first) & (x > 0)).astype(np.float64)


def delta(series: ArrayLike, threshold: float = 0.1) -> Array:
    """Return events where a series changes: on where ``x[t] - x[t-1] >= threshold``, off where ``x[t-1] - x[t] >= threshold``.

    Parameters
    ----------
    series : x [T, N, n], in any unit.
    threshold : in the same unit, > 0.

    Returns
    -------
    Spikes [T, N, 2n], 0.0 or 1.0, the n on channels before the n off channels; step 0, before which nothing is, has none.

    Raises
    ------
    DataError
        The series is not [T, N, n] of finite numbers, or the threshold is out of range.
    """
    where = "delta"
    x = _finite(where, series)
    if x.ndim != 3:
        raise DataError(
            where, f"the series have shape {x.shape}", "give [T, N, n]; for one channel that is x[:, :, None]"
        )
    number = isinstance(threshold, int | float | np.number) and not isinstance(threshold, bool)
    if not number or not 0 < threshold < np.inf:
        raise DataError(where, f"threshold={shown(threshold)}", "give a positive number in the unit of the series")
    change = np.diff(x, axis=0, prepend=x[:1])
    return np.concatenate([change >= threshold, -change >= threshold], axis=2).astype(np.float64)


def current(values: ArrayLike, timesteps: int) -> Array:
    """Return values held constant, ``i[t] = x``: direct current.

    ``plan.solve(x, labels, timesteps=T)`` does the same without the copies; this is for what wants a time axis.

    Parameters
    ----------
    values : x [N, *shape], in any unit.
    timesteps : T.

    Returns
    -------
    Currents [T, N, *shape].

    Raises
    ------
    DataError
        Values are no finite numbers, or ``timesteps`` is out of range.
    """
    x = _finite("current", values)
    return np.repeat(x[None], whole("current", "timesteps", timesteps, 1), axis=0)


def _finite(where: str, values: ArrayLike) -> Array:
    x = numeric(where, values).astype(np.float64)
    if x.ndim == 0 or x.size == 0:
        raise DataError(where, f"there are no samples (shape {x.shape})", "give at least one, [N, n]")
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        at = tuple(map(int, bad[0]))
        cause = f"{len(bad)} values from index {at} on are NaN or infinite"
        raise DataError(where, cause, "fill them, e.g. with numpy.nan_to_num, or leave the samples out")
    return x


def _unit(where: str, values: ArrayLike) -> Array:
    x = _finite(where, values)
    if x.min() < 0 or x.max() > 1:
        raise DataError(where, f"the values run from {x.min():.4g} to {x.max():.4g}, outside of [0, 1]", UNIT)
    return x
