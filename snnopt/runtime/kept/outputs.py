"""Output blocks: the potentials of read-outs under their loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import LOSS_FUNCTIONS, Binding
from snnopt.blocks.output_step import OutputStep
from snnopt.blocks.published_output_step import PublishedOutputStep
from snnopt.program import Term
from snnopt.runtime.kept.dynamics import Dynamics
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.state import State
from snnopt.split import window

Array = NDArray[Any]


class OutputSolver:
    """The potentials of one output, at all steps together or at one."""

    def __init__(self, binding: Binding, dynamics: dict[str, Dynamics], penalties: Penalties) -> None:
        self.rule: Any = binding.rule
        self.published = binding.block.published
        self.name = binding.block.layers[0]
        self.dynamics, self.penalties = dynamics[self.name], penalties
        (self.term,) = binding.block.terms
        self.function = LOSS_FUNCTIONS[self.term.kind]

    def exact(self, m: Array, target: Array) -> Array:
        """The loss of each sample [N] at m [N, units], not its smooth stand-in."""
        return self.function.exact(m, target)

    def update(self, state: State) -> None:
        """Solve for the potentials at all steps."""
        h, target = self.dynamics.drive(state), state.targets[self.name]
        omega = weights_in_time(self.term, state.v[self.name])
        settings = (self.penalties.rho(self.name), self.function, self.term.scale)
        v = self.rule.solve(h, self.dynamics.beta, omega, *settings, target)
        state.v = state.v | {self.name: v}

    def update_at(self, state: State, t: int) -> None:
        """Solve for the potentials at one step, in place."""
        v, h, last = state.v[self.name], self.dynamics.drive(state), state.steps - 1
        if self.published and t == last:
            q = self.dynamics.prediction(state)[t] + (self.dynamics.beta * v[t - 1] if t else 0)
            u = state.u.get(self.name)
            multiplier = np.zeros_like(q) if u is None else self.penalties.rho(self.name) * u[t]
            v[t] = PublishedOutputStep.solve(q, multiplier, self.term.scale, state.targets[self.name])
            return
        omega = weights_in_time(self.term, v)
        rest = (
            np.tensordot(omega, v, (0, 0)) - omega[t] * v[t]
            if omega.ndim == 1
            else (omega * v).sum(0) - omega[t] * v[t]
        )
        rule = OutputStep if self.published else self.rule  # the published rule is for the last step only
        v[t] = rule.solve(
            h[t],
            h[t + 1] if t < last else None,
            v[t - 1] if t else None,
            v[t + 1] if t < last else None,
            rest,
            omega[t],
            self.dynamics.beta,
            self.penalties.rho(self.name),
            self.function,
            self.term.scale,
            state.targets[self.name],
        )


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
