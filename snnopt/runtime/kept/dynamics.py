"""The dynamics of one layer in either form: what drives its potentials, and how far they are from it.

In both forms the residual plus its scaled dual is ``v[t] - beta v[t-1] - h[t]``: in difference form with the neuron's beta and
``h = gain i - reset a[t-1] - u``, in trace form with beta = 0 and ``h = kappa * i + eta * a - u``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import one_or_each
from snnopt.program import AffineCoupling, StateSpace
from snnopt.runtime.forward import Weights, Wiring
from snnopt.runtime.kept.state import State
from snnopt.runtime.wires import Wire, advanced, lagged
from snnopt.split import Form, difference_form

Array = NDArray[Any]


class Dynamics(ABC):
    """One layer's dynamics."""

    beta: Any
    """Decay from step to step in the residual, [n] or one number; 0 in trace form."""

    def __init__(self, wiring: Wiring, coupling: AffineCoupling, steps: int) -> None:
        self.coupling, self.steps, self.dtype = coupling, steps, wiring.dtype
        self.wires = wiring.incoming[coupling.name]
        self._known: dict[Wire, tuple[Any, Any, Any, Array]] = {}

    @property
    def threshold(self) -> Any:
        """One number or [n], of a layer that spikes."""
        assert self.coupling.dynamics.threshold is not None
        return one_or_each(self.coupling.dynamics.threshold, self.dtype)

    @property
    @abstractmethod
    def features_of(self) -> AffineCoupling:
        """The coupling whose kernel filters regression features: this one, or one without memory."""

    @abstractmethod
    def prediction(self, state: State) -> Array:
        """``h + u``: what the layer's potentials would be (less ``beta v[t-1]``), were its dynamics met, [T, N, n]."""

    @abstractmethod
    def on_current(self, residual: Array) -> Array:
        """A residual as a demand on the layer's current: the adjoint of how the current enters it."""

    def drive(self, state: State) -> Array:
        """h, [T, N, n]."""
        h, u = self.prediction(state), state.u.get(self.coupling.name)
        return h if u is None else h - u

    def residual(self, state: State) -> Array:
        """``v[t] - beta v[t-1] - (h + u)``, [T, N, n]: zero where the dynamics hold."""
        v = state.v[self.coupling.name]
        r = v - self.prediction(state)
        if np.any(self.beta):
            for t in range(1, self.steps):
                r[t] -= self.beta * v[t - 1]
        return r

    def residual_and_dual(self, state: State) -> Array:
        """The residual plus its scaled dual."""
        r, u = self.residual(state), state.u.get(self.coupling.name)
        return r if u is None else r + u

    def current(self, state: State, skip: str | None = None) -> Array:
        """The current [T, N, n], read-only, without what comes from the source ``skip`` (its maps' biases stay)."""
        total: Any = self.dtype.type(0)
        for wire in self.wires:
            if wire.map.source != skip:
                total = total + self._one(wire, state) if np.ndim(total) else self._one(wire, state)
            elif wire.map.bias is not None:
                total = total + wire.current(
                    np.zeros((1, 1, self._width(wire, state)), self.dtype), *pair(state.weights, wire)
                )
        return np.broadcast_to(total, (self.steps, state.count, self.coupling.size))

    def _one(self, wire: Wire, state: State) -> Array:
        """One wire's current, kept until its weights or its source change."""
        x, (weight, bias) = state.signals[wire.map.source], pair(state.weights, wire)
        known = self._known.get(wire)
        if known is not None and known[0] is x and known[1] is weight and known[2] is bias:
            return known[3]
        i = wire.current(lagged(x, wire.map.lag, self.steps), weight, bias)
        self._known[wire] = (x, weight, bias, i)
        return i

    @staticmethod
    def _width(wire: Wire, state: State) -> int:
        return state.signals[wire.map.source].shape[2]


