"""Controllers at work: what an iteration showed of each coupling, the penalties that follow, and duals rescaled with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.penalties import Controller, Fixed, Secant, Seen, Spectral
from snnopt.runtime.kept.measures import Measures
from snnopt.runtime.kept.norms import rms
from snnopt.runtime.kept.sweeper import KeptSweeper
from snnopt.runtime.snapshots import Tree

Array = NDArray[Any]
Side = tuple[Array, Array]
"""What a side of a coupling contributes to its residual, and its multiplier."""


class PenaltyControl:
    """Moves the penalties of a kept state after each iteration; scaled duals keep what they stand for, ``u old / new``."""

    def __init__(self, sweeper: KeptSweeper) -> None:
        self.sweeper = sweeper
        functions = sweeper.penalties.functions
        self.controllers: dict[str, Controller] = {
            n: f.control for n, f in functions.items() if not isinstance(f.control, Fixed)
        }
        self.sides: dict[str, tuple[Side, Side]] = {}
        self.hold()

    def after(self, iteration: int, found: Measures, dual: dict[str, float], flips: dict[str, float]) -> bool:
        """Ask every controller; return whether a penalty changed.

        ``dual`` are residuals by coupling, ``flips`` by layer; both are missing in the first iteration.
        """
        state, penalties, changed = self.sweeper.state, self.sweeper.penalties, False
        for name, control in self.controllers.items():
            layer, old = name.removesuffix(".step"), penalties.values[name]
            if name not in dual:
                continue
            multiplier = (state.u if name == layer else state.w).get(layer)
            terms = self.terms(name, found)
            scale = max(map(rms, terms))
            first, last = self._secants(name, terms, multiplier) if isinstance(control, Spectral) else (None, None)
            seen = Seen(
                iteration,
                old,
                found.primal[name],
                dual[name],
                scale,
                old * (scale if multiplier is None else rms(multiplier)),
                flips.get(layer, float("nan")),
                first,
                last,
            )
            new = control.after(seen)
            if new == old:
                continue
            penalties.values[name], changed = new, True
            if multiplier is not None:
                rescaled = {layer: multiplier * multiplier.dtype.type(old / new)}
                if name == layer:
                    state.u = state.u | rescaled
                else:
                    state.w = state.w | rescaled
            if name in self.sides:
                del self.sides[name]
        self.hold()
        return changed

    def snapshot(self) -> Tree:
        """The sides that secants are measured from."""
        return {n: [list(side) for side in sides] for n, sides in self.sides.items()}

    def restore(self, tree: Tree) -> None:
        """Go on from a snapshot, of a sweeper that has been restored."""
        self.sides = {n: ((a[0], a[1]), (b[0], b[1])) for n, (a, b) in tree.items()}
        self.hold()

    def hold(self) -> None:
        """Keep what the next iteration's half steps are measured against."""
        state = self.sweeper.state
        self.before = {n: (v, state.u.get(n)) for n, v in state.v.items()}
        self.steps = {n: state.w.get(n) for n in self.sweeper.spikes}

    def terms(self, name: str, found: Measures) -> tuple[Array, Array]:
        """The two terms that a coupling's residual is the difference of."""
        state, layer = self.sweeper.state, name.removesuffix(".step")
        if name == layer:
            v = state.v[layer]
            return v, v - self.sweeper.residual(layer)
        return state.a[layer], found.fires[layer].astype(state.a[layer].dtype)

    def _secants(
        self, name: str, terms: tuple[Array, Array], multiplier: Array | None
    ) -> tuple[Secant | None, Secant | None]:
        """Of both sides, since the controller was last asked; None without a dual, or without two iterations to compare."""
        if multiplier is None:
            return None, None
        layer, penalty = name.removesuffix(".step"), self.sweeper.penalties.values[name]
        v_before, u_before = self.before[layer]
        if name == layer:
            new, prediction = terms
            u: Any = 0.0 if u_before is None else u_before
            sides = (
                (-prediction, -penalty * (u + v_before - prediction)),
                (new, -penalty * (u + new - prediction)),
            )
        else:
            spikes, fires = terms
            w: Any = 0.0 if self.steps[layer] is None else self.steps[layer]
            fired = v_before > self.sweeper.spikes[layer].threshold
            sides = ((spikes, -penalty * (w + spikes - fired)), (-fires, -penalty * (w + spikes - fires)))
        old = self.sides.get(name)
        self.sides[name] = sides
        if old is None:
            return None, None
        first, last = (_secant(*after, *before) for after, before in zip(sides, old, strict=True))
        return first, last


def _secant(image: Array, multiplier: Array, image_before: Array, multiplier_before: Array) -> Secant:
    moved, priced = (
        (x.astype(np.float64) - y).ravel() for x, y in ((image, image_before), (multiplier, multiplier_before))
    )
    return Secant(float(moved @ moved), float(moved @ priced), float(priced @ priced))
