"""How far a kept state is from feasible and from rest: residuals, the augmented Lagrangian, the gap to the rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.kept.outputs import seen_by
from snnopt.runtime.kept.sweeper import KeptSweeper

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Measures:
    """Of one iteration.

    Attributes
    ----------
    lagrangian : sums over time and means over samples of
        losses at the kept potentials, and of those on counts at the kept spikes;
        L2 at the weights W, other penalties at their copies V, and ``m/2 (||W - V + U||^2 - ||U||^2)`` of each copy;
        ``rho/2 (||e + u||^2 - ||u||^2)`` of every layer's dynamics, and ``sigma/2 (...)`` of every step coupling;
        what spikes cost, and ``price (sum a - rate)`` of every budget.
    primal : root mean square of each coupling's residual, the dynamics by layer and the step coupling as ``<layer>.step``.
    fires : ``H(v - theta)`` of the hidden layers, as booleans.
    """

    lagrangian: float
    primal: dict[str, float]
    fires: dict[str, Array]


def measure(sweeper: KeptSweeper) -> Measures:
    """Measure the state that a sweeper works on."""
    state, primal = sweeper.state, dict[str, float]()
    total = sweeper.weight_penalties(state.weights, sweeper.reported_weights())
    total += sum(solver.pull(state) for solvers in sweeper.weights.values() for solver in solvers)
    for name, output in sweeper.outputs.items():
        m = seen_by(output.term, state.v[name]).astype(np.float64)
        total += output.term.scale * float(output.exact(m, state.targets[name]).mean())
    for name in sweeper.dynamics:
        e = sweeper.residual(name)
        found = sweeper.products(name, e, state.u.get(name))
        primal[name] = float(np.sqrt(found.square / e.size))
        total += sweeper.penalties.rho(name) / 2 * (found.square + 2 * found.cross) / state.count
    fires = {}
    for name, solver in sweeper.spikes.items():
        fires[name], gap = sweeper.step_gap(name).fires, sweeper.step_gap(name).residual
        found = sweeper.products(f"{name}.step", gap, state.w.get(name))
        primal[f"{name}.step"] = float(np.sqrt(found.square / gap.size))
        total += sweeper.penalties.sigma(name) / 2 * (found.square + 2 * found.cross) / state.count
        a = state.a[name]
        if solver.price:
            total += solver.price * float(a.sum(dtype=np.float64)) / state.count
        if solver.budget is not None:
            total -= solver.budget.price * solver.budget.rate * a.size / state.count
        for view in solver.counts:
            total += view.term.scale * float(
                view.function.exact(a.sum(0, dtype=np.float64), state.targets[name]).mean()
            )
    return Measures(total, primal, fires)
