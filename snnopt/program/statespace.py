"""A population's dynamics: a linear state space with a spike feedback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StateSpace:
    """Dynamics that are linear between spikes, per neuron::

        x[t] = A x[t-1] + B i[t] + R s[t-1],    v[t] = C x[t],    s[t] = H(v[t] - threshold)

    The last axis of every array is over neurons, of length 1 where all neurons share the value.

    Attributes
    ----------
    A : [d, d, m], state transition.
    B, R, C : [d, m], input, spike feedback (reset, adaptation) and read-out of the membrane potential.
    threshold : [m], in volts, or None for a population that does not spike.
    states : names of the d states, the first for printing only.
    """

    A: Array
    B: Array
    R: Array
    C: Array
    threshold: Array | None
    states: tuple[str, ...]

    @property
    def order(self) -> int:
        """Number of states d."""
        return len(self.B)

    @property
    def spiking(self) -> bool:
        """Whether the population has a step coupling."""
        return self.threshold is not None

    @property
    def uniform(self) -> bool:
        """Whether all neurons share one filter kernel (thresholds and resets may still differ)."""
        return all(bool(np.all(a == a[..., :1])) for a in (self.A, self.B, self.C))


def state_space(
    A: Sequence[Sequence[ArrayLike]],
    B: Sequence[ArrayLike],
    R: Sequence[ArrayLike],
    C: Sequence[ArrayLike],
    threshold: ArrayLike | None,
    states: tuple[str, ...],
) -> StateSpace:
    """Build a :class:`StateSpace` from scalars or per-neuron arrays nested in lists: ``A[i][j]``, ``B[i]``, ..."""
    d = len(states)
    rows = [np.atleast_1d(np.asarray(A[i][j], np.float64)) for i in range(d) for j in range(d)]
    a = np.stack(np.broadcast_arrays(*rows)).reshape(d, d, -1)
    b, r, c = (np.stack(np.broadcast_arrays(*[np.atleast_1d(np.asarray(e, np.float64)) for e in m])) for m in (B, R, C))
    theta = None if threshold is None else np.atleast_1d(np.asarray(threshold, np.float64))
    return StateSpace(a, b, r, c, theta, states)
