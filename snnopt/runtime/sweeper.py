"""The words of a sweep, carried out on a batch with the closed forms that the plan bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import RolloutAlgorithm, Word
from snnopt.backends import Demand, Move, Separable, one_or_each
from snnopt.blocks import Binding
from snnopt.penalties import FlippedStep, LevenbergMarquardt, RateMultiplier
from snnopt.runtime.adjoint import demand_on, demands_of_cell, priced, sum_of
from snnopt.runtime.batch import Batch
from snnopt.runtime.copies import SplitWeights, WeightPenalties, copies_of
from snnopt.runtime.forward import Wiring, rollout
from snnopt.runtime.moves import DitheredMoves, ExactMoves, LinearMoves, Moves
from snnopt.runtime.readout_solver import ReadoutSolver
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stacking import stack, unstack
from snnopt.runtime.views import CountView, judge, loss_views
from snnopt.runtime.weights import WeightSolver
from snnopt.split import Columns, spike_budgets, spike_costs

Array = NDArray[Any]


PULL = 0.1
"""Penalty of weights' copies under a penalty, over the mean square of their features."""


class Sweeper:
    """Weights, running sums and step rules of one run; ``run`` carries out one word on one batch.

    Parameters
    ----------
    wiring, bindings, algorithm : what the plan holds, in the algorithm's dtype.
    weights : starting weights as matrices.
    steps : T.
    penalties : the penalty function of each step coupling; None for the algorithm's.

    ``fade`` is what is left of the step, ``judges_solved`` whether the loss is found once more after the read-outs are solved.
    """

    def __init__(
        self,
        wiring: Wiring,
        bindings: tuple[Binding, ...],
        algorithm: RolloutAlgorithm,
        weights: dict[str, Array],
        steps: int,
        penalties: Mapping[str, Any] | None = None,
    ) -> None:
        program = wiring.program
        self.couplings = algorithm.penalties(program) if penalties is None else penalties
        self.program, self.algorithm, self.weights, self.steps = program, algorithm, weights, steps
        self.dtype, self.wiring = wiring.dtype, wiring
        self.exact = isinstance(algorithm.step_coupling, FlippedStep)
        self.control = LevenbergMarquardt()
        self.fade, self.judges_solved = 1.0, True
        self.views = loss_views(self.wiring, steps, bindings)
        self.weight_penalties = WeightPenalties(program, bindings)
        copies = copies_of(bindings)
        self.split: dict[int, tuple[tuple[Columns, ...], SplitWeights]] = {}
        for b in bindings:
            if b.block.kind in ("weights", "readout") and id(b.block.uses) in copies:
                copy = copies[id(b.block.uses)]
                split = SplitWeights(copy, stack(b.block.columns, weights), copy.penalised, PULL)
                self.split[id(b.block.uses)] = (b.block.columns, split)
                self.weights = self.weights | unstack(b.block.columns, split.v)
        weight_bindings = [b for b in bindings if b.block.kind == "weights"]
        self.solved_with: dict[str, list[WeightSolver]] = {}
        for b in weight_bindings:
            beside = max(sum(n in other.block.layers for other in weight_bindings) for n in b.block.layers)
            own = self._split_of(b)
            solver = WeightSolver(b, self.wiring, steps, algorithm.weight_block, 1 / beside, own)
            self.solved_with.setdefault(b.block.layers[-1], []).append(solver)
        self.readouts = [
            ReadoutSolver(b, self.views, self.wiring, algorithm.readout_block, self._split_of(b))
            for b in bindings
            if b.block.kind == "readout"
        ]
        self.moves: dict[str, Moves] = {
            b.block.layers[0]: self._moves(b) for b in bindings if b.block.kind == "potentials"
        }
        self.budgets = {n: RateMultiplier(rate) for n, rate in spike_budgets(program).items()}
        self.spike_costs = spike_costs(program)

    def run(self, word: Word, batch: Batch) -> None:
        """Carry out one word."""
        match word.kind:
            case "rollout":
                self.roll_out(batch)
            case "readout":
                self._solve_readouts(batch, word.damping)
            case "demands":
                self._demands(batch)
            case "potentials":
                assert word.layer is not None
                asked, step = batch.asked[word.layer], self.fade * self.control.step
                batch.rho[word.layer] = self.moves[word.layer].penalty(batch, asked, step)
                batch.take(word.layer, word.damping)
            case "weights":
                for solver in self.solved_with.get(word.layer or "", []):
                    relaxation = self.algorithm.weight_block.relaxation * (self.fade if self.exact else 1.0)
                    changed, predicted = solver.update(
                        self.weights, batch, self.control.ridge, relaxation * word.damping
                    )
                    self.weights = self.weights | changed
                    batch.predicted_weights += predicted
            case "spikes" | "duals":
                pass  # done with the demands, and with the weights
            case _:
                raise AssertionError(f"{word} is no word of {self.algorithm.name}")

    def roll_out(self, batch: Batch) -> None:
        """Run the network on the batch; find its loss and accuracy."""
        batch.predicted_readout = batch.predicted_weights = 0.0
        batch.activity = rollout(
            self.wiring, self.weights, batch.data, self.steps, False, batch.lengths, batch.workspace
        )
        for view in self.views:
            view.look(batch)
        for readout in self.readouts:
            readout.look(batch, self.weights)
        batch.loss, batch.accuracy = self._judge(batch)

    def _solve_readouts(self, batch: Batch, damping: float = 1.0) -> None:
        for readout in self.readouts:
            self.weights = self.weights | readout.update(self.weights, batch, self.fade, damping)
        batch.solved = self.weights
        if self.judges_solved:
            batch.solved_loss, batch.solved_accuracy = self._judge(batch)

    def _judge(self, batch: Batch) -> tuple[float, float]:
        """Objective and mean accuracy of the batch at what its losses see."""
        loss, accuracy = judge(self.views, batch)
        counted = self.steps if batch.lengths is None else float(batch.lengths.mean())
        spikes = sum(
            c * counted * self.program.by_name[n].size * batch.firing_rate(n) for n, c in self.spike_costs.items()
        )
        return self.penalties() + spikes + loss, accuracy

    def go_back(self, weights: dict[str, Array]) -> None:
        """Take the last steps back: to these weights, with a shorter step."""
        self.weights, self.control = weights, self.control.back()
        for columns, split in self.split.values():
            split.go_back(stack(columns, weights))
        for moves in self.moves.values():
            moves.forget()

    def snapshot(self) -> Tree:
        """What the next sweep depends on."""
        return {
            "weights": self.weights,
            "control": [self.control.step, self.control.ridge],
            "grams": [s.snapshot() for s in self._solvers()],
            "readouts": [s.snapshot() for s in self.readouts],
            "splits": [split.snapshot() for _, split in self.split.values()],
            "moves": {n: m.snapshot() for n, m in self.moves.items()},
            "prices": {n: b.price for n, b in self.budgets.items()},
        }

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot."""
        self.weights = tree["weights"]
        step, ridge = tree["control"]
        self.control = replace(self.control, step=step, ridge=ridge)
        splits = [split for _, split in self.split.values()]
        kept: list[tuple[str, list[Any]]] = [
            ("grams", self._solvers()),
            ("readouts", self.readouts),
            ("splits", splits),
        ]
        for name, parts in kept:
            for part, state in zip(parts, tree[name], strict=True):
                part.restore(state)
        for n, m in self.moves.items():
            m.restore(tree["moves"][n])
        self.budgets = {n: replace(b, price=tree["prices"][n]) for n, b in self.budgets.items()}

    def _solvers(self) -> list[WeightSolver]:
        return [s for solvers in self.solved_with.values() for s in solvers]

    def _split_of(self, binding: Binding) -> SplitWeights | None:
        found = self.split.get(id(binding.block.uses))
        return None if found is None else found[1]

    def penalties(self) -> float:
        """Sum of the objective's penalties at the present weights."""
        return self.weight_penalties(self.weights)

    def _moves(self, binding: Binding) -> Moves:
        name = binding.block.layers[0]
        coupling, settings = (
            self.program.by_name[name],
            self.couplings.get(f"{name}.step", self.algorithm.step_coupling),
        )
        if not coupling.dynamics.spiking:
            share = settings.share if isinstance(settings, FlippedStep) else settings.volts
            return LinearMoves(name, share, binding.rule)
        assert coupling.dynamics.threshold is not None
        threshold = one_or_each(coupling.dynamics.threshold, self.dtype)
        if isinstance(settings, FlippedStep):
            inside = next(cell for cell in self.program.cells if name in cell)
            feedback = any(m.source in inside for m in coupling.maps)
            return ExactMoves(name, threshold, settings, binding.rule, feedback)
        return DitheredMoves(name, threshold, settings, binding.rule)

    def _budget(self, layer: str, demand: Demand | None, batch: Batch) -> float:
        """The price that the layer's budget puts on a spike, moved by how far the batch is from it."""
        if layer not in self.budgets:
            return 0.0
        dense = demand.dense() if isinstance(demand, Separable) else demand
        asked = 0.0 if dense is None else batch.mean(np.abs(dense))
        self.budgets[layer] = self.budgets[layer].after(batch.firing_rate(layer), asked)
        return self.budgets[layer].price

    def _demands(self, batch: Batch) -> None:
        on_spikes: dict[str, Demand] = {}
        batch.demands, batch.asked, batch.wanted, batch.taken = {}, {}, {}, {}
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
                demand = demand_on(c.name, self.wiring, self.weights, batch.demands, set(cell), batch.workspace)
                if c.name in on_spikes:
                    demand = on_spikes[c.name] if demand is None else sum_of(demand, on_spikes[c.name])
                price = self.spike_costs.get(c.name, 0.0) + self._budget(c.name, demand, batch)
                if price:
                    demand = priced(demand, price, batch.activity[c.name].potentials, batch.mask)
                if demand is not None:
                    outside[c.name] = demand
                moves[c.name] = self.moves[c.name].prepare(batch, demand, self.control.step)
            shapes = {c.name: batch.activity[c.name].potentials.shape for c in members}
            wanted = demands_of_cell(self.wiring, members, self.weights, outside, moves, shapes, batch.workspace)
            batch.asked |= wanted
            batch.wanted |= wanted
            batch.demands |= {n: w.current for n, w in wanted.items()}
