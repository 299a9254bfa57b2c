"""Neurons to NIR's nodes.

One node a layer (``LIF``, ``IF``, ``CubaLIF``, ``LI``, ``I``), which every tool reads, but with another reset; or, exactly,
the membrane, the step and the reset in a node each: ``LI -> Threshold -> Linear(-reset) -> LI``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import CompileError
from snnopt.interop.nir.leaky import Leaky
from snnopt.interop.nir.rounding import steps_between

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class NeuronNodes:
    """Nodes by name, the edges between them, where currents enter, and ``gain`` [n]: what a unit of current adds to v."""

    nodes: dict[str, Any]
    entry: str
    gain: Array
    edges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class NeuronWriter:
    """Writes the neurons of one layer called ``name``, of ``shape``, at time step ``dt``."""

    nir: Any
    name: str
    shape: tuple[int, ...]
    dt: float
    zeros: Array = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zeros", np.zeros(self.shape))

    def plain(self, neuron: Leaky, scaled: bool) -> NeuronNodes:
        """One node. ``scaled``: its currents are divided by 1 - beta and r is 1, as importers expect; else r does it."""
        theta = None if neuron.theta is None else self._full(neuron.theta)
        notes: dict[str, Any] = {"reset": neuron.reset}
        if neuron.alpha is not None:
            synapse, slow = self._constant(neuron.alpha, "alpha", notes), self._constant(neuron.beta, "beta", notes)
            node = self.nir.CubaLIF(
                tau_syn=synapse,
                tau_mem=slow,
                r=slow / self.dt,
                v_leak=self.zeros.copy(),
                v_threshold=theta,
                v_reset=self.zeros.copy(),
                w_in=synapse / self.dt,
            )
            return self._one(node, notes, np.ones(self.zeros.size))
        if np.all(neuron.beta == 1):
            one = np.ones(self.shape)
            node = (
                self.nir.I(r=one) if theta is None else self.nir.IF(r=one, v_threshold=theta, v_reset=self.zeros.copy())
            )
            return self._one(node, notes, np.ones(self.zeros.size))
        tau = self._constant(neuron.beta, "beta", notes)
        r, gain = (np.ones(self.shape), self.dt / tau) if scaled else (tau / self.dt, np.ones(self.shape))
        shared = {"tau": tau, "r": r, "v_leak": self.zeros.copy()}
        if theta is None:
            return self._one(self.nir.LI(**shared), notes, gain.ravel())
        node = self.nir.LIF(**shared, v_threshold=theta, v_reset=self.zeros.copy())
        return self._one(node, notes, gain.ravel())

    def exact(self, neuron: Leaky) -> NeuronNodes:
        """Membrane, step and reset apart; what others read, the step or a read-out's membrane, has the layer's name."""
        if neuron.theta is None:
            return self.plain(neuron, scaled=False)
        theta = self._full(neuron.theta)
        membrane, reset = f"{self.name}.membrane", f"{self.name}.reset"
        step = self.nir.Threshold(threshold=theta)
        step.metadata = {"reset": neuron.reset}
        nodes = {membrane: self._integrator(neuron.beta, "membrane"), self.name: step}
        edges, entry = [(membrane, self.name)], membrane
        if neuron.alpha is not None:
            entry = f"{self.name}.synapse"
            nodes[entry] = self._integrator(neuron.alpha, "synapse")
            edges.append((entry, membrane))
        if neuron.reset != "none":
            taken = theta if neuron.reset == "delayed" else self._full(neuron.beta) * theta
            flat = len(self.shape) == 1
            nodes[reset] = self.nir.Linear(weight=np.diag(-taken)) if flat else self.nir.Scale(scale=-taken)
            nodes[reset].metadata = {"part": "reset"}
            edges += [(self.name, reset), (reset, membrane)]
        return NeuronNodes(nodes, entry, np.ones(self.zeros.size), tuple(edges))

    def _one(self, node: Any, notes: dict[str, Any], gain: Array) -> NeuronNodes:
        node.metadata = notes
        return NeuronNodes({self.name: node}, self.name, gain)

    def _integrator(self, decay: Array, part: str) -> Any:
        notes: dict[str, Any] = {"part": part}
        if np.all(decay == 1):
            node = self.nir.I(r=np.ones(self.shape))
        else:
            tau = self._constant(decay, "beta", notes)
            node = self.nir.LI(tau=tau, r=tau / self.dt, v_leak=self.zeros.copy())
        node.metadata = notes
        return node

    def _constant(self, decay: Array, what: str, notes: dict[str, Any]) -> Array:
        """The time constant ``dt / (1 - decay)``; ``notes`` keep what rounding took."""
        exact = self._full(decay)
        if np.any(exact == 1):
            every = "every neuron has" if np.all(exact == 1) else "some neurons have"
            fix = "use decays below 1, put neurons without decay into a layer of their own (so.IF), or encoding='exact'"
            raise CompileError(f"layer {self.name!r}", f"{every} {what} = 1, an infinite time constant", fix)
        tau = self.dt / (1 - exact)
        steps = steps_between(1 - self.dt / tau, exact)
        if steps is not None:
            notes[f"{what}_steps"] = steps
        return tau

    def _full(self, values: Array) -> Array:
        return np.broadcast_to(values, math.prod(self.shape)).reshape(self.shape).astype(np.float64)
