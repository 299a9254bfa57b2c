"""One layer, one step of time after the other, with all other steps frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.dynamics import DifferenceDynamics
from snnopt.runtime.kept.outputs import OutputSolver, weights_in_time
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.spikes import DifferenceSpikeSolver
from snnopt.runtime.kept.state import State
from snnopt.runtime.wires import advanced

Array = NDArray[Any]


class StepPass:
    """What stays the same while a sweep goes through the steps of one hidden layer, in difference form.

    The layer's arrays in the state are copies, written in place; nobody else's change meanwhile.
    """

    def __init__(self, solver: DifferenceSpikeSolver, potentials_rule: Any, penalties: Penalties, state: State) -> None:
        self.solver, self.rule, self.penalties, self.name = solver, potentials_rule, penalties, solver.name
        own = solver.dynamics[self.name]
        assert isinstance(own, DifferenceDynamics)
        self.own, self.steps, self.state = own, state.steps, state
        state.a = state.a | {self.name: state.a[self.name].copy()}
        state.v = state.v | {self.name: state.v[self.name].copy()}
        self.a, self.v, self.u = state.a[self.name], state.v[self.name], state.u.get(self.name)
        self.w = state.w.get(self.name)
        self.pulls = [r.pull(state) for r in solver.readers]
        self.outside = own.gain * own.current(state, skip=self.name)
        self.asked = self._asked(state)
        self.normals = {active: solver.normal(self.pulls, active, self.a.dtype) for active in solver.sets(self.steps)}
        self.linear = solver.linear(state)
        self.lag = next((r.lag for r in solver.readers if r.dynamics is own), 1)
        self.feedback = next((p for r, p in zip(solver.readers, self.pulls, strict=True) if r.dynamics is own), None)

    def spikes(self, t: int) -> None:
        """Solve for the spikes at step t."""
        sigma, rho = self.penalties.sigma(self.name), self.penalties.rho(self.name)
        fires = (self.v[t] > self.solver.threshold).astype(self.v.dtype)
        right = sigma * (fires if self.w is None else fires - self.w[t]) + self.asked[t]
        right = right + (self.linear[0] if np.ndim(self.linear) == 3 else self.linear)
        if self.feedback is not None and (then := t + self.lag) < self.steps:
            rest = self.v[then] - self.own.beta * self.v[then - 1] - self.outside[then]
            rest = rest if self.u is None else rest + self.u[then]
            right = right + rho * rest @ self.feedback.T
        active = tuple(t + r.lag < self.steps for r in self.solver.readers)
        self.a[t] = self.solver.rule.solve(self.normals[active], right)
        self.state.a = self.state.a | {
            self.name: self.a[:]
        }  # a new view, so that nobody keeps currents of the old ones

    def potentials(self, t: int) -> None:
        """Solve for the potentials at step t."""
        last = t == self.steps - 1
        self.v[t] = self.rule.solve(
            self._drive(t),
            None if last else self._drive(t + 1),
            self.v[t - 1] if t else None,
            None if last else self.v[t + 1],
            self.a[t] if self.w is None else self.a[t] + self.w[t],
            self.own.beta,
            self.penalties.rho(self.name),
            self.penalties.sigma(self.name),
            self.solver.threshold,
        )

    def _drive(self, t: int) -> Array:
        """h[t], the layer's own earlier spikes included."""
        h = self.outside[t]
        if t >= self.lag and self.feedback is not None:
            h = h + self.a[t - self.lag] @ self.feedback
        return h if self.u is None else h - self.u[t]

    def _asked(self, state: State) -> Array:
        """What the readers other than the layer itself ask of its spikes: ``sum rho G' c``, c without these spikes."""
        total = np.zeros_like(self.a)
        for reader, pull in zip(self.solver.readers, self.pulls, strict=True):
            if reader.dynamics is self.own:
                continue
            d, name = reader.dynamics, reader.dynamics.coupling.name
            assert isinstance(d, DifferenceDynamics)
            rest = state.v[name] - d.gain * d.current(state, skip=self.name)
            rest[1:] -= d.beta * state.v[name][:-1]
            if d.coupling.dynamics.spiking:
                rest[1:] += d.reset * state.a[name][:-1]
            if name in state.u:
                rest = rest + state.u[name]
            total += advanced(self.penalties.rho(name) * rest @ pull.T, reader.lag)
        return total


class OutputPass:
    """What stays the same while a sweep goes through the steps of one output, in difference form.

    The output's potentials in the state are a copy, written in place; nobody else's change meanwhile.
    """

    def __init__(self, solver: OutputSolver, state: State) -> None:
        self.solver, self.state, self.name = solver, state, solver.name
        state.v = state.v | {self.name: state.v[self.name].copy()}
        self.v, self.u = state.v[self.name], state.u.get(self.name)
        self.prediction = solver.dynamics.prediction(state)
        self.drive = self.prediction if self.u is None else self.prediction - self.u

    def potentials(self, t: int) -> None:
        """Solve for the potentials at step t."""
        solver, v, h = self.solver, self.v, self.drive
        rho, beta, target = solver.penalties.rho(self.name), solver.dynamics.beta, self.state.targets[self.name]
        last, rule, scale = t == len(v) - 1, solver.rule_at(t), solver.term.scale
        if last and solver.published:
            q = self.prediction[t] + (beta * v[t - 1] if t else 0)
            multiplier = np.zeros_like(q) if self.u is None else rho * self.u[t]
            v[t] = rule.solve(q, multiplier, scale, target)
            return
        omega = weights_in_time(solver.term, v)
        seen = np.tensordot(omega, v, (0, 0)) if omega.ndim == 1 else (omega * v).sum(0)
        v[t] = rule.solve(
            h[t],
            None if last else h[t + 1],
            v[t - 1] if t else None,
            None if last else v[t + 1],
            seen - omega[t] * v[t],
            omega[t],
            beta,
            rho,
            solver.function,
            scale,
            target,
        )
