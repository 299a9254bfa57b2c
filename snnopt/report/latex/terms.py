"""Losses, penalties and constraints in LaTeX: a table of writers each, and their plain text for kinds not in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from snnopt.model.constraints import Box, Cardinality, Constraint, FanIn, Grid, Sign, SpikeBudget, cvx
from snnopt.model.equation import potential_symbol
from snnopt.model.losses import CrossEntropy, Hinge, Loss, SquaredError, Window
from snnopt.model.naming import Names
from snnopt.model.objective import Objective, ObjectiveTerm
from snnopt.model.penalties import L1, L2, GroupLasso, SpikeCost
from snnopt.report.latex.symbols import number, over, roman, scaled, signal, stacked, weight


@dataclass(frozen=True)
class Letters:
    """What terms call things: weights W or their copy V, spikes s or a, losses smoothed where others smooth them."""

    names: Names
    weight: str = "W"
    spikes: str = "s"
    smooth: bool = False


LOSSES: dict[type[Loss], tuple[str, str]] = {
    CrossEntropy: ("CE", r"\frac{1}{N} \sum_{n=1}^{N} \left( \log \sum_{c} e^{m_{n,c}} - m_{n,y_{n}} \right)"),
    SquaredError: ("SE", r"\frac{1}{2 N} \sum_{n=1}^{N} \left\| m_{n} - y_{n} \right\|^{2}"),
    Hinge: (
        "hinge",
        r"\frac{1}{N} \sum_{n=1}^{N} \max \left( 0,\, 1 + \max_{c \neq y_{n}} m_{n,c} - m_{n,y_{n}} \right)",
    ),
}
"""Each loss's subscript, and what it does to the read-out m and the targets y."""

PENALTIES: dict[type[ObjectiveTerm], Callable[[Any, float, Letters], str]] = {
    L1: lambda t, c, by: scaled(c, rf"\left\| {_weights(t, by)} \right\|_{{1}}"),
    L2: lambda t, c, by: over(c, "2") + rf"\left\| {_weights(t, by)} \right\|_{{\mathrm{{F}}}}^{{2}}",
    GroupLasso: lambda t, c, by: scaled(c, rf"\sum_{{j}} \left\| ({_weights(t, by)})_{{:,j}} \right\|_{{2}}"),
    SpikeCost: lambda t, c, by: over(c, "N") + r"\sum_{t,n,j} " + signal(by.spikes, by.names.of(t.layer), "t,n,j"),
    cvx: lambda t, c, by: scaled(c, _cvx(t, by)),
}

CONSTRAINTS: dict[type[Constraint], Callable[[Any, Letters], list[str]]] = {
    Box: lambda c, by: [_box(c.low, c.high, _weights(c, by))],
    Sign: lambda c, by: [_weights(c, by) + (r" \geq 0" if c.sign > 0 else r" \leq 0")],
    Cardinality: lambda c, by: [rf"\mathrm{{card}}({_weights(c, by)}) \leq {c.k}"],
    FanIn: lambda c, by: [rf"\mathrm{{card}}(({_weights(c, by)})_{{i,:}}) \leq {c.k}\quad \forall\, i"],
    Grid: lambda c, by: [_grid(2 ** (c.bits - 1) - 1, w, by.weight) for w in by.names.weights(c.population)],
    SpikeBudget: lambda c, by: [
        rf"\mathrm{{mean}}_{{t,n,j}}\, {signal(by.spikes, by.names.of(c.layer), 't,n,j')} \leq {number(c.rate)}"
    ],
    cvx: lambda c, by: [_cvx(c, by)],
}


def objective(terms: Objective, by: Letters) -> str:
    """The sum of scaled terms."""
    return " + ".join(objective_term(term, scale, by) for scale, term in terms.scaled)


def objective_term(term: ObjectiveTerm, scale: float, by: Letters) -> str:
    """One loss or penalty with its scale."""
    if isinstance(term, Loss):
        name = by.names.of(term.output, "output")
        return scaled(scale, rf"{_symbol(term, by)}\left( {_functional(term, name, by)},\, {signal('y', name)} \right)")
    write = PENALTIES.get(type(term))
    return scaled(scale, roman(term.formula(by.names))) if write is None else write(term, scale, by)


def constraint(given: Constraint, by: Letters) -> list[str]:
    """A constraint, in one line or one for each weight variable."""
    write = CONSTRAINTS.get(type(given))
    return [roman(given.formula(by.names))] if write is None else write(given, by)


def definitions(terms: Objective) -> list[str]:
    """What the symbols of the losses among the terms stand for, once for each kind."""
    kinds = dict.fromkeys(type(t) for _, t in terms.scaled if isinstance(t, Loss))
    return [rf"\ell_{{\mathrm{{{LOSSES[k][0]}}}}}(m, y) = {LOSSES[k][1]}" for k in kinds if k in LOSSES]


def _symbol(loss: Loss, by: Letters) -> str:
    letter = r"\bar{\ell}" if by.smooth else r"\ell"
    return letter + (
        rf"_{{\mathrm{{{LOSSES[type(loss)][0]}}}}}" if type(loss) in LOSSES else rf"_{{{roman(loss.kind)}}}"
    )


def _functional(loss: Loss, name: str, by: Letters) -> str:
    """The number per unit that the loss sees."""
    symbol = by.spikes if loss.over == "count" else potential_symbol(loss.output.neuron.state_space())
    at, last = signal(symbol, name, "t"), signal(symbol, name, "T")
    if isinstance(loss.over, Window):
        k = loss.over.steps
        return rf"\frac{{1}}{{{k}}} \sum_{{t=T-{k - 1}}}^{{T}} {at}" if k > 1 else last
    return {
        "mean": rf"\frac{{1}}{{T}} \sum_{{t=1}}^{{T}} {at}",
        "last": last,
        "max": rf"\max_{{t}} {at}",
        "count": rf"\sum_{{t=1}}^{{T}} {at}",
    }[loss.over]


def _weights(term: Any, by: Letters) -> str:
    return stacked(tuple(weight(stem, by.weight) for stem in by.names.weights(term.population)))


def _cvx(term: cvx, by: Letters) -> str:
    return rf"{roman(term.formula().partition('(')[0])}({_weights(term, by)})"


def _box(low: float, high: float, w: str) -> str:
    left = "" if low == -float("inf") else rf"{number(low)} \leq "
    right = "" if high == float("inf") else rf" \leq {number(high)}"
    return f"{left}{w}{right}" if left or right else rf"{w} \leq \infty"


def _grid(most: int, stem: str, letter: str) -> str:
    """Levels of one weight variable; its scale, of a copy a function of what it is near, has the same subscript."""
    levels = r"-1,\, 0,\, 1" if most == 1 else rf"-{most},\, \ldots,\, {most}"
    w, scale = weight(stem, letter), weight(stem, r"\delta")
    known = r"1.3\,\mathrm{mean} |C|" if most == 1 else rf"\frac{{2.5}}{{{most}}}\,\mathrm{{mean}} |C|"
    return rf"{w} \in {scale}\, \{{{levels}\}},\quad {scale} " + ("> 0" if letter == "W" else f"= {known}")
