"""What a network does where spikes reset the membrane to zero, as NIR has it and its importers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.interop.nir.leaky import recognised
from snnopt.program import AffineCoupling, Program
from snnopt.runtime import Activity, Samples, Wiring, rollout
from snnopt.runtime.forward import step_mask

Array = NDArray[Any]


class ResetMismatchWarning(UserWarning):
    """A network changes its spikes where it goes, as resets there are to zero."""


@dataclass(frozen=True)
class SpikeChange:
    """One layer's spikes under its ``own`` reset and under a reset to ``zero``.

    ``changed`` is the number of places (neuron, step and sample) where one spikes and the other does not, ``either`` that of
    places where one or both do.
    """

    own: int
    zero: int
    changed: int
    either: int

    @property
    def share(self) -> float:
        """Changed places over those where either spikes; 0 where none does."""
        return self.changed / self.either if self.either else 0.0


@dataclass(frozen=True)
class ResetReplay:
    """By layer, what a reset to zero changes. Print it for a table."""

    layers: Mapping[str, SpikeChange]

    @property
    def share(self) -> float:
        """The share of all layers together."""
        return SpikeChange(
            0, 0, *(sum(getattr(c, k) for c in self.layers.values()) for k in ("changed", "either"))
        ).share

    def __str__(self) -> str:
        lines = [f"With a reset to zero, {self.share:.1%} of the spikes change:"]
        lines += [
            f"  {name}: {c.changed} of {c.either} ({c.share:.1%}); {c.own} spikes with its own reset, {c.zero} with that"
            for name, c in self.layers.items()
        ]
        return "\n".join(lines)


def replayed(program: Program, matrices: Mapping[str, Array], samples: Samples, dtype: np.dtype[Any]) -> ResetReplay:
    """Run the network with its own resets and with resets to zero, and compare the spikes.

    ``matrices`` are the weights as :func:`snnopt.runtime.check_weights` returns them.
    """
    wiring, data = Wiring(program, dtype), samples.take(slice(None), dtype)
    own = rollout(wiring, matrices, data, samples.steps, lengths=samples.lengths)
    zero = zero_reset_rollout(wiring, matrices, data, samples.steps)
    counted = np.ones((1, 1), bool)
    if samples.lengths is not None:
        counted = step_mask(samples.lengths, samples.steps, dtype) > 0
    found = {}
    for c in program.hidden:
        a, b = own[c.name].spikes, zero[c.name].spikes
        assert a is not None and b is not None
        s, z = (a > 0) & counted[:, :, None], (b > 0) & counted[:, :, None]
        found[c.name] = SpikeChange(int(s.sum()), int(z.sum()), int((s != z).sum()), int((s | z).sum()))
    return ResetReplay(found)


def zero_reset_rollout(
    wiring: Wiring, matrices: Mapping[str, Array], data: Mapping[str, Array], steps: int
) -> dict[str, Activity]:
    """Run a network whose spikes reset the membrane to zero within the step::

        c[t] = alpha c[t-1] + i[t],   v[t] = beta u[t-1] + c[t],   s[t] = H(v[t] - theta),   u[t] = (1 - s[t]) v[t]

    Parameters
    ----------
    data : per input, [T, N, n], or [1, N, n] for a value held constant.

    Returns
    -------
    By population: ``potentials`` v before the reset, and ``spikes``, [T, N, n].
    """
    program = wiring.program
    samples = next(iter(data.values())).shape[1]
    shape = {c.name: (steps, samples, c.size) for c in program.couplings}
    v = {n: np.zeros(s, wiring.dtype) for n, s in shape.items()}
    s = {c.name: np.zeros(shape[c.name], wiring.dtype) for c in program.couplings if c.dynamics.spiking}
    sent = dict(data) | v | s
    neurons = {c.name: _ResettingNeuron(c, wiring.dtype) for c in program.couplings}
    for t in range(steps):
        for c in program.couplings:
            v[c.name][t] = neurons[c.name].step(_current(wiring, matrices, sent, c, t, samples))
            if c.name in s:
                s[c.name][t] = neurons[c.name].fire()
    return {n: Activity(v[n], s.get(n)) for n in v}


def _current(
    wiring: Wiring, matrices: Mapping[str, Array], sent: Mapping[str, Array], c: AffineCoupling, t: int, samples: int
) -> Array:
    """The current into a layer at step t, [N, n]."""
    total = np.zeros((samples, c.size), wiring.dtype)
    for wire in wiring.incoming[c.name]:
        m, x = wire.map, sent[wire.map.source]
        past = t - m.lag
        at = np.zeros_like(x[0]) if past < 0 else x[past if len(x) > 1 else 0]
        weight, bias = (None if n is None else matrices[n] for n in (m.weight, m.bias))
        total = total + wire.current(at, weight, bias)
    return total


class _ResettingNeuron:
    """The state of one layer."""

    def __init__(self, c: AffineCoupling, dtype: np.dtype[Any]) -> None:
        neuron = recognised(c)
        self.beta = neuron.beta.astype(dtype)
        self.alpha = None if neuron.alpha is None else neuron.alpha.astype(dtype)
        self.theta = None if neuron.theta is None else neuron.theta.astype(dtype)
        self.v: Any = dtype.type(0)
        self.c: Any = dtype.type(0)

    def step(self, current: Array) -> Array:
        self.c = current if self.alpha is None else self.alpha * self.c + current
        self.v = self.beta * self.v + self.c
        return self.v

    def fire(self) -> Array:
        spikes = self.v > self.theta
        self.v = np.where(spikes, self.v.dtype.type(0), self.v)
        return spikes
