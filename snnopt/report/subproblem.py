"""What each block of a plan minimises: plain text and LaTeX are both written from this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snnopt.algorithms import Algorithm, KeptAlgorithm
from snnopt.model.equation import coefficient
from snnopt.program import AffineCoupling, Program
from snnopt.report.parts import (
    Addend,
    Current,
    Demand,
    Linear,
    Matrix,
    Near,
    Part,
    Signal,
    Spikes,
    Square,
    Stated,
    Step,
    Subproblem,
    Sum,
    Tangent,
)
from snnopt.split import Block, Form, difference_form


@dataclass(frozen=True, eq=False)
class Splitting:
    """What blocks of one plan share: which couplings carry scaled duals, which weights have copies.

    Attributes
    ----------
    kept : whether potentials and spikes are variables.
    u, w : layers whose dynamics, whose step couplings carry a dual; ``at_end`` where u is of the last step only.
    copies : for weights with a copy (by their uses) whether W = V carries a dual.
    """

    program: Program
    form: Form
    kept: bool
    u: tuple[str, ...]
    w: tuple[str, ...]
    at_end: bool
    copies: dict[int, bool]

    def subproblem(self, block: Block) -> Subproblem:
        """What the block minimises while all other variables rest."""
        name = block.layers[0]
        now = 0 if block.form == "difference" else None
        v, s, a = (Signal(letter, name, now) for letter in ("v", "s", "a"))
        parts: list[Part] = [
            Tangent(q.penalty, self._residual(q.coupling), a)
            if q.linearised
            else Square(q.penalty, self._residual(q.coupling))
            for q in block.quadratics
        ]
        match block.kind, block.step, block.kept:
            case "weights", "none", False:
                parts += self._pull(block)
            case "readout", "none", False:
                parts += self._pull(block)
                zero = tuple(self._residual(n) for n in block.layers)
                return Subproblem(block, self._over(block), (*parts, *_stated(block), *_near(block)), zero=zero)
            case "copy", "none", False:
                held = [t for t in block.terms if t.role == "constraint"]
                parts += [Stated(t, exact=True, letter="V") for t in block.terms if t not in held]
                copies = tuple(Matrix("V", m.stem) for m in _weights(block))
                return Subproblem(block, copies, (*parts, *self._pull(block)), tuple(held), kept=self.kept)
            case "outputs", "none", True:
                pass
            case "spikes", "exact", True:
                parts += [self._gap(name, now), *(Linear(t, a) for t in block.by_gradient)]
            case "potentials", "exact", _:
                parts.append(self._gap(name, now))
            case "spikes", "linearised", False:
                gap = Square(f"sigma[{name}]", (Addend(a), Addend(s, negative=True)))
                parts += [Demand(name, a), gap, *(Linear(t, a) for t in block.by_gradient)]
            case "potentials", "dithered", False:
                step = self._step(v, dithered=True)
                parts += [Demand(name, step), *(Linear(t, step) for t in block.by_gradient)]
            case "potentials", "none", False:
                parts.append(Demand(name, v))
            case other:
                raise AssertionError(f"block {block.name!r}: no report of {other}")
        return Subproblem(block, self._over(block), (*parts, *_stated(block), *_near(block)), kept=self.kept)

    def _residual(self, name: str) -> Sum:
        return residual(self.program.by_name[name], self.form, self.kept, name in self.u)

    def _gap(self, name: str, now: int | None) -> Square:
        """The step coupling, ``a - H(v - theta) + w``."""
        parts = [Addend(Signal("a", name, now)), Addend(self._step(Signal("v", name, now)), negative=True)]
        dual = [Addend(Signal("w", name, now))] if name in self.w else []
        return Square(f"sigma[{name}]", (*parts, *dual))

    def _step(self, potential: Signal, dithered: bool = False) -> Step:
        theta = self.program.by_name[potential.layer].dynamics.threshold
        assert theta is not None
        return Step(potential, coefficient(theta), dithered)

    def _pull(self, block: Block) -> list[Part]:
        """``m/2 ||W - V + U||^2`` for each of the weights; without a dual, W is projected and not pulled."""
        dual = self.copies.get(id(block.uses))
        if dual is None or not (dual or block.kind == "copy"):
            return []
        out: list[Part] = []
        for w in _weights(block):
            tied = [Addend(w), Addend(Matrix("V", w.stem), negative=True)]
            out.append(Square("m" if dual else "1", (*tied, *([Addend(Matrix("U", w.stem))] if dual else []))))
        return out

    def _over(self, block: Block) -> tuple[Signal | Matrix, ...]:
        now = 0 if block.order != "together" else None
        out: list[Signal | Matrix] = []
        for name in block.variables:
            stem = name.rpartition(".")[0]
            match self.program.variable(name).kind:
                case "weight":
                    out.append(Matrix("W", stem))
                case "bias":
                    out.append(Matrix("b", stem))
                case "potential":
                    out.append(Signal("v", stem, now))
                case _:
                    out.append(Signal("a", stem, now))
        return tuple(out)


def residual(coupling: AffineCoupling, form: Form, kept: bool, dual: bool) -> Sum:
    """Return the residual of a layer's dynamics, with its scaled dual u where it carries one.

    In trace form ``v - kappa * i - eta * s``, in difference form ``v[t] - beta v[t-1] - gain i[t] + reset a[t-1]``.
    """
    name, d = coupling.name, coupling.dynamics
    spikes: Spikes = "a" if kept else "s"
    resets = coupling.spike is not None and bool(np.any(d.R))
    if form == "trace":
        parts = [Addend(Signal("v", name)), Addend(Current(coupling, spikes, indexed=False), True, "kappa")]
        parts += [Addend(Signal(spikes, name), True, "eta")] if resets else []
    else:
        one = difference_form(coupling)
        beta, gain, reset = (coefficient(x) for x in (one.beta, one.gain, one.reset))
        parts = [Addend(Signal("v", name, 0)), Addend(Signal("v", name, 1), True, beta)]
        parts.append(Addend(Current(coupling, spikes, indexed=True), True, gain))
        parts += [Addend(Signal(spikes, name, 1), False, reset)] if resets else []
    return (*parts, Addend(Signal("u", name, None if form == "trace" else 0))) if dual else tuple(parts)


def splitting(program: Program, algorithm: Algorithm, blocks: Iterable[Block]) -> Splitting:
    """Return what the blocks of a plan share."""
    kept = isinstance(algorithm, KeptAlgorithm)
    layers, spiking = (tuple(c.name for c in cs) for cs in (program.couplings, program.hidden))
    u: tuple[str, ...] = ()
    w: tuple[str, ...] = ()
    if isinstance(algorithm, KeptAlgorithm):
        outputs = tuple(n for n in layers if n not in spiking)
        u = {"output": outputs, "step": (), "all": layers, "none": ()}[algorithm.duals]
        w = spiking if algorithm.duals in ("step", "all") else ()
    copies = {id(b.uses): kept or any(t.role == "penalty" for t in b.terms) for b in blocks if b.kind == "copy"}
    at_end = isinstance(algorithm, KeptAlgorithm) and algorithm.duals == "output"
    return Splitting(program, algorithm.form, kept, u, w, at_end, copies)


def _weights(block: Block) -> list[Matrix]:
    return [Matrix("W", c.weight.removesuffix(".weight")) for c in block.columns]


def _stated(block: Block) -> list[Part]:
    return [Stated(t, exact=block.kind == "outputs") for t in block.terms]


def _near(block: Block) -> list[Part]:
    return [Near()] if block.proximal else []
