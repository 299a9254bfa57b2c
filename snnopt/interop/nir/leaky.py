"""The neurons that NIR has words for, recognised by their state space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import CompileError
from snnopt.program import AffineCoupling, StateSpace

Array = NDArray[Any]
Reset = Literal["delayed", "immediate", "none"]

RESETS: tuple[Reset, ...] = ("delayed", "immediate", "none")


@dataclass(frozen=True, eq=False)
class Leaky:
    """``c[t] = alpha c[t-1] + i[t]``, ``v[t] = beta v[t-1] + c[t] - reset s[t-1]``; without alpha, ``c = i``.

    Attributes
    ----------
    beta, alpha, theta : one number or one for each neuron; ``alpha`` None without synaptic current, ``theta`` without spikes.
    reset : ``"delayed"`` takes theta, ``"immediate"`` beta theta, ``"none"`` nothing.
    """

    beta: Array
    alpha: Array | None
    theta: Array | None
    reset: Reset

    @property
    def kind(self) -> str:
        """The name of the neuron."""
        if self.theta is None:
            return "LI"
        if self.alpha is not None:
            return "CubaLIF"
        return "IF" if np.all(self.beta == 1) else "LIF"


def recognised(coupling: AffineCoupling) -> Leaky:
    """The coupling's dynamics as a :class:`Leaky`.

    Raises
    ------
    CompileError
        NIR has no node for them.
    """
    space, where = coupling.dynamics, f"layer {coupling.name!r}"
    found = _one_state(space) if space.order == 1 else _two_states(space) if space.order == 2 else None
    if found is None or not _sound(found):
        what = "an ALIF" if "adaptation" in space.states else f"a neuron with the states {', '.join(space.states)}"
        fix = "export networks of so.LIF, so.IF, so.CubaLIF and so.LI; keep this one by result.save(...)"
        raise CompileError(where, f"NIR has no node for {what} and these equations", fix)
    return found


def reset_of(beta: Array, theta: Array, taken: Array, agree: Any) -> Reset | None:
    """Which reset takes ``taken`` from the membrane, by ``agree(a, b)``; None where none does."""
    if not np.any(taken):
        return "none"
    if agree(taken, theta):
        return "delayed"
    return "immediate" if agree(taken, beta * theta) else None


def _one_state(space: StateSpace) -> Leaky | None:
    if not np.all(space.B == 1) or not np.all(space.C == 1):
        return None
    return _leaky(space, space.A[0, 0], None)


def _two_states(space: StateSpace) -> Leaky | None:
    (beta, into), (back, alpha) = space.A
    plain = not np.any(back) and np.all(into == alpha) and np.all(space.B == 1)
    if not plain or not np.all(space.C[0] == 1) or np.any(space.C[1]) or np.any(space.R[1]) or not space.spiking:
        return None
    found = _leaky(space, beta, alpha)
    return None if found is None or found.reset == "immediate" else found


def _leaky(space: StateSpace, beta: Array, alpha: Array | None) -> Leaky | None:
    if space.threshold is None:
        return None if np.any(space.R) else Leaky(beta, alpha, None, "none")
    reset = reset_of(beta, space.threshold, -space.R[0], lambda a, b: bool(np.all(a == b)))
    return None if reset is None else Leaky(beta, alpha, space.threshold, reset)


def _sound(found: Leaky) -> bool:
    decays = [found.beta, *([] if found.alpha is None else [found.alpha])]
    positive = found.theta is None or bool(np.all(found.theta > 0))
    return positive and all(bool(np.all((d > 0) & (d <= 1))) for d in decays)
