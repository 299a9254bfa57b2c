"""Demands travel back: the adjoint of the linear parts, with the step coupling's move in between.

``da[t]`` is the demand on a population's spikes (minus a gradient), ``dv[t]`` the wanted change of its potentials in
units of the demand (rho times volts), ``lambda`` the costate; backward in t::

    dv[t] = move(da[t] + R' lambda[t+1] + feedback),   lambda[t] = C' dv[t] + A' lambda[t+1],   j[t] = B' lambda[t]

and the demand on what feeds the population is ``W' j[t]``. Where demands are held over windows of steps, it is ``W'`` times the
mean of j over the window that t is in: the exact adjoint of a network whose maps see each window's mean of the spikes. j changes
within a membrane's time constant, so that a few steps lose little, and products are as much fewer as windows are long.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.backends import Demand, Dithered, HeldDemand, Move, Separable, means_of, window_count
from snnopt.program import AffineCoupling
from snnopt.runtime.forward import Weights, Wiring
from snnopt.runtime.wires import Wire, advanced
from snnopt.runtime.workspace import FRESH, Workspace

Array = NDArray[Any]


def demand_on(
    name: str,
    wiring: Wiring,
    weights: Weights,
    demands: Mapping[str, Demand],
    inside: set[str],
    steps: int,
    workspace: Workspace = FRESH,
) -> Demand | None:
    """Sum of what populations outside ``inside`` ask of the spikes of ``name`` in ``steps`` steps."""
    total: Demand | None = None
    for target, wire in wiring.outgoing[name]:
        if target in inside or target not in demands:
            continue
        part = _pull(wire, weights, demands[target], steps, workspace)
        total = part if total is None else sum_of(total, part)
    return total


def _pull(wire: Wire, weights: Weights, j: Demand, steps: int, workspace: Workspace) -> Demand:
    weight = None if wire.map.weight is None else weights[wire.map.weight]
    if isinstance(j, Separable) and j.profile.shape[2] > 1:
        j = j.dense()
    if isinstance(j, Separable):
        return Separable(advanced(j.profile, wire.map.lag), wire.pullback(j.value, weight, workspace))
    assert not isinstance(j, HeldDemand), "what is asked of a current is made of sums"
    if len(j) < steps:  # its rows are sums over windows
        return HeldDemand(wire.pullback(means_of(j, steps), weight, workspace), steps)
    return wire.pullback(advanced(j, wire.map.lag), weight, workspace)


def sum_of(a: Demand, b: Demand) -> Demand:
    """Sum of two demands, separable where both share their profile, held where both are over the same windows."""
    if isinstance(a, Separable) and isinstance(b, Separable) and np.array_equal(a.profile, b.profile):
        return Separable(a.profile, a.value + b.value)
    if isinstance(a, HeldDemand) and isinstance(b, HeldDemand) and len(a.value) == len(b.value):
        return HeldDemand(a.value + b.value, a.steps)
    a, b = (d.dense() if isinstance(d, Separable | HeldDemand) else d for d in (a, b))
    return np.asarray(a + b)


def priced(demand: Demand | None, price: float, like: Array, mask: Array | None) -> Array:
    """A demand on spikes [T, N, n] less the price of each spike that counts (the gradient of a spike cost)."""
    if demand is None:
        dense = np.zeros_like(like)
    else:
        dense = demand.dense() if isinstance(demand, Separable | HeldDemand) else demand
    step = dense.dtype.type(price)
    return dense - (step if mask is None else step * mask[:, :, None])


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a pass back asks of one population.

    Attributes
    ----------
    moves : of its potentials, dv [T, N, n] in units of the demand, or a function that finds them once more, which must be called
        before the batch's arrays are written on.
    current : the demand j on its current, as sums over K windows of steps, [K, N, n]; K = T for j itself, K = 1 where nothing
        that makes the current changes in time.
    squared : the sums over time of dv's squares, [N, n], where they were found on the way.
    """

    moves: Array | Callable[[], Array]
    current: Array
    squared: Array | None = None

    @cached_property
    def potentials(self) -> Array:
        """dv [T, N, n]."""
        return self.moves() if callable(self.moves) else self.moves

    @property
    def squares(self) -> float:
        """The sum of the squares of all moves."""
        return sum_of_squares(self.potentials) if self.squared is None else float(self.squared.sum(dtype=np.float64))

    def times(self, share: float) -> Wanted:
        """This share of the moves and of the demand."""
        if share == 1:
            return self
        scale = self.current.dtype.type(share)
        squared = None if self.squared is None else scale**2 * self.squared
        return Wanted(lambda: scale * self.potentials, scale * self.current, squared)


