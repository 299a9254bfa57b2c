"""One layer, one step of time after the other, with all other steps frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.difference_spikes import DifferenceSpikeSolver
from snnopt.runtime.kept.dynamics import DifferenceDynamics, Dynamics
from snnopt.runtime.kept.outputs import OutputSolver, weights_in_time
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.responses import DifferenceResponse
from snnopt.runtime.kept.state import State
from snnopt.runtime.kept.tangents import Tangent
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
        self.tangents = solver.tangents(state)
        self.held = solver.held(self.tangents)
        self.outside = own.gain * own.current(state, skip=self.name)
        self.asked = self._asked(state)
        self.rests = {t.name: self._rest(t.dynamics, state) for t in self.tangents if t.dynamics is not own}
        sets, dtype = solver.sets(self.steps), self.a.dtype
        self.normals = {active: solver.normal(self.pulls, active, self.held, dtype) for active in sets}
        self.linear = solver.linear(state)
        self.feedback = {r.lag: p for r, p in zip(solver.readers, self.pulls, strict=True) if r.dynamics is own}
        for tangent in self.tangents:
            self.feedback |= _pulls(tangent) if tangent.dynamics is own else {}
        solver.mismatch = {t.name: np.zeros_like(self.a) for t in self.tangents}

    def spikes(self, t: int) -> None:
        """Solve for the spikes at step t."""
        sigma, rho, solver = self.penalties.sigma(self.name), self.penalties.rho(self.name), self.solver
        fires = (self.v[t] > solver.threshold).astype(self.v.dtype)
        right = sigma * (fires if self.w is None else fires - self.w[t]) + self.asked[t]
        right = right + (self.linear[0] if np.ndim(self.linear) == 3 else self.linear)
        for reader, pull in zip(solver.readers, self.pulls, strict=True):
            if reader.dynamics is self.own and (then := t + reader.lag) < self.steps:
                right = right + rho * self._alone(then) @ pull.T
        for tangent in self.tangents:
            right = right + tangent.tau * self.a[t] + tangent.rho * self._seen(tangent, t)
        active = tuple(t + r.lag < self.steps for r in solver.readers)
        found = solver.solve(self.normals[active], self.held, right)
        for tangent in self.tangents:
            change, off = found - self.a[t], solver.mismatch[tangent.name]
            back = [change @ p @ p.T for lag, p in _pulls(tangent).items() if t + lag < self.steps]
            off[t] = tangent.rho * sum(back) - tangent.tau * change
        self.a[t] = found
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
        for lag, pull in self.feedback.items():
            h = h + self.a[t - lag] @ pull if t >= lag else h
        return h if self.u is None else h - self.u[t]

    def _alone(self, t: int) -> Array:
        """The layer's own residual at t, with its dual, without these spikes."""
        rest = self.v[t] - self.own.beta * self.v[t - 1] - self.outside[t]
        return np.asarray(rest if self.u is None else rest + self.u[t])

    def _seen(self, tangent: Tangent, t: int) -> Array:
        """Minus the gradient in the present spikes at t, over rho: ``sum_d G_d'(e + u)[t + d]``."""
        total, pulls = np.zeros_like(self.a[t]), _pulls(tangent)
        for lag, pull in pulls.items():
            if (then := t + lag) < self.steps:
                rest = self._alone(then) if tangent.dynamics is self.own else self.rests[tangent.name][then]
                for d, p in pulls.items():
                    rest = rest - self.a[then - d] @ p if then >= d else rest
                total += rest @ pull.T
        return total

    def _asked(self, state: State) -> Array:
        """What the exact readers other than the layer itself ask of its spikes: ``sum rho G' c``, c without these spikes."""
        total = np.zeros_like(self.a)
        for reader, pull in zip(self.solver.readers, self.pulls, strict=True):
            if reader.dynamics is not self.own:
                rest = self._rest(reader.dynamics, state)
                total += advanced(self.penalties.rho(reader.name) * rest @ pull.T, reader.lag)
        return total

    def _rest(self, d: Dynamics, state: State) -> Array:
        """Another layer's residual with its dual, without these spikes."""
        assert isinstance(d, DifferenceDynamics)
        name = d.coupling.name
        rest = state.v[name] - d.gain * d.current(state, skip=self.name)
        rest[1:] -= d.beta * state.v[name][:-1]
        if d.coupling.dynamics.spiking:
            rest[1:] += d.reset * state.a[name][:-1]
        return np.asarray(rest + state.u[name] if name in state.u else rest)


def _pulls(tangent: Tangent) -> Mapping[int, Array]:
    assert isinstance(tangent.response, DifferenceResponse)
    return tangent.response.pulls


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
