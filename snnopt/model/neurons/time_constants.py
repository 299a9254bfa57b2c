"""Time constants to decays per step."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError, shown, unknown_name

METHODS = ("exp", "euler")


def beta_from_tau(tau: ArrayLike, dt: float, method: Literal["exp", "euler"] = "exp") -> float | NDArray[np.float64]:
    """The decay per step of a membrane or synapse with time constant ``tau``.

    ``exp(-dt/tau)`` decays as the continuous equation does; ``1 - dt/tau`` is what Euler's method makes of it, as in NIR,
    snnTorch's and Norse's importers.

    Parameters
    ----------
    tau, dt : time constant (a number, or one for each neuron) and time step, in one unit.
    method : ``"exp"`` or ``"euler"``.

    Raises
    ------
    ModelError
        ``tau`` or ``dt`` is not positive, or Euler's step is not shorter than ``tau``, so that nothing would be left.
    UnknownNameError
        There is no such method.
    """
    if method not in METHODS:
        raise unknown_name("beta_from_tau: method", method, METHODS)
    step, constants = _positive("dt", dt), _positive("tau", tau)
    if step.ndim:
        raise ModelError("beta_from_tau", f"dt = {shown(dt)}", "give one time step for all neurons")
    ratio = step / constants
    if method == "euler" and np.any(ratio >= 1):
        cause = (
            f"dt = {float(step):g} is not shorter than tau = {float(constants.min()):g}, so Euler's decay would be <= 0"
        )
        raise ModelError("beta_from_tau", cause, "use a shorter step, or method='exp'")
    beta = np.exp(-ratio) if method == "exp" else 1 - ratio
    return np.asarray(beta, np.float64) if beta.ndim else float(beta)


def _positive(what: str, value: Any) -> NDArray[np.float64]:
    try:
        given = np.asarray(value)
        array = given.astype(np.float64) if given.dtype.kind in "fiu" else np.asarray(np.nan)
    except ValueError:
        array = np.asarray(np.nan)
    if array.size == 0 or not np.all(np.isfinite(array) & (array > 0)):
        raise ModelError("beta_from_tau", f"{what} = {shown(value)}", "give a positive, finite number, e.g. in seconds")
    return array
