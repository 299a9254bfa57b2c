"""The rollout: a program run forward in time, population by population where there is no feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import NUMPY, Kernels
from snnopt.program import AffineCoupling, LinearMap, Program
from snnopt.runtime.wires import Wire, lagged
from snnopt.runtime.workspace import FRESH, Workspace

Array = NDArray[Any]
Weights = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Activity:
    """Potentials and spikes of one population, [T, N, n]; ``spikes`` is None where it does not spike.

    ``lengths`` [N] are the numbers of steps that count, None for all; after them potentials and spikes are zero.
    """

    potentials: Array
    spikes: Array | None
    lengths: Array | None = None

    def __repr__(self) -> str:
        rate = "does not spike" if self.spikes is None else f"firing rate {self.firing_rate:.3f}"
        return f"Activity(potentials {self.potentials.shape}, {rate})"

    @property
    def firing_rate(self) -> float:
        """Spikes per neuron and step that counts; NaN where it does not spike."""
        if self.spikes is None:
            return float("nan")
        steps, samples = self.spikes.shape[:2]
        counted = 1.0 if self.lengths is None else float(np.sum(self.lengths)) / (steps * samples)
        return float(self.spikes.mean()) / counted

    @property
    def output(self) -> Array:
        """What the population sends on: spikes, or potentials of one that does not spike."""
        return self.potentials if self.spikes is None else self.spikes


class Wiring:
    """A program's maps bound to one dtype and one backend; made once and used for every batch."""

    def __init__(self, program: Program, dtype: np.dtype[Any], kernels: Kernels = NUMPY) -> None:
        self.program, self.dtype, self.kernels = program, dtype, kernels
        self.wires = {m: Wire(m, dtype) for c in program.couplings for m in c.maps}
        self.incoming = {c.name: [self.wires[m] for m in c.maps] for c in program.couplings}
        self.outgoing: dict[str, list[tuple[str, Wire]]] = {c.name: [] for c in program.couplings}
        for name, wires in self.incoming.items():
            for wire in wires:
                if wire.map.source in self.outgoing:
                    self.outgoing[wire.map.source].append((name, wire))
        self.unseen = frozenset(
            c.name
            for c in program.couplings
            if not c.dynamics.spiking
            and not self.outgoing[c.name]
            and not any(t.over == ("max", 0) for t in program.losses if t.owner == c.name)
        )
        """Read-outs whose potentials nothing reads: training needs their linear functionals only."""

    def wire(self, m: LinearMap) -> Wire:
        """The map, ready to run."""
        return self.wires[m]


def rollout(
    wiring: Wiring,
    weights: Weights,
    data: Mapping[str, Array],
    steps: int,
    readouts: bool = True,
    lengths: Array | None = None,
    workspace: Workspace = FRESH,
) -> dict[str, Activity]:
    """Run the network forward.

    Parameters
    ----------
    weights : variables as matrices [channels, fan_in] and biases [channels], by name.
    data : per input, [T, N, n], or [1, N, n] for a value held constant.
    steps : T.
    readouts : whether to run read-outs whose potentials nothing reads (training needs only their linear functionals).
    lengths : number of steps of each sample [N]; potentials and spikes after them are zero. None for T.
    workspace : where potentials and spikes are written; for good, unless one is given.
    """
    mask = None if lengths is None else step_mask(lengths, steps, wiring.dtype)
    signals, activity = dict(data), dict[str, Activity]()
    for cell in wiring.program.cells:
        members = [wiring.program.by_name[name] for name in cell]
        if not readouts and wiring.unseen.issuperset(cell):
            continue
        found = _run_cell(wiring, members, weights, signals, steps, workspace)
        if mask is not None:
            found = {n: _cut(a, mask) for n, a in found.items()}
        activity |= found
        signals |= {name: a.output for name, a in found.items()}
    return activity


def step_mask(lengths: Array, steps: int, dtype: np.dtype[Any]) -> Array:
    """1 for the steps of each sample that count, [T, N]."""
    return (np.arange(steps)[:, None] < lengths).astype(dtype)


def _cut(a: Activity, mask: Array) -> Activity:
    spikes = None if a.spikes is None else a.spikes * mask[:, :, None]
    return Activity(a.potentials * mask[:, :, None], spikes)


def _run_cell(
    wiring: Wiring,
    members: list[AffineCoupling],
    weights: Weights,
    signals: Mapping[str, Array],
    steps: int,
    workspace: Workspace,
) -> dict[str, Activity]:
    names = {c.name for c in members}
    samples = next(iter(signals.values())).shape[1]
    shape = {c.name: (steps, samples, c.size) for c in members}
    v = {n: workspace.array((n, "potentials"), shape[n], wiring.dtype) for n in shape}
    fixed: dict[str, Array] = {}
    inner: dict[str, list[Wire]] = {}
    for c in members:
        inner[c.name] = [w for w in wiring.incoming[c.name] if w.map.source in names]
        outside = [w for w in wiring.incoming[c.name] if w.map.source not in names]
        fixed[c.name] = current_of(outside, weights, signals, steps, v[c.name])
    s = {
        c.name: workspace.array((c.name, "spikes"), shape[c.name], wiring.dtype) if c.dynamics.spiking else None
        for c in members
    }
    if not any(inner.values()):
        for c in members:
            wiring.kernels.rollout(c.dynamics, fixed[c.name], v[c.name], s[c.name])
        return {n: Activity(v[n], s[n]) for n in v}
    runs = {c.name: wiring.kernels.forward(c.dynamics, v[c.name], s[c.name]) for c in members}
    for t in range(steps):
        for c in members:
            i = fixed[c.name][t if len(fixed[c.name]) > 1 else 0]
            for wire in inner[c.name]:
                sent, past = _output(v, s, wire.map.source), t - wire.map.lag
                if past >= 0 or wire.map.bias is not None:
                    i = i + wire.current(sent[past] if past >= 0 else np.zeros_like(sent[0]), *_pair(weights, wire))
            runs[c.name].step(t, i)
    return {n: Activity(v[n], s[n]) for n in v}


def current_of(wires: list[Wire], weights: Weights, signals: Mapping[str, Array], steps: int, room: Array) -> Array:
    """Sum of the wires' currents over all steps, [T, N, n], or [1, N, n] if constant; ``room`` [T, N, n] may be written on."""
    total: Array | None = None
    for wire in wires:
        x = lagged(signals[wire.map.source], wire.map.lag, steps)
        out = room if total is None and len(x) == len(room) else None
        i = wire.current(x, *_pair(weights, wire), out)
        total = i if total is None else total + i
    return np.zeros((1, *room.shape[1:]), room.dtype) if total is None else total


def _pair(weights: Weights, wire: Wire) -> tuple[Array | None, Array | None]:
    m = wire.map
    return (None if m.weight is None else weights[m.weight], None if m.bias is None else weights[m.bias])


def _output(v: Mapping[str, Array], s: Mapping[str, Array | None], name: str) -> Array:
    spikes = s[name]
    return v[name] if spikes is None else spikes
