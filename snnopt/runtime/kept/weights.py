"""Weight blocks of a kept state: regression of what the potentials ask on what the layer reads, and copies under constraints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import Binding
from snnopt.runtime.copies import SplitWeights
from snnopt.runtime.forward import Wiring
from snnopt.runtime.kept.dynamics import Dynamics
from snnopt.runtime.kept.penalties import Penalties
from snnopt.runtime.kept.state import State
from snnopt.runtime.stacking import l2_of_columns, mask_of, stack, unstack
from snnopt.runtime.statistics import Gram, UseFeatures
from snnopt.runtime.weights import channel_groups, prepare_by_group, solve_by_group

Array = NDArray[Any]


class KeptWeightSolver:
    """One weight block: ``sum_u rho_u/2 ||residual_u + u_u||^2 + lam/2 ||W||^2 + mu/2 ||W - W_0||^2``, and its copy."""

    def __init__(
        self,
        binding: Binding,
        dynamics: dict[str, Dynamics],
        penalties: Penalties,
        wiring: Wiring,
        ridge: float,
        split: SplitWeights | None,
    ) -> None:
        block, self.split = binding.block, split
        self.block, self.rule, self.penalties, self.ridge = block, binding.rule, penalties, ridge
        self.columns = block.columns
        self.dynamics = [dynamics[u.target.name] for u in block.uses]
        self.features = [
            UseFeatures(replace(u, target=d.features_of), self.columns, wiring, d.steps)
            for u, d in zip(block.uses, self.dynamics, strict=True)
        ]
        self.groups = channel_groups([f.channel_pattern for f in self.features])
        self.lam, self.mask = l2_of_columns(block), mask_of(block)
        inputs = {v.name for v in wiring.program.inputs}
        self.fixed = [all(m.source in inputs for part in u.parts for m in part) for u in block.uses]
        self.kept: dict[int, Gram] = {}

    def update(self, state: State, damping: float = 1.0) -> None:
        """Solve for the weights, and go ``damping`` of the way there; a copy is made of what is reached."""
        w0 = stack(self.columns, state.weights)
        cross, grams = np.zeros((w0.shape[1], w0.shape[0]), w0.dtype), []
        for k, (d, f) in enumerate(zip(self.dynamics, self.features, strict=True)):
            rho = w0.dtype.type(self.penalties.rho(d.coupling.name))
            grams.append(rho * self._gram(k, f, state).mean)
            cross += rho * f.cross(state.signals, d.on_current(d.residual_and_dual(state)))
        cross /= w0.dtype.type(state.count)
        if self.split is not None:
            grams, cross = self.split.hold(grams, cross, w0)
        prepared = prepare_by_group(self.rule, self.columns, self.groups, grams, self.lam, self.ridge, self.mask)
        change = solve_by_group(prepared, self.groups, cross, w0)
        if damping < 1:
            change = w0.dtype.type(damping) * change
        if self.split is not None:
            self.split.step(w0, change)
        state.weights = state.weights | unstack(self.columns, w0 + change)

    def reported(self, state: State) -> dict[str, Array]:
        """The weights that a user gets: the copy, where constraints act on one, with the biases of W."""
        if self.split is None:
            return {}
        w = stack(self.columns, state.weights)
        return unstack(self.columns, np.where(self.split.on > 0, self.split.v, w))

    def pull(self, state: State) -> float:
        """What ties W to its copy, in the augmented Lagrangian; 0 without one."""
        return 0.0 if self.split is None else self.split.energy(stack(self.columns, state.weights))

    def _gram(self, k: int, features: UseFeatures, state: State) -> Gram:
        if k not in self.kept:
            found = features.gram(state.signals)
            if not self.fixed[k]:
                return found
            self.kept[k] = found
        return self.kept[k]
