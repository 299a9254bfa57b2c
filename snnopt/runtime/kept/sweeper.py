"""The words of a sweep, carried out on a kept state with the closed forms that the plan bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import KeptAlgorithm, Word
from snnopt.blocks import Binding
from snnopt.penalties import PenaltyFunction, RateMultiplier
from snnopt.runtime.copies import SplitWeights, WeightPenalties, copies_of
from snnopt.runtime.forward import Wiring
from snnopt.runtime.kept.difference_spikes import DifferenceSpikeSolver
from snnopt.runtime.kept.dynamics import Dynamics, dynamics_of
from snnopt.runtime.kept.norms import Products, apart, moved, products, rms
from snnopt.runtime.kept.outputs import OutputSolver
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.potentials import PotentialSolver
from snnopt.runtime.kept.spikes import SpikeSolver
from snnopt.runtime.kept.state import State
from snnopt.runtime.kept.steps import OutputPass, StepPass
from snnopt.runtime.kept.trace_spikes import TraceSpikeSolver
from snnopt.runtime.kept.weights import KeptWeightSolver
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stacking import stack
from snnopt.runtime.views import CountView, loss_views
from snnopt.split import spike_budgets, spike_costs

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class StepGap:
    """``fires = H(v - theta)`` of one layer as booleans, and the residual ``a - fires``, [T, N, n]."""

    fires: Array
    residual: Array


class KeptSweeper:
    """Solvers of every block, and the state that they work on; ``run`` carries out one word."""

    def __init__(
        self,
        wiring: Wiring,
        bindings: tuple[Binding, ...],
        algorithm: KeptAlgorithm,
        state: State,
        penalties: Mapping[str, PenaltyFunction] | None = None,
    ) -> None:
        program = wiring.program
        self.wiring, self.program, self.algorithm, self.state = wiring, program, algorithm, state
        self.penalties = Penalties(algorithm.penalties(program) if penalties is None else penalties)
        self.dynamics: dict[str, Dynamics] = {
            c.name: dynamics_of(algorithm.form, wiring, c, state.steps) for c in program.couplings
        }
        self.moving = False
        self._last: dict[str, Array] = {}
        self._at: tuple[object, ...] = (None, None, None)
        self._residuals: dict[str, Array] = {}
        self._gaps: dict[str, StepGap] = {}
        self._products: dict[str, tuple[Array, Array, Products]] = {}
        self._pass: StepPass | OutputPass | None = None
        self.weight_penalties = WeightPenalties(program, bindings)
        copies, views = copies_of(bindings), loss_views(wiring, state.steps)
        costs, budgets = spike_costs(program), spike_budgets(program)
        self.weights: dict[str, list[KeptWeightSolver]] = {}
        self.spikes: dict[str, SpikeSolver] = {}
        self.potentials: dict[str, PotentialSolver] = {}
        outputs: dict[str, list[Binding]] = {}
        for b in bindings:
            name = b.block.layers[0]
            match b.block.kind:
                case "weights":
                    split = None
                    if id(b.block.uses) in copies:
                        start = stack(b.block.columns, state.weights)
                        split = SplitWeights(copies[id(b.block.uses)], start, True, algorithm.copy)
                    solver = KeptWeightSolver(b, self.dynamics, self.penalties, wiring, algorithm.ridge, split)
                    self.weights.setdefault(b.block.layers[-1], []).append(solver)
                case "spikes":
                    kind = DifferenceSpikeSolver if algorithm.form == "difference" else TraceSpikeSolver
                    counts = [v for v in views if isinstance(v, CountView) and v.term.owner == name]
                    budget = RateMultiplier(budgets[name], step=1.0) if name in budgets else None
                    priced = (costs.get(name, 0.0), budget, counts)
                    self.spikes[name] = kind(b, self.dynamics, self.penalties, *priced)
                case "potentials":
                    self.potentials[name] = PotentialSolver(b, self.dynamics, self.penalties)
                case "outputs":
                    outputs.setdefault(name, []).append(b)
        self.outputs = {n: OutputSolver(bs, self.dynamics, self.penalties, state.steps) for n, bs in outputs.items()}

    def run(self, word: Word) -> None:
        """Carry out one word."""
        layer = word.layer or ""
        if word.step is not None:
            self._run_at(word.kind, layer, word.step, word.damping)
            return
        self._pass = None
        match word.kind:
            case "rollout":
                self.state.roll_out(self.wiring)
            case "readout":
                for name, output in self.outputs.items():
                    self._solve_weights(name, word.damping)
                    self._solve(output, word.damping)
            case "weights":
                self._solve_weights(layer, word.damping)
            case "spikes":
                self._solve(self.spikes[layer], word.damping)
            case "potentials":
                self._solve(self.outputs.get(layer) or self.potentials[layer], word.damping)
            case "duals":
                if self.moving:
                    self._move_duals()
            case _:
                raise AssertionError(f"{word} is no word of {self.algorithm.name}")

    def reported_weights(self) -> dict[str, Array]:
        """The weights that a user gets: copies where constraints act on them."""
        reported = self.state.weights
        for solvers in self.weights.values():
            for solver in solvers:
                reported = reported | solver.reported(self.state)
        return reported

    def penalties_of_weights(self) -> float:
        """Sum of the objective's penalties on the weights that a user gets."""
        return self.weight_penalties(self.reported_weights())

    def residual(self, layer: str) -> Array:
        """What the layer's dynamics are off by; kept for as long as potentials, spikes and weights stay what they are."""
        state = self._settled()
        if layer not in self._residuals:
            self._residuals[layer] = self.dynamics[layer].residual(state)
        return self._residuals[layer]

    def step_gap(self, layer: str) -> StepGap:
        """What the layer's step coupling is off by, kept as long."""
        state = self._settled()
        if layer not in self._gaps:
            fires = state.v[layer] > self.spikes[layer].threshold
            self._gaps[layer] = StepGap(fires, state.a[layer] - fires)
        return self._gaps[layer]

    def _settled(self) -> State:
        """The state; what is known of another one is forgotten."""
        state = self.state
        at = (state.v, state.a, state.weights)
        if any(x is not y for x, y in zip(at, self._at, strict=True)):
            self._at, self._residuals, self._gaps = at, {}, {}
        return state

    def products(self, coupling: str, residual: Array, dual: Array | None) -> Products:
        """``||r||^2`` and ``<r, u>`` of a coupling; the move of a dual leaves them known."""
        known = self._products.get(coupling)
        return known[2] if known and known[0] is residual and known[1] is dual else products(residual, dual)

    def dual_residuals(self) -> dict[str, float]:
        """``rho`` times the root mean square change of each layer's potentials since the last call.

        Spikes that met the model of a linearised coupling left it a slope that the model had not; its root mean squares are
        added, as of parts of one vector.
        """
        out = {}
        for name, v in self.state.v.items():
            if name in self._last:
                left = [rms(s.mismatch[name]) for s in self.spikes.values() if name in s.mismatch]
                out[name] = math.hypot(self.penalties.rho(name) * math.sqrt(apart(v, self._last[name]) / v.size), *left)
        for solver in self.spikes.values():
            solver.mismatch = {}
        self._last, self._pass = dict(self.state.v), None
        return out

    def pack(self) -> tuple[list[tuple[str, str]], Array]:
        """Every variable that a sweep reads, end to end, and the names of its parts."""
        parts = self._parts()
        return [at for at, _ in parts], np.concatenate([x.ravel() for _, x in parts])

    def unpack(self, x: Array) -> None:
        """Take the variables from one array, in the order of :meth:`pack`; spikes go back into their box."""
        state, at = self.state, 0
        found: dict[str, dict[str, Array]] = {k: {} for k in ("weights", "v", "a", "u", "w", "split v", "split u")}
        for (kind, name), old in self._parts():
            part = x[at : at + old.size].reshape(old.shape)
            boxed = kind == "a" and self.algorithm.box != "none"
            found[kind][name], at = np.clip(part, 0, 1) if boxed else part, at + old.size
        state.weights, state.v, state.a, state.u, state.w = (found[k] for k in ("weights", "v", "a", "u", "w"))
        for k, split in enumerate(self._splits()):
            split.v, split.u = found["split v"][str(k)], found["split u"][str(k)]
        self._last = dict(state.v)

    def _parts(self) -> list[tuple[tuple[str, str], Array]]:
        state = self.state
        kinds = {"weights": state.weights, "v": state.v, "a": state.a, "u": state.u, "w": state.w}
        parts = [((kind, n), x) for kind, arrays in kinds.items() for n, x in sorted(arrays.items())]
        for k, split in enumerate(self._splits()):
            parts += [(("split v", str(k)), split.v), (("split u", str(k)), split.u)]
        return parts

    def _splits(self) -> list[SplitWeights]:
        return [s.split for solvers in self.weights.values() for s in solvers if s.split is not None]

    def snapshot(self) -> Tree:
        """What the next sweep depends on."""
        state = self.state
        return {
            "state": [state.weights, state.v, state.a, state.u, state.w],
            "penalties": dict(self.penalties.values),
            "splits": [split.snapshot() for split in self._splits()],
            "prices": {n: None if s.budget is None else s.budget.price for n, s in self.spikes.items()},
        }

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        state = self.state
        state.weights, state.v, state.a, state.u, state.w = tree["state"]
        self.penalties.values = tree["penalties"]
        for split, kept in zip(self._splits(), tree["splits"], strict=True):
            split.restore(kept)
        for name, solver in self.spikes.items():
            if solver.budget is not None:
                solver.budget = replace(solver.budget, price=tree["prices"][name])
        self._last = dict(state.v)

    def _solve_weights(self, layer: str, damping: float) -> None:
        for solver in self.weights.get(layer, []):
            solver.update(self.state, damping)

    def _solve(self, solver: SpikeSolver | PotentialSolver | OutputSolver, damping: float) -> None:
        state, name = self.state, solver.name
        a, v = state.a.get(name), state.v[name]
        solver.update(state)
        if damping < 1 and a is not None and state.a[name] is not a:
            state.a = state.a | {name: a + damping * (state.a[name] - a)}
        if damping < 1 and state.v[name] is not v:
            state.v = state.v | {name: v + damping * (state.v[name] - v)}

    def _run_at(self, kind: str, layer: str, step: int, damping: float) -> None:
        self._at = (None, None, None)  # arrays are written in place
        if self._pass is None or self._pass.name != layer:
            self._pass = self._pass_through(layer)
        if kind == "potentials":
            held, solve = self._pass.v, self._pass.potentials
        else:
            assert isinstance(self._pass, StepPass)
            held, solve = self._pass.a, self._pass.spikes
        before = held[step].copy() if damping < 1 else held[step]
        solve(step)
        if damping < 1:
            held[step] = before + damping * (held[step] - before)

    def _pass_through(self, layer: str) -> StepPass | OutputPass:
        if layer in self.outputs:
            return OutputPass(self.outputs[layer], self.state)
        solver = self.spikes[layer]
        assert isinstance(solver, DifferenceSpikeSolver)
        return StepPass(solver, self.potentials[layer].rule, self.penalties, self.state)

    def _move_duals(self) -> None:
        state = self.state
        for solver in self.spikes.values():
            solver.move_price(state)
        if self.algorithm.duals == "none":
            return
        if self.algorithm.duals == "output":
            for name in self.outputs:
                e = self.dynamics[name].residual(state)[-1]
                u = state.u.get(name)
                new = np.zeros_like(state.v[name]) if u is None else u.copy()
                new[-1] += self.algorithm.dual_step * e
                state.u = state.u | {name: new}
            return
        for name in self.spikes:
            state.w = state.w | {name: self._moved(f"{name}.step", self.step_gap(name).residual, state.w.get(name))}
        if self.algorithm.duals == "all":
            for name in self.dynamics:
                state.u = state.u | {name: self._moved(name, self.residual(name), state.u.get(name))}

    def _moved(self, coupling: str, residual: Array, dual: Array | None) -> Array:
        new, found = moved(dual, residual, self.algorithm.dual_step)
        self._products[coupling] = (residual, new, found)
        return new