class DifferenceDynamics(Dynamics):
    """``e[t] = v[t] - beta v[t-1] - gain i[t] + reset a[t-1]``."""

    def __init__(self, wiring: Wiring, coupling: AffineCoupling, steps: int) -> None:
        super().__init__(wiring, coupling, steps)
        form = difference_form(coupling)
        self.beta, self.gain, self.reset = (one_or_each(x, self.dtype) for x in (form.beta, form.gain, form.reset))

    @property
    def features_of(self) -> AffineCoupling:  # noqa: D102
        gain = np.atleast_1d(np.asarray(self.gain, np.float64))[None]
        zero = np.zeros((1, 1, 1))
        static = StateSpace(zero, gain, zero[0], np.ones((1, 1)), None, ("v",))
        return replace(self.coupling, dynamics=static)

    def prediction(self, state: State) -> Array:  # noqa: D102
        h = self.gain * self.current(state)
        if self.coupling.dynamics.spiking and np.any(self.reset):
            a = state.a[self.coupling.name]
            for t in range(1, self.steps):
                h[t] -= self.reset * a[t - 1]
        return np.asarray(h)

    def on_current(self, residual: Array) -> Array:  # noqa: D102
        return np.asarray(self.gain * residual)


class TraceDynamics(Dynamics):
    """``r = v - kappa * i - eta * a``."""

    beta = 0.0

    def __init__(self, wiring: Wiring, coupling: AffineCoupling, steps: int) -> None:
        super().__init__(wiring, coupling, steps)
        d, self._kernels = coupling.dynamics, wiring.kernels
        self._through = StateSpace(d.A, d.B, d.R * 0, d.C, None, d.states)
        self._feedback = StateSpace(d.A, d.R, d.R * 0, d.C, None, d.states)
        self.resets = bool(np.any(d.R))
        self._predicted: tuple[list[Any], Array] | None = None

    @property
    def features_of(self) -> AffineCoupling:  # noqa: D102
        return self.coupling

    def through(self, current: Array) -> Array:
        """``kappa * i``, [T, N, n]."""
        return self._kernels.filtered(self._through, current)

    def through_adjoint(self, residual: Array) -> Array:
        """Its adjoint."""
        return self.through(residual[::-1])[::-1]

    def feedback(self, spikes: Array) -> Array:
        """``eta * a``, [T, N, n]."""
        return self._kernels.filtered(self._feedback, lagged(spikes, 1, self.steps))

    def feedback_adjoint(self, residual: Array) -> Array:
        """Its adjoint."""
        return advanced(self._kernels.filtered(self._feedback, residual[::-1])[::-1], 1)

    def prediction(self, state: State) -> Array:
        """Kept, read-only, until the weights, the spikes or the inputs that it is of are others."""
        name, spiking = self.coupling.name, self.coupling.dynamics.spiking and self.resets
        of = [x for wire in self.wires for x in (state.signals[wire.map.source], *pair(state.weights, wire))]
        of.append(state.a[name] if spiking else None)
        if self._predicted is None or any(x is not y for x, y in zip(of, self._predicted[0], strict=True)):
            h = self.through(self.current(state))
            if spiking:
                h += self.feedback(state.a[name])
            h.setflags(write=False)
            self._predicted = of, h
        return self._predicted[1]

    def on_current(self, residual: Array) -> Array:  # noqa: D102
        return self.through_adjoint(residual)


def dynamics_of(form: Form, wiring: Wiring, coupling: AffineCoupling, steps: int) -> Dynamics:
    """The dynamics of a layer in a form."""
    kind = DifferenceDynamics if form == "difference" else TraceDynamics
    return kind(wiring, coupling, steps)


def pair(weights: Weights, wire: Wire) -> tuple[Array | None, Array | None]:
    """The weight and the bias of a wire."""
    m = wire.map
    return (None if m.weight is None else weights[m.weight], None if m.bias is None else weights[m.bias])