def demands_of_cell(
    wiring: Wiring,
    members: list[AffineCoupling],
    weights: Weights,
    outside: Mapping[str, Demand],
    moves: Mapping[str, Move],
    shapes: Mapping[str, tuple[int, ...]],
    workspace: Workspace = FRESH,
    still: Collection[str] = (),
    hold: int = 1,
) -> dict[str, Wanted]:
    """Run one cell backward in time, given the demands from outside and each member's step rule.

    ``still`` are signals that do not change in time; ``hold`` is the longest window that demands are held over, 1 for exact ones.
    Those of layers that read through delays, or that feed themselves, are exact.
    """
    names = {c.name for c in members}
    steps = next(iter(shapes.values()))[0]
    inner = {c.name: [(t, w) for t, w in wiring.outgoing[c.name] if t in names] for c in members}
    held = 1 if any(inner.values()) else hold
    rows = {c.name: _rows(c, steps, still, held) for c in members}
    j = {n: workspace.array((n, "demand"), (rows[n], *shapes[n][1:]), wiring.dtype) for n in names}
    if not any(inner.values()):
        return {
            c.name: _wanted(wiring, c, outside.get(c.name), moves[c.name], j[c.name], shapes[c.name], workspace)
            for c in members
        }
    dv = {n: workspace.array((n, "moves"), shapes[n], wiring.dtype) for n in names}
    runs = {
        c.name: wiring.kernels.backward(c.dynamics, outside.get(c.name), moves[c.name], j[c.name], dv[c.name])
        for c in members
    }
    for t in range(steps - 1, -1, -1):
        for c in reversed(members):
            asked: Array | None = None
            for target, wire in inner[c.name]:
                if t + wire.map.lag < steps:
                    weight = None if wire.map.weight is None else weights[wire.map.weight]
                    pulled = wire.pullback(j[target][t + wire.map.lag], weight)
                    asked = pulled if asked is None else asked + pulled
            runs[c.name].step(t, asked)
    return {n: Wanted(dv[n], j[n]) for n in dv}


def sum_of_squares(x: Array) -> float:
    """Of all entries."""
    flat = x.ravel()
    return float(np.dot(flat, flat))


def _wanted(
    wiring: Wiring,
    coupling: AffineCoupling,
    demand: Demand | None,
    move: Move,
    j: Array,
    shape: tuple[int, ...],
    workspace: Workspace,
) -> Wanted:
    """What a population that does not feed itself is asked for; of the dithered step's moves only their size is kept."""
    space, name, steps = coupling.dynamics, coupling.name, shape[0]
    if not isinstance(move, Dithered):
        dv = workspace.array((name, "moves"), shape, wiring.dtype)
        wiring.kernels.adjoint(space, demand, move, steps, j, potentials=dv)
        return Wanted(dv, j)

    def again() -> Array:
        found = np.empty(shape, wiring.dtype)
        wiring.kernels.adjoint(space, demand, move, steps, np.empty_like(j), potentials=found)
        return found

    squared = workspace.array((name, "squares"), shape[1:], wiring.dtype)
    wiring.kernels.adjoint(space, demand, move, steps, j, squares=squared)
    return Wanted(again, j, squared)


def _rows(coupling: AffineCoupling, steps: int, still: Collection[str], hold: int) -> int:
    """How many windows the demand on a population's current is summed over."""
    if any(m.lag for m in coupling.maps):
        return steps
    return 1 if all(m.source in still for m in coupling.maps) else window_count(steps, hold)
