"""Output blocks: the potentials of read-outs under their loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import LOSS_FUNCTIONS, Binding
from snnopt.program import Term
from snnopt.runtime.kept.dynamics import Dynamics
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.state import State
from snnopt.split import window

Array = NDArray[Any]


class OutputSolver:
    """The potentials of one output, at all steps together or at one.

    ``bindings`` are its blocks: one, or one of the steps before the last and one of the last step.
    """

    def __init__(
        self, bindings: Sequence[Binding], dynamics: dict[str, Dynamics], penalties: Penalties, steps: int
    ) -> None:
        block = bindings[0].block
        self.rules: dict[str, Any] = {b.block.at: b.rule for b in bindings}
        self.published = any(b.block.published for b in bindings)
        self.name, (self.term,), self.steps = block.layers[0], block.terms, steps
        self.dynamics, self.penalties = dynamics[self.name], penalties
        self.function = LOSS_FUNCTIONS[self.term.kind]

    def exact(self, m: Array, target: Array) -> Array:
        """The loss of each sample [N] at m [N, units], not its smooth stand-in."""
        return self.function.exact(m, target)

    def rule_at(self, t: int) -> Any:
        """The rule of one step."""
        return self.rules.get("all") or self.rules["last" if t == self.steps - 1 else "before last"]

    def update(self, state: State) -> None:
        """Solve for the potentials at all steps."""
        h, target = self.dynamics.drive(state), state.targets[self.name]
        omega = weights_in_time(self.term, state.v[self.name])
        settings = (self.penalties.rho(self.name), self.function, self.term.scale)
        v = self.rules["all"].solve(h, self.dynamics.beta, omega, *settings, target)
        state.v = state.v | {self.name: v}


def weights_in_time(term: Term, potentials: Array) -> Array:
    """omega: the window's weights [T], or a unit at each largest potential [T, N, n]."""
    assert term.over is not None
    if term.over[0] == "max":
        peak = potentials.argmax(0)[None]
        omega = np.zeros_like(potentials)
        np.put_along_axis(omega, peak, 1, 0)
        return omega
    return window(term.over, len(potentials), term.name).astype(potentials.dtype)


def seen_by(term: Term, potentials: Array) -> Array:
    """m [N, units]: what the loss takes of the potentials."""
    omega = weights_in_time(term, potentials)
    return np.tensordot(omega, potentials, (0, 0)) if omega.ndim == 1 else (omega * potentials).sum(0)
