"""What a sweep asks of samples, stage by stage: each goes on from the one before and returns sums.

A rollout iteration of a network whose hidden layers do not feed themselves asks for::

    roll(W)               loss, hits, spikes; Gram and cross products of the read-outs           round 1
    solved(W_out)         loss and hits with the new read-outs
    asked(last layer)     sum |da|                                                               round 2
    scored(rho)           histogram of (1 - 2s) da - rho/2 (v - theta)^2                         round 3
    moved(rho, sigma)     flips
    asked(layer before)   sum |da|, and so on to the first layer; at last                        round 4
    weighed()             Gram and cross products of every hidden weight

``2 + 2 L`` rounds for L hidden layers, since a layer's demand depends on the flips of those after it. Stages of one round run
one after the other on the samples of a shard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import RolloutAlgorithm
from snnopt.backends import Demand, HeldDemand, Move, Separable, one_or_each
from snnopt.blocks import Binding
from snnopt.penalties import FlippedStep
from snnopt.runtime.adjoint import demand_on, demands_of_cell, priced, sum_of
from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Wiring, rollout
from snnopt.runtime.moves import DitheredMoves, ExactMoves, LinearMoves, Moves
from snnopt.runtime.readout import ReadoutUses
from snnopt.runtime.stacking import stack
from snnopt.runtime.statistics import Gram, UseFeatures
from snnopt.runtime.sums.found import Stage
from snnopt.runtime.sums.sums import Sums
from snnopt.runtime.views import CountView, loss_views
from snnopt.split import spike_costs

Array = NDArray[Any]

DEFAULT_HOLD = 5
"""Steps that demands are held for where inputs do not change in time, unless the algorithm says otherwise."""


def hold_of(asked: int | None, constant: bool, unequal: bool = False) -> int:
    """How many steps demands are held for: one where lengths differ, as steps that do not count would get a share."""
    return 1 if unequal else asked or (DEFAULT_HOLD if constant else 1)


class Passes:
    """The stages of one algorithm on one network. What they find stays with the batch."""

    def __init__(
        self,
        wiring: Wiring,
        bindings: tuple[Binding, ...],
        algorithm: RolloutAlgorithm,
        steps: int,
        couplings: Mapping[str, Any],
    ) -> None:
        self.wiring, self.steps, self.program = wiring, steps, wiring.program
        self.algorithm, self.couplings = algorithm, couplings
        self.views = loss_views(wiring, steps, bindings)
        self.readouts = {
            b.block.name: ReadoutUses(b.block.uses, self.views, wiring) for b in bindings if b.block.kind == "readout"
        }
        self.features = {
            b.block.name: [UseFeatures(use, b.block.columns, wiring, steps) for use in b.block.uses]
            for b in bindings
            if b.block.kind == "weights"
        }
        self.moves = {b.block.layers[0]: self._moves(b) for b in bindings if b.block.kind == "potentials"}
        self.costs = spike_costs(self.program)

    def run(self, stage: Stage, batch: Batch) -> Sums:
        """Run one stage."""
        found: Sums = getattr(self, stage.name)(batch, **stage.given)
        return found

    def roll(
        self,
        batch: Batch,
        weights: Mapping[str, Array],
        total: float | None = None,
        last: bool = False,
        rates: bool = False,
    ) -> Sums:
        """Run the network forward and find what the losses see.

        ``total`` is the number of steps of samples in all shards, None for those of the batch; ``last`` says that no demands
        will be passed back, ``rates`` that spikes are counted.
        """
        for wanted in (*batch.asked.values(), *batch.wanted.values()):
            _ = wanted.potentials  # of a rollout before this one in a sweep, whose arrays are now written on
        batch.weights = weights
        batch.activity = rollout(self.wiring, weights, batch.data, self.steps, False, batch.lengths, batch.workspace)
        for view in self.views:
            view.look(batch)
        out = dict[str, Any]()
        for name, uses in self.readouts.items():
            if uses.seen:
                batch.features[name] = uses.look(batch, weights)
                if not last:
                    out |= _named(f"{name}/", self._readout(uses, batch.features[name], batch))
        out |= self._judged(batch, "rolled")
        if not last:
            for layer, moves in self.moves.items():
                out |= _named(f"{layer}/", moves.seen(batch, batch.counted if total is None else total))
        if rates:
            out["samples"], out["counted"] = batch.count, batch.counted
            for layer, activity in batch.activity.items():
                if activity.spikes is not None:
                    out[f"{layer}/spikes"] = int(np.count_nonzero(activity.spikes))
        return Sums(out)

    def solved(self, batch: Batch, block: str, weights: Mapping[str, Array], judge: bool) -> Sums:
        """Take in a read-out block's new weights; the losses then see more, and may be judged again."""
        uses, before = self.readouts[block], batch.weights
        batch.weights = {**before, **weights}
        change = stack(uses.columns, batch.weights) - stack(uses.columns, before)
        uses.add(batch, batch.features[block], change)
        return Sums(self._judged(batch, "solved") if judge else {})

    def slopes(self, batch: Batch) -> Sums:
        """The read-outs' Gram and cross products once more, at what the losses see by now."""
        out = dict[str, Any]()
        for name, uses in self.readouts.items():
            if uses.seen:
                out |= _named(f"{name}/", self._readout(uses, batch.features[name], batch))
        return Sums(out)

    def renewed(self, batch: Batch, weights: Mapping[str, Array]) -> Sums:
        """Take in weights that changed since the rollout, for the pass back."""
        batch.weights = {**batch.weights, **weights}
        return Sums({})

    def asked(self, batch: Batch, cell: Sequence[str], prices: Mapping[str, float], summed: bool) -> Sums:
        """Find the demand from outside on the spikes of a cell's layers, less prices of spikes; where ``summed`` its absolute
        sum.
        """
        if cell[0] == self.backward[0][0]:
            self._outputs(batch)
        batch.outside = {}
        inside = next(set(c) for c in self.program.cells if cell[0] in c)
        out = dict[str, Any]()
        for name in cell:
            demand = demand_on(name, self.wiring, batch.weights, batch.demands, inside, self.steps, batch.workspace)
            if name in batch.counts:
                demand = batch.counts[name] if demand is None else sum_of(demand, batch.counts[name])
            price = prices.get(name, 0.0)
            if price:
                demand = priced(demand, price, batch.activity[name].potentials, batch.mask)
            if demand is not None:
                batch.outside[name] = demand
            if summed:
                out[f"{name}/asked"] = absolute(demand)
        return Sums(out)

    def scored(self, batch: Batch, rho: Mapping[str, float], total: float) -> Sums:
        """What the next penalties of layers with these rho are chosen by."""
        out = dict[str, Any]()
        for name, value in rho.items():
            out |= _named(f"{name}/", self.moves[name].scored(batch, value, total))
        return Sums(out)

    def moved(self, batch: Batch, cell: Mapping[str, Mapping[str, float]], total: float) -> Sums:
        """Pass the demands back through a cell, with what was chosen for each of its layers."""
        members = [self.program.by_name[n] for n in cell]
        moves: dict[str, Move] = {n: self.moves[n].move(batch, given) for n, given in cell.items()}
        shapes = {n: batch.activity[n].potentials.shape for n in cell}
        still = [n for n, x in batch.data.items() if len(x) == 1]
        wanted = demands_of_cell(
            self.wiring, members, batch.weights, batch.outside, moves, shapes, batch.workspace, still, self._hold(batch)
        )
        batch.asked |= wanted
        batch.wanted |= wanted
        batch.demands |= {n: w.current for n, w in wanted.items()}
        out = dict[str, Any]()
        for name, given in cell.items():
            out |= _named(f"{name}/", self.moves[name].moved(batch, wanted[name], given, total))
        return Sums(out)

    def weighed(self, batch: Batch, blocks: Mapping[str, float]) -> Sums:
        """Cross products of weight blocks, and Gram products on a share of the samples (0: none)."""
        out = dict[str, Any]()
        for name, share in blocks.items():
            for k, f in enumerate(self.features[name]):
                out[f"{name}/{k}/cross"] = f.cross(batch.signals, batch.asked[f.use.target.name].current)
                if share:
                    gram = f.gram(*batch.subset(share))
                    out[f"{name}/{k}/gram"], out[f"{name}/{k}/count"] = gram.total, gram.count
        return Sums(out)

    @property
    def backward(self) -> list[list[str]]:
        """Layers whose potentials move, cell by cell, the last first."""
        cells = [[n for n in cell if n in self.moves] for cell in reversed(self.program.cells)]
        return [cell for cell in cells if cell]

    def _hold(self, batch: Batch) -> int:
        """How many steps demands are held for on this batch."""
        constant = all(len(x) == 1 for x in batch.data.values())
        return hold_of(self.algorithm.held, constant, batch.lengths is not None)

    def _outputs(self, batch: Batch) -> None:
        """Begin the pass back with what the losses ask for."""
        batch.demands, batch.counts, batch.asked, batch.wanted = {}, {}, {}, {}
        for view in self.views:
            found, name = (batch.counts if isinstance(view, CountView) else batch.demands), view.term.owner
            found[name] = sum_of(found[name], view.demand(batch)) if name in found else view.demand(batch)

    def _judged(self, batch: Batch, when: str) -> dict[str, Any]:
        out = dict[str, Any]()
        for k, view in enumerate(self.views):
            out[f"{when}/{k}/loss"], out[f"{when}/{k}/hits"] = view.sums(batch)
        return out

    def _readout(self, uses: ReadoutUses, features: list[list[Array]], batch: Batch) -> dict[str, Any]:
        out = dict[str, Any]()
        for k, (seen, x) in enumerate(zip(uses.seen, features, strict=True)):
            cross, gram = seen.cross(x, seen.view.slope(batch)), seen.gram(x)
            out["cross"] = cross if "cross" not in out else out["cross"] + cross
            out[f"{k}/gram"], out[f"{k}/count"] = gram.total, gram.count
        return out

    def _moves(self, binding: Binding) -> Moves:
        name = binding.block.layers[0]
        coupling = self.program.by_name[name]
        settings = self.couplings.get(f"{name}.step", self.algorithm.step_coupling)
        if not coupling.dynamics.spiking:
            share = settings.share if isinstance(settings, FlippedStep) else settings.volts
            return LinearMoves(name, share, binding.rule)
        assert coupling.dynamics.threshold is not None
        threshold = one_or_each(coupling.dynamics.threshold, self.wiring.dtype)
        if isinstance(settings, FlippedStep):
            inside = next(cell for cell in self.program.cells if name in cell)
            feedback = any(m.source in inside for m in coupling.maps)
            return ExactMoves(name, threshold, settings, binding.rule, feedback)
        return DitheredMoves(name, threshold, settings, binding.rule)


def gram_of(totals: Mapping[str, Any], stem: str) -> Gram:
    """The Gram matrices of one use, from totals."""
    return Gram(totals[f"{stem}/gram"], totals[f"{stem}/count"])


def absolute(demand: Demand | None) -> float:
    """The sum of the absolute values of a demand."""
    if demand is None:
        return 0.0
    if isinstance(demand, Separable):
        return float((np.abs(demand.profile).sum(0) * np.abs(demand.value)).sum(dtype=np.float64))
    if isinstance(demand, HeldDemand):
        demand = demand.dense()
    return float(np.abs(demand).sum(dtype=np.float64 if demand.dtype == np.float64 else None))


def _named(stem: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {stem + n: x for n, x in values.items()}
