"""The words of a sweep, carried out on samples, wherever they are, with the closed forms that the plan bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from snnopt.algorithms import RolloutAlgorithm, Word
from snnopt.blocks import Binding
from snnopt.penalties import FlippedStep, LevenbergMarquardt, RateMultiplier
from snnopt.runtime.copies import SplitWeights, WeightPenalties, copies_of
from snnopt.runtime.forward import Wiring
from snnopt.runtime.readout_solver import ReadoutSolver
from snnopt.runtime.snapshots import Tree
from snnopt.runtime.stacking import stack, unstack
from snnopt.runtime.sums.found import Found
from snnopt.runtime.sums.passes import Passes
from snnopt.runtime.views import judged
from snnopt.runtime.weights import WeightSolver
from snnopt.split import Columns, spike_budgets

Array = NDArray[Any]


PULL = 0.1
"""Penalty of weights' copies under a penalty, over the mean square of their features."""


class Sweeper:
    """Weights, running sums and step rules of one run; ``run`` carries out one word on one batch.

    It asks a batch for sums, and solves with their totals: what is done to single samples, :class:`Passes` do.

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
        couplings = algorithm.penalties(program) if penalties is None else penalties
        self.passes = Passes(wiring, bindings, algorithm, steps, couplings)
        self.program, self.algorithm, self.weights, self.steps = program, algorithm, weights, steps
        self.dtype, self.wiring = wiring.dtype, wiring
        self.exact = isinstance(algorithm.step_coupling, FlippedStep)
        self.control = LevenbergMarquardt()
        self.fade, self.judges_solved = 1.0, True
        self.views = self.passes.views
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
        inputs = {v.name for v in program.inputs}
        for b in weight_bindings:
            beside = max(sum(n in other.block.layers for other in weight_bindings) for n in b.block.layers)
            own = self._split_of(b)
            features = self.passes.features[b.block.name]
            solver = WeightSolver(b, features, inputs, algorithm.weight_block, 1 / beside, own)
            self.solved_with.setdefault(b.block.layers[-1], []).append(solver)
        self.readouts = [
            ReadoutSolver(b, self.passes.readouts[b.block.name], algorithm.readout_block, self._split_of(b))
            for b in bindings
            if b.block.kind == "readout" and self.passes.readouts[b.block.name].seen
        ]
        self.moves = self.passes.moves
        self.budgets = {n: RateMultiplier(rate) for n, rate in spike_budgets(program).items()}

    def run(self, word: Word, batch: Found) -> None:
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
                totals, step = _of(batch.settle(self.passes), word.layer), self.fade * self.control.step
                batch.rho[word.layer] = self.moves[word.layer].penalty(totals, self._entries(batch, word.layer), step)
                batch.take(word.layer, word.damping)
            case "weights":
                for solver in self.solved_with.get(word.layer or "", []):
                    if not batch.together:
                        batch.ask(self.passes, "weighed", blocks={solver.block.name: solver.wanted()})
                    relaxation = self.algorithm.weight_block.relaxation * (self.fade if self.exact else 1.0)
                    self.weights = self.weights | solver.update(
                        self.weights, batch, self.control.ridge, relaxation * word.damping
                    )
            case "spikes" | "duals":
                pass  # done with the demands, and with the weights
            case _:
                raise AssertionError(f"{word} is no word of {self.algorithm.name}")

    def roll_out(self, batch: Found, last: bool = False) -> None:
        """Run the network on the batch; find its loss and accuracy. ``last`` says that no demands will be passed back."""
        batch.promises.clear()
        batch.told, batch.stale = self.weights, False
        batch.ask(
            self.passes,
            "roll",
            weights=self.weights,
            total=batch.counted if batch.together else None,
            last=last,
            rates=batch.together,
        )
        batch.loss, batch.accuracy = self._judge(batch, "rolled", self.weights)

    def settle(self, batch: Found) -> None:
        """End a sweep: run what the batch was still to be asked."""
        totals = batch.settle(self.passes)
        if f"solved/{len(self.views) - 1}/loss" in totals:
            batch.solved_loss, batch.solved_accuracy = self._judge(batch, "solved", batch.solved)

    def _solve_readouts(self, batch: Found, damping: float = 1.0) -> None:
        for readout in self.readouts:
            totals = batch.ask(self.passes, "slopes") if batch.stale else batch.totals
            changed = readout.update(self.weights, batch, totals, self.fade, damping)
            self.weights = self.weights | changed
            batch.told, batch.stale = {**batch.told, **changed}, True
            batch.later("solved", block=readout.block.name, weights=changed, judge=self.judges_solved)
        batch.solved = self.weights
        if not self.readouts:
            batch.solved_loss, batch.solved_accuracy = batch.loss, batch.accuracy
        if self.judges_solved and not batch.together:
            self.settle(batch)

    def _judge(self, batch: Found, when: str, weights: Mapping[str, Array]) -> tuple[float, float]:
        """Objective and mean accuracy of the batch at these weights and what its losses saw."""
        t, count = batch.totals, batch.count
        loss, accuracy = judged(
            self.views, [(t[f"{when}/{k}/loss"], t[f"{when}/{k}/hits"]) for k in range(len(self.views))], count
        )
        costs = self.passes.costs
        counted = batch.counted / count if costs else 0.0
        spikes = sum(c * counted * self.program.by_name[n].size * batch.firing_rate(n) for n, c in costs.items())
        return self.weight_penalties(weights) + spikes + loss, accuracy

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

    def _demands(self, batch: Found) -> None:
        """Pass the demands back, cell by cell; each rule's penalties are chosen by totals."""
        batch.taken = {}
        changed = {n: w for n, w in self.weights.items() if batch.told.get(n) is not w}
        if changed:
            batch.later("renewed", weights=changed)
            batch.told = self.weights
        for cell in self.passes.backward:
            prices = {n: self.passes.costs[n] for n in cell if n in self.passes.costs}
            budgeted = [n for n in cell if n in self.budgets]
            if budgeted:
                totals = batch.ask(self.passes, "asked", cell=cell, prices={}, summed=True)
                for n in budgeted:
                    prices[n] = prices.get(n, 0.0) + self._budget(n, totals[f"{n}/asked"], batch)
            by_demand = [n for n in cell if self.moves[n].by_demand]
            batch.later("asked", cell=cell, prices=prices, summed=bool(by_demand))
            if by_demand:
                totals = batch.settle(self.passes)
                rho = {n: self.moves[n].choose_rho(totals[f"{n}/asked"], self._entries(batch, n)) for n in by_demand}
                batch.ask(self.passes, "scored", rho=rho, total=batch.counted)
            for n in cell:
                self.moves[n].choose(_of(batch.totals, n), self.control.step)
            batch.later("moved", cell={n: self.moves[n].given() for n in cell}, total=batch.counted)
        if batch.together:
            batch.later("weighed", blocks={s.block.name: s.wanted() for s in self._solvers()})
        totals = batch.settle(self.passes)
        for n, moves in self.moves.items():
            moves.learn(_of(totals, n), self._entries(batch, n))

    def _budget(self, layer: str, asked: float, batch: Found) -> float:
        """The price that the layer's budget puts on a spike, moved by how far the batch is from it."""
        mean = asked / self._entries(batch, layer)
        self.budgets[layer] = self.budgets[layer].after(batch.firing_rate(layer), mean)
        return self.budgets[layer].price

    def _entries(self, batch: Found, layer: str) -> float:
        """Number of entries of the layer's arrays at steps that count."""
        return batch.counted * self.program.by_name[layer].size


def _of(totals: Mapping[str, Any], layer: str) -> dict[str, Any]:
    """The totals of one layer, by what they are."""
    stem = f"{layer}/"
    return {n.removeprefix(stem): x for n, x in totals.items() if n.startswith(stem)}
