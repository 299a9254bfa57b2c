"""What the oracles of copies share: the block, read from its terms."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.blocks.copies import numbers
from snnopt.oracles.case import Case
from snnopt.program import Term

Array = NDArray[Any]

OneTerm = tuple[str, float, tuple[tuple[str, float | None], ...]]
"""Kind, factor in the objective, and numbers by name; None for an infinite bound, so that it can be printed as Python."""
PENALTIES = ("l1", "group_lasso")


@dataclass(frozen=True, eq=False)
class CopyCase(Case):
    """``min_V  sum scale term(V) + m/2 ||V - C||^2``; costs are over m, so that only ``scale/m`` is left.

    Attributes
    ----------
    center : C [channels, k].
    variable : to which weight variable each column belongs, [k], ascending.
    penalty : m.
    terms : as :data:`OneTerm`.
    mask : synapses that exist [channels, k], or None for all.
    """

    center: Array
    variable: Array
    penalty: float
    terms: tuple[OneTerm, ...]
    mask: Array | None = None

    axes: ClassVar = {
        "center": ("channel", "column"),
        "variable": ("column",),
        "mask": ("channel", "column"),
    }

    @property
    def exists(self) -> Array:
        """Synapses that exist, [channels, k]."""
        return np.ones(self.center.shape, bool) if self.mask is None else self.mask

    @property
    def parts(self) -> tuple[slice, ...]:
        """The columns of each weight variable."""
        starts = [0, *(np.nonzero(np.diff(self.variable))[0] + 1).tolist(), len(self.variable)]
        return tuple(slice(a, b) for a, b in pairwise(starts))

    @property
    def unit(self) -> float:
        """The largest entry of C, or 1."""
        return float(np.abs(self.center * self.exists).max(initial=0.0)) or 1.0

    def factor(self, kind: str) -> float:
        """``scale/m`` of all penalties of a kind."""
        return sum(scale for k, scale, _ in self.terms if k == kind) / self.penalty

    def number(self, kind: str) -> int | None:
        """The least whole number that terms of a kind ask for, or None without them."""
        given = [value for k, _, named in self.terms if k == kind for _, value in named if value is not None]
        return int(min(given)) if given else None

    @property
    def interval(self) -> tuple[float, float]:
        """What boxes and signs leave of the numbers."""
        low, high = -np.inf, np.inf
        for kind, _, named in self.terms:
            given = dict(named)
            if kind == "box":
                low = low if given["low"] is None else max(low, given["low"])
                high = high if given["high"] is None else min(high, given["high"])
            if kind == "sign":
                low, high = (max(low, 0.0), high) if given["sign"] == 1 else (low, min(high, 0.0))
        return low, high

    def steps(self) -> tuple[Fraction, ...]:
        """The step of each weight variable's grid, exactly as it is defined."""
        bits = self.number("grid")
        assert bits is not None
        out = []
        for part in self.parts:
            held = [abs(Fraction(float(c))) for c in self.center[:, part][self.exists[:, part]]]
            mean = sum(held, Fraction()) / max(len(held), 1)
            out.append(mean * Fraction(13, 10) if bits == 2 else mean * Fraction(5, 2) / (2 ** (bits - 1) - 1))
        return tuple(out)

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's V, from what a run would hand it."""
        terms = []
        for kind, scale, named in self.terms:
            infinite = {"low": -np.inf, "high": np.inf}
            given = tuple((name, infinite[name] if value is None else value) for name, value in named)
            terms.append(Term(kind, "penalty" if kind in PENALTIES else "constraint", "h", (), scale, None, given))
        scale, parameters = numbers(terms)
        return rule.solve(self.center, self.penalty, scale, parameters, self.parts, self.mask)  # type: ignore[attr-defined]

    def cost(self, x: Array) -> float:
        """The objective at V, over m, synapses that do not exist left out."""
        off = float((((x - self.center) * self.exists) ** 2).sum()) / 2
        groups = float(np.sqrt((x**2).sum(0)).sum())
        return self.factor("l1") * float(np.abs(x).sum()) + self.factor("group_lasso") * groups + off

    def excess(self, x: Array, best: Array) -> float:
        """Over the objective at V = 0 or at the best, whichever is larger."""
        least = self.cost(best)
        return (self.cost(x) - least) / max(self.cost(np.zeros_like(x)), least, 1e-300)

    def violation(self, x: Array) -> float:
        """By how much bounds are broken and numbers exceeded, and what weight absent synapses have."""
        low, high = self.interval
        held, on = x[self.exists], x != 0
        worst = max(float(np.max(low - held, initial=0.0)), float(np.max(held - high, initial=0.0)))
        worst = max(worst, float(np.abs(x[~self.exists]).max(initial=0.0)))
        whole, row = self.number("cardinality"), self.number("fan_in")
        worst = max(worst, 0.0 if whole is None else float(on.sum()) - whole)
        return max(worst, 0.0 if row is None else float(on.sum(1).max()) - row)

    def defects(self, x: Array) -> tuple[str, ...]:
        """Constraints must hold to the last bit, and levels be whole multiples of one number, exactly."""
        out = [] if self.violation(x) == 0 else [f"it breaks a constraint by {self.violation(x):.1e}"]
        if self.number("grid") is not None:
            pairs = zip(self.parts, self.steps(), strict=True)
            out += [reason for part, step in pairs for reason in self._off_grid(x[:, part], step)]
        return tuple(out)

    def _off_grid(self, x: Array, step: Fraction) -> list[str]:
        """What keeps V of one variable from being whole multiples, |q| <= K, of a number next to ``step``."""
        values = [Fraction(float(v)) for v in x.ravel() if v != 0]
        if not values:
            return []
        if step == 0:
            return ["it has weights where all of C is zero"]
        whole = [round(v / step) for v in values]
        bits = self.number("grid")
        if bits is None or any(not 0 < abs(q) <= 2 ** (bits - 1) - 1 for q in whole):
            return ["a weight lies beyond the last level"]
        used = {v / q for v, q in zip(values, whole, strict=True)}
        if len(used) > 1:
            return ["weights are not whole multiples of one step, to the last bit"]
        return [] if abs(used.pop() / step - 1) < Fraction(1, 10**9) else ["the step is not what its definition says"]
