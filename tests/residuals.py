"""Residuals of the affine couplings, in both forms: zero, to rounding, for any rollout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import NUMPY
from snnopt.program import AffineCoupling, StateSpace
from snnopt.runtime.forward import Weights, Wiring, current_of
from snnopt.runtime.wires import lagged
from snnopt.split import difference_form

Array = NDArray[Any]


def trace_residual(
    wiring: Wiring, coupling: AffineCoupling, weights: Weights, signals: Mapping[str, Array], potentials: Array
) -> Array:
    """``r[t] = v[t] - (kappa * i)[t] - (eta * a)[t]`` with ``i = sum W F(a_prev) + b``, [T, N, n].

    Parameters
    ----------
    signals : inputs [T, N, n] or [1, N, n] and what every population sends on, spikes a among them, by name.
    potentials : v of the coupling's population, [T, N, n].
    """
    d = coupling.dynamics
    r = potentials - NUMPY.filtered(d, _current(wiring, coupling, weights, signals, potentials))
    if d.spiking:
        feedback = StateSpace(d.A, d.R, d.R * 0, d.C, None, d.states)
        r -= NUMPY.filtered(feedback, lagged(signals[coupling.name], 1, len(r)))
    return np.asarray(r)


def difference_residual(
    wiring: Wiring, coupling: AffineCoupling, weights: Weights, signals: Mapping[str, Array], potentials: Array
) -> Array:
    """``e[t] = v[t] - beta v[t-1] - gain i[t] + reset a[t-1]``, [T, N, n]; the trace residual is its filter, r = kappa * e.

    Parameters as in :func:`trace_residual`.

    Raises
    ------
    CompileError
        The population has more than one state, so the form does not exist.
    """
    form, steps = difference_form(coupling), len(potentials)
    beta, gain, reset = (x.astype(wiring.dtype) for x in (form.beta, form.gain, form.reset))
    i = _current(wiring, coupling, weights, signals, potentials)
    e = potentials - beta * lagged(potentials, 1, steps) - gain * i
    return np.asarray(e + reset * lagged(signals[coupling.name], 1, steps) if coupling.dynamics.spiking else e)


def _current(
    wiring: Wiring, coupling: AffineCoupling, weights: Weights, signals: Mapping[str, Array], potentials: Array
) -> Array:
    steps = len(potentials)
    i = current_of(wiring.incoming[coupling.name], weights, signals, steps, np.empty(potentials.shape, wiring.dtype))
    return np.broadcast_to(i, potentials.shape)
