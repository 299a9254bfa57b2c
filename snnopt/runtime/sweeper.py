"""The words of a sweep, carried out on a batch with the closed forms that the plan bound."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import Algorithm, Word
from snnopt.algorithms.settings import Exact
from snnopt.blocks import Binding
from snnopt.penalties import LevenbergMarquardt
from snnopt.program import AffineCoupling, Program
from snnopt.runtime.adjoint import Demand, Move, demand_on, demands_of_cell, priced, sum_of
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Wiring, rollout
from snnopt.runtime.moves import DitheredMoves, ExactMoves, LinearMoves, Moves
from snnopt.runtime.readout_solver import ReadoutSolver
from snnopt.runtime.views import CountView, loss_views
from snnopt.runtime.weights import WeightSolver

Array = NDArray[Any]


class Sweeper:
    """Weights, running sums and step rules of one run; ``run`` carries out one word on one batch.

    Parameters
    ----------
    program, bindings, algorithm : what the plan holds.
    weights : starting weights as matrices.
    steps : T.
    """

    def __init__(
        self,
        program: Program,
        bindings: tuple[Binding, ...],
        algorithm: Algorithm,
        weights: dict[str, Array],
        steps: int,
    ) -> None:
        self.program, self.algorithm, self.weights, self.steps = program, algorithm, weights, steps
        self.dtype = np.dtype(algorithm.dtype)
        self.wiring = Wiring(program, self.dtype)
        self.control = LevenbergMarquardt()
        self.fade = 1.0
        self.views = loss_views(self.wiring, steps)
        weight_bindings = [b for b in bindings if b.block.kind == "weights"]
        self.solved_with: dict[str, list[WeightSolver]] = {}
        for b in weight_bindings:
            beside = max(sum(n in other.block.layers for other in weight_bindings) for n in b.block.layers)
            solver = WeightSolver(b, self.wiring, steps, algorithm.weight_block, 1 / beside)
            self.solved_with.setdefault(b.block.layers[-1], []).append(solver)
        self.readouts = [
            ReadoutSolver(b, self.views, self.wiring, algorithm.readout_block)
            for b in bindings
            if b.block.kind == "readout"
        ]
        self.moves: dict[str, Moves] = {
            b.block.layers[0]: self._moves(b) for b in bindings if b.block.kind == "potentials"
        }
        self.spike_costs: dict[str, float] = {}
        for t in program.terms:
            if t.kind == "spike_cost":
                self.spike_costs[t.owner] = self.spike_costs.get(t.owner, 0.0) + t.scale

    def run(self, word: Word, batch: Batch) -> None:
        """Carry out one word."""
        match word.kind:
            case "rollout":
                self.roll_out(batch)
            case "readout":
                self._solve_readouts(batch)
            case "demands":
                self._demands(batch)
            case "potentials":
                assert word.layer is not None
                wanted, step = batch.wanted[word.layer], self.fade * self.control.step
                batch.rho[word.layer] = self.moves[word.layer].penalty(batch, wanted, step)
            case "weights":
                for solver in self.solved_with.get(word.layer or "", []):
                    relaxation = self.algorithm.weight_block.relaxation * (self.fade if self._exact else 1.0)
                    changed, predicted = solver.update(self.weights, batch, self.control.ridge, relaxation)
                    self.weights = self.weights | changed
                    batch.predicted_weights += predicted

    def roll_out(self, batch: Batch) -> None:
        """Run the network on the batch; find its loss and accuracy."""
        batch.activity = rollout(
            self.wiring, self.weights, batch.data, self.steps, readouts=False, lengths=batch.lengths
        )
        for view in self.views:
            view.look(batch)
        for readout in self.readouts:
            readout.look(batch, self.weights)
        batch.loss, batch.accuracy = self._judge(batch)

    def _solve_readouts(self, batch: Batch) -> None:
        for readout in self.readouts:
            self.weights = self.weights | readout.update(self.weights, batch, self.fade)
        batch.solved, (batch.solved_loss, batch.solved_accuracy) = self.weights, self._judge(batch)

    def _judge(self, batch: Batch) -> tuple[float, float]:
        """Objective and mean accuracy of the batch at what its losses see."""
        judged = [view.judge(batch) for view in self.views]
        counted = self.steps if batch.lengths is None else float(batch.lengths.mean())
        spikes = sum(
            c * counted * self.program.by_name[n].size * batch.firing_rate(n) for n, c in self.spike_costs.items()
        )
        return self.penalties() + spikes + sum(loss for loss, _ in judged), float(np.mean([hit for _, hit in judged]))

    def penalties(self) -> float:
        """Sum of the objective's penalties at the present weights."""
        return sum(
            t.scale / 2 * float(np.sum(self.weights[n].astype(np.float64) ** 2))
            for t in self.program.terms
            if t.kind == "l2"
            for n in t.variables
        )

    @property
    def _exact(self) -> bool:
        return isinstance(self.algorithm.step_coupling, Exact)

    def _moves(self, binding: Binding) -> Moves:
        settings, name = self.algorithm.step_coupling, binding.block.layers[0]
        coupling = self.program.by_name[name]
        if not coupling.dynamics.spiking:
            share = settings.share if isinstance(settings, Exact) else settings.volts
            return LinearMoves(name, share, binding.rule)
        threshold = self._threshold(coupling)
        if isinstance(settings, Exact):
            inside = next(cell for cell in self.program.cells if name in cell)
            feedback = any(m.source in inside for m in coupling.maps)
            return ExactMoves(name, threshold, settings, binding.rule, feedback)
        return DitheredMoves(name, threshold, settings, binding.rule)

    def _threshold(self, coupling: AffineCoupling) -> Any:
        theta = coupling.dynamics.threshold
        assert theta is not None
        return self.dtype.type(theta[0]) if np.all(theta == theta[0]) else theta.astype(self.dtype)

    def _demands(self, batch: Batch) -> None:
        on_spikes: dict[str, Demand] = {}
        for view in self.views:
            name = view.term.owner
            found = on_spikes if isinstance(view, CountView) else batch.demands
            found[name] = sum_of(found[name], view.demand(batch)) if name in found else view.demand(batch)
        for cell in reversed(self.program.cells):
            members = [self.program.by_name[n] for n in cell if n in self.moves]
            if not members:
                continue
            outside, moves = dict[str, Demand](), dict[str, Move]()
            for c in members:
                demand = demand_on(c.name, self.wiring, self.weights, batch.demands, set(cell))
                if c.name in on_spikes:
                    demand = on_spikes[c.name] if demand is None else sum_of(demand, on_spikes[c.name])
                if c.name in self.spike_costs:
                    like = batch.activity[c.name].potentials
                    demand = priced(demand, self.spike_costs[c.name], like, batch.mask)
                if demand is not None:
                    outside[c.name] = demand
                moves[c.name] = self.moves[c.name].prepare(batch, demand, self.control.step)
            shapes = {c.name: batch.activity[c.name].potentials.shape for c in members}
            wanted = demands_of_cell(self.wiring, members, self.weights, outside, moves, shapes)
            batch.wanted |= wanted
            batch.demands |= {n: w.current for n, w in wanted.items()}
