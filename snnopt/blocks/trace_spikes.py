"""Spikes in trace form without a box: a Sylvester equation, solved in the modes of its matrices over time and neurons."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.rule import ClosedForm
from snnopt.blocks.spikes import not_spikes
from snnopt.split import Block

Array = NDArray[Any]


class TraceModes(NamedTuple):
    """``a = P (gain * (P' right Q)) Q'``: P [T, T], Q [n, n], gain [T, n]."""

    P: Array
    Q: Array
    gain: Array


class TraceSpikes(ClosedForm):
    """``min_a  rho_s/2 ||y_s - K a W'||^2 + rho_l/2 ||y_l - E a||^2 + sigma/2 ||a - (H(v - theta) - w)||^2 - <linear, a>``.

    For each sample, a [T, n] without unit, y in volts. K and E [T, T] hold kappa of the one layer that reads the spikes
    (shifted down by its lag) and eta of the layer itself: lower triangular, Toeplitz. The minimiser solves ::

        rho_s K'K a M + (rho_l E'E + sigma I) a = right,    M = W'W = Q diag(m) Q',

    so column j of aQ solves ``(rho_s m_j K'K + rho_l E'E + sigma I) z = (right Q)_j``. These n systems need no factor each:
    one basis P of time serves them all, ``P' (m_max rho_s K'K) P = diag(c^2)`` and ``P' (rho_l E'E + sigma I) P = diag(s^2)``,
    found from K and E themselves, as their squares would lose digits (generalised singular values; Golub and Van Loan,
    Matrix Computations, 4th edition, section 6.1.6).
    A layer that reads itself, that several read, or whose neurons have kernels of their own, has no such equation:
    ``split_kept`` refuses it.
    """

    formula: ClassVar[str] = (
        "a = P [(P' right Q) / (c_i^2 m_j/m_max + s_i^2)] Q',  W'W = Q diag(m) Q'   (exact, no box, one reader)"
    )

    @classmethod
    def matches(cls, block: Block) -> str | None:  # noqa: D102
        reason = not_spikes(block, "trace", "none")
        if reason is None and block.order == "one":
            reason = "it solves for all steps of time together"
        return reason

    @staticmethod
    def prepare(mixing: Array, K: Array, E: Array, rho_next: float, rho_own: float, sigma: float) -> TraceModes:
        """Return the modes, in the dtype of ``mixing``: T^2 + n^2 + T n numbers (2.9 MB at T = 150, n = 512).

        Parameters
        ----------
        mixing : ``M = W'W`` of the layer that reads the spikes, [n, n]; zeros where none does.
        K, E : [T, T], that layer's trace and the layer's own reset; zeros where there is none.
        rho_next, rho_own, sigma : penalties of the reader's dynamics, of the layer's own, and of the step.
        """
        m, Q = np.linalg.eigh(mixing.astype(np.float64))
        m, steps = np.maximum(m, 0), len(K)
        most = m.max() or 1.0
        roots = (np.sqrt(rho_next * most) * K, np.sqrt(rho_own) * E, np.sqrt(sigma) * np.eye(steps))
        ortho, R = np.linalg.qr(np.concatenate([r.astype(np.float64) for r in roots]))
        _, c, V = np.linalg.svd(ortho[:steps])
        s = np.linalg.norm(ortho[steps:] @ V.T, axis=0)
        gain = 1 / (np.multiply.outer(c**2, m / most) + s[:, None] ** 2)
        return TraceModes(*(x.astype(mixing.dtype) for x in (np.linalg.solve(R, V.T), Q, gain)))

    @staticmethod
    def solve(prepared: TraceModes, right: Array) -> Array:
        """Return a [T, N, n].

        Parameters
        ----------
        prepared : what :meth:`prepare` returned.
        right : ``rho_s K' y_s W + rho_l E' y_l + sigma (H - w) + linear``, [T, N, n].
        """
        P, Q, gain = prepared
        z = np.tensordot(P.T, right @ Q, 1) * gain[:, None]
        return np.tensordot(P, z, 1) @ Q.T
