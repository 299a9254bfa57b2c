"""The words of a sweep, carried out on a batch with the closed forms that the plan bound."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import Algorithm, Word
from snnopt.algorithms.settings import Exact
from snnopt.blocks import LOSS_FUNCTIONS, Binding
from snnopt.penalties import LevenbergMarquardt
from snnopt.program import AffineCoupling, Program, Term
from snnopt.runtime.adjoint import Demand, Move, Separable, demand_on, demands_of_cell, priced
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Wiring, rollout
from snnopt.runtime.moves import DitheredMoves, ExactMoves, Moves
from snnopt.runtime.readout import LinearReadout
from snnopt.runtime.stacking import l2_of_columns, stack, unstack
from snnopt.runtime.statistics import Gram
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
        weight_bindings = [b for b in bindings if b.block.kind == "weights"]
        self.solved_with: dict[str, list[WeightSolver]] = {}
        for b in weight_bindings:
            beside = max(sum(n in other.block.layers for other in weight_bindings) for n in b.block.layers)
            solver = WeightSolver(b, self.wiring, steps, algorithm.weight_block, 1 / beside)
            self.solved_with.setdefault(b.block.layers[-1], []).append(solver)
        self.readouts = {b.block.layers[0]: _Readout(self, b) for b in bindings if b.block.kind == "readout"}
        self.moves: dict[str, Moves] = {
            b.block.layers[0]: self._moves(b) for b in bindings if b.block.kind == "potentials"
        }
        self.spike_costs: dict[str, float] = {}
        for t in program.terms:
            if t.kind == "spike_cost":
                self.spike_costs[t.owner] = self.spike_costs.get(t.owner, 0.0) + t.scale
        self.thresholds = {c.name: self._threshold(c) for c in program.hidden}

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
                wanted, threshold = batch.wanted[word.layer], self.thresholds[word.layer]
                batch.rho[word.layer] = self.moves[word.layer].penalty(wanted, threshold, self.fade * self.control.step)
            case "weights":
                for solver in self.solved_with.get(word.layer or "", []):
                    relaxation = self.algorithm.weight_block.relaxation * (self.fade if self._exact else 1.0)
                    changed, predicted = solver.update(self.weights, batch, self.control.ridge, relaxation)
                    self.weights = self.weights | changed
                    batch.predicted_weights += predicted

    def roll_out(self, batch: Batch) -> None:
        """Run the network on the batch; find its loss and accuracy."""
        batch.activity = rollout(self.wiring, self.weights, batch.data, self.steps, readouts=False)
        for readout in self.readouts.values():
            readout.look(batch)
        batch.loss, batch.accuracy = self._judge(batch)

    def _solve_readouts(self, batch: Batch) -> None:
        for readout in self.readouts.values():
            readout.update(batch)
        batch.solved, (batch.solved_loss, batch.solved_accuracy) = self.weights, self._judge(batch)

    def _judge(self, batch: Batch) -> tuple[float, float]:
        """Objective and mean accuracy of the batch at its read-outs' potentials."""
        judged = [readout.judge(batch) for readout in self.readouts.values()]
        spikes = sum(
            c * self.steps * self.program.by_name[n].size * batch.firing_rate(n) for n, c in self.spike_costs.items()
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
        if isinstance(settings, Exact):
            inside = next(cell for cell in self.program.cells if name in cell)
            feedback = any(m.source in inside for m in self.program.by_name[name].maps)
            return ExactMoves(settings, binding.rule, feedback)
        return DitheredMoves(settings, binding.rule)

    def _threshold(self, coupling: AffineCoupling) -> Any:
        theta = coupling.dynamics.threshold
        assert theta is not None
        return self.dtype.type(theta[0]) if np.all(theta == theta[0]) else theta.astype(self.dtype)

    def _demands(self, batch: Batch) -> None:
        for name, readout in self.readouts.items():
            batch.demands[name] = readout.demand(batch)
        for cell in reversed(self.program.cells):
            members = [self.program.by_name[n] for n in cell if self.program.by_name[n].dynamics.spiking]
            if not members:
                continue
            outside, moves = dict[str, Demand](), dict[str, Move]()
            for c in members:
                demand = demand_on(c.name, self.wiring, self.weights, batch.demands, set(cell))
                if c.name in self.spike_costs:
                    demand = priced(demand, self.spike_costs[c.name], batch.activity[c.name].potentials)
                if demand is not None:
                    outside[c.name] = demand
                moves[c.name] = self.moves[c.name].prepare(
                    batch.activity[c.name], self.thresholds[c.name], demand, self.control.step
                )
            shapes = {c.name: batch.activity[c.name].potentials.shape for c in members}
            wanted = demands_of_cell(self.wiring, members, self.weights, outside, moves, shapes)
            batch.wanted |= wanted
            batch.demands |= {n: w.current for n, w in wanted.items()}


class _Readout:
    """One read-out block: loss, window features, running Gram sum."""

    def __init__(self, sweeper: Sweeper, binding: Binding) -> None:
        self.sweeper, self.block, self.settings = sweeper, binding.block, sweeper.algorithm.readout_block
        self.rule: Any = binding.rule
        self.name = binding.block.layers[0]
        self.term: Term = next(t for t in self.block.terms if t.role == "loss")
        self.function = LOSS_FUNCTIONS[self.term.kind]
        use = self.block.uses[0]
        wires = [w for w in sweeper.wiring.incoming[use.target.name] if w.map in use.maps]
        self.linear = LinearReadout(sweeper.program, self.term, wires, sweeper.steps, sweeper.dtype)
        self.lam = l2_of_columns(self.block)
        self.gram: Gram | None = None

    def look(self, batch: Batch) -> None:
        """Find the batch's features and window means."""
        batch.features[self.name] = self.linear.features(batch.signals)
        batch.potentials[self.name] = batch.features[self.name] @ stack(self.block, self.sweeper.weights).T

    def judge(self, batch: Batch) -> tuple[float, float]:
        """The scaled loss and the accuracy (NaN for real targets) of the batch's window means."""
        m, target = batch.potentials[self.name], batch.targets[self.name]
        loss = self.term.scale * float(self.function.values(m, target).mean(dtype=np.float64))
        return loss, float((m.argmax(1) == target).mean()) if target.ndim == 1 else float("nan")

    def update(self, batch: Batch) -> None:
        """Take a majorised Newton step on the read-out's weights."""
        x, target = batch.features[self.name], batch.targets[self.name]
        fresh = Gram((x.T @ x)[None], float(len(x)))
        memory = self.settings.memory
        self.gram = fresh if not memory or self.gram is None else self.gram.scaled(memory) + fresh
        gram = self.gram.mean[0]
        damping = self.settings.ridge * float(np.trace(gram)) / len(gram)
        w = stack(self.block, self.sweeper.weights)
        scale, eta = x.dtype.type(self.term.scale), self.settings.eta * (self.sweeper.fade if memory else 1.0)
        gradient = scale * (x.T @ self.function.gradient(x @ w.T, target)) / x.dtype.type(len(x))
        change = self.rule.solve(gram, gradient, w, self.lam, self.function.curvature * scale, damping, eta)
        batch.predicted_readout -= float(np.sum((gradient.T + self.lam.astype(w.dtype) * w) * change)) * (1 - eta / 2)
        w = w + change
        self.sweeper.weights = self.sweeper.weights | unstack(self.block, w)
        batch.potentials[self.name] = x @ w.T

    def demand(self, batch: Batch) -> Separable:
        """What the loss asks of the read-out's current: minus its gradient, spread over the window."""
        m = batch.potentials[self.name]
        gradient = self.function.gradient(m, batch.targets[self.name])
        return Separable(self.linear.profile, -m.dtype.type(self.term.scale) * gradient)
