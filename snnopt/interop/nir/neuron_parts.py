"""NIR's nodes to neurons: one node a layer, or a layer whose membrane, step and reset are nodes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError
from snnopt.interop.nir.leaky import RESETS, Leaky, Reset, reset_of
from snnopt.interop.nir.parameters import ROUNDING, Method, Parameters
from snnopt.interop.nir.parts import Parts

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of neurons as a graph has it.

    Attributes
    ----------
    node : the node that other layers read.
    entry : the node that currents come into.
    inner : edges that belong to the neurons themselves.
    neuron : its dynamics, one value for each neuron.
    gain : what a unit of NIR's current adds to our membrane, [n].
    leak : a constant current on top, in our units, [n].
    zero_reset : whether the file says only that spikes reset the membrane to zero.
    """

    node: str
    entry: str
    inner: frozenset[tuple[str, str]]
    neuron: Leaky
    gain: Array
    leak: Array
    shape: tuple[int, ...]
    zero_reset: bool = False


def layers_of(parts: Parts, dt: float, method: Method) -> dict[str, Layer]:
    """All layers, by the node that others read."""
    read = _Reader(parts, Parameters(parts, dt, method))
    steps = [n for n, node in parts.nodes.items() if type(node).__name__ == "Threshold"]
    found = {n: read.threshold(n) for n in steps}
    taken = {end for layer in found.values() for edge in layer.inner for end in edge}
    for name in parts.nodes:
        if name not in taken and parts.kind(name).role == "neuron":
            found[name] = read.node(name)
    return found


@dataclass(frozen=True, eq=False)
class _Reader:
    parts: Parts
    read: Parameters

    def node(self, name: str) -> Layer:
        """A layer that is one node."""
        kind = type(self.parts.nodes[name]).__name__
        shape = self.read.shape(name, "r")
        theta = self.read.threshold(name, "v_threshold", shape) if kind in ("LIF", "IF", "CubaLIF") else None
        if theta is not None and np.any(self.read.array(name, "v_reset", shape)):
            fix = "set v_reset to 0, and thresholds and leaks relative to it"
            raise ModelError(self.parts.where(name), "its v_reset is not zero", fix)
        noted = self.parts.note(name, "reset")
        reset: Reset = noted if noted in RESETS and theta is not None else "delayed" if theta is not None else "none"
        alpha, leak = None, np.zeros(shape)
        if kind in ("IF", "I"):
            beta, gain = np.ones(shape), self.read.array(name, "r", shape)
        elif kind == "CubaLIF":
            if np.any(self.read.array(name, "v_leak", shape)):
                cause = "its v_leak is not zero, a current into the membrane that does not pass the synapse"
                raise ModelError(self.parts.where(name), cause, "set v_leak to 0, and thresholds relative to it")
            alpha, inner = self.read.decay(name, "tau_syn", "alpha", shape)
            beta, outer = self.read.decay(name, "tau_mem", "beta", shape)
            gain = (self.read.array(name, "w_in", shape) * inner) * (self.read.array(name, "r", shape) * outer)
        else:
            beta, gain, leak = self.read.integrator(name, shape)
        neuron = Leaky(beta.ravel(), None if alpha is None else alpha.ravel(), None if theta is None else theta, reset)
        gain = self.read.snapped(name, gain)
        zero = theta is not None and noted not in RESETS
        return Layer(name, name, frozenset(), neuron, gain.ravel(), leak.ravel(), shape, zero)

    def threshold(self, name: str) -> Layer:
        """A layer that ends in a ``Threshold`` node, with its membrane before it and its reset around it."""
        where, parts = self.parts.where(name), self.parts
        if len(parts.before[name]) != 1 or type(parts.nodes[parts.before[name][0]]).__name__ not in ("LI", "I"):
            fix = "feed it from one LI (or I) node, the neurons' membrane"
            raise ModelError(where, "it is not fed by a membrane alone", fix)
        (membrane,) = parts.before[name]
        if parts.after[membrane] != [name]:
            fix = "give the step a membrane of its own"
            raise ModelError(where, f"other nodes read its membrane, {parts.where(membrane)}, too", fix)
        shape = self.read.shape(membrane, "r")
        theta = self.read.threshold(name, "threshold", shape)
        beta, gain, leak = self.read.integrator(membrane, shape)
        gain = self.read.snapped(membrane, gain)
        back, reset = self._reset(name, membrane, beta.ravel(), theta, gain.ravel())
        inner = {(membrane, name), *([] if back is None else [(name, back), (back, membrane)])}
        entry, alpha = membrane, None
        feeding = [n for n in parts.before[membrane] if n != back]
        if len(feeding) == 1 and parts.note(feeding[0], "part") == "synapse" and parts.after[feeding[0]] == [membrane]:
            (entry,) = feeding
            inner.add((entry, membrane))
            slow, within, constant = self.read.integrator(entry, shape)
            if np.any(constant) or np.any(leak):
                raise ModelError(parts.where(entry), "there is a leak potential in this neuron", "set v_leak to 0")
            alpha, gain = slow.ravel(), self.read.snapped(entry, within * gain)
        neuron = Leaky(beta.ravel(), alpha, theta, reset)
        return Layer(name, entry, frozenset(inner), neuron, gain.ravel(), leak.ravel(), shape)

    def _reset(self, name: str, membrane: str, beta: Array, theta: Array, gain: Array) -> tuple[str | None, Reset]:
        """The node from the step back to the membrane that is its reset, if there is one, and what it does."""
        parts, found = self.parts, list[tuple[str, Reset]]()
        for back in parts.after[name]:
            taken = self._diagonal(back) if parts.before[back] == [name] and parts.after[back] == [membrane] else None
            if taken is None or taken.shape != theta.shape:
                continue
            noted = parts.note(name, "reset")
            kind = reset_of(beta, theta, -taken * gain, _agree)
            if kind == "delayed" and noted == "immediate" and _agree(-taken * gain, beta * theta):
                kind = "immediate"
            if kind in ("delayed", "immediate"):
                found.append((back, kind))
        marked = [f for f in found if parts.note(f[0], "part") == "reset"] or found
        return marked[0] if marked else (None, "none")

    def _diagonal(self, name: str) -> Array | None:
        """The factors of a node that acts on each neuron alone, or None."""
        kind = type(self.parts.nodes[name]).__name__
        if kind == "Scale":
            return self.parts.numbers(name, "scale").ravel()
        if kind != "Linear":
            return None
        w = self.parts.numbers(name, "weight")
        square = w.ndim == 2 and w.shape[0] == w.shape[1]
        return np.diagonal(w) if square and np.count_nonzero(w) == np.count_nonzero(np.diagonal(w)) else None


def _agree(a: Array, b: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= ROUNDING * np.finfo(np.float64).eps * np.maximum(np.abs(a), np.abs(b))))
