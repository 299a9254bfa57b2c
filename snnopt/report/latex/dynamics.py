"""A population's update equations and its current, in LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from snnopt.model.connections import AvgPool2d, Connection, Conv1d, Conv2d, Dense, Flatten, Sparse
from snnopt.model.equation import At, Drive, Equation, Step, potential_symbol, update_equations
from snnopt.model.network import Network
from snnopt.model.signal import Population
from snnopt.report.latex.symbols import roman, signal, size, step, weight


def _convolved(c: Any, label: str, x: str) -> str:
    stride = "" if c.stride == 1 else rf"_{{\downarrow {c.stride}}}"
    return f"{weight(label)} *{stride} {x}"


WRITTEN: dict[type[Connection], Callable[[Any, str, str], str]] = {
    Dense: lambda _, label, x: rf"{weight(label)}\,{x}",
    Sparse: lambda _, label, x: rf"({weight(label, 'M')} \odot {weight(label)})\,{x}",
    Conv1d: _convolved,
    Conv2d: _convolved,
    AvgPool2d: lambda c, _, x: rf"\mathrm{{pool}}_{{{c.size}}}({x})",
    Flatten: lambda _, __, x: rf"\mathrm{{vec}}({x})",
}
"""How a connection with weights of this name acts on x; delays are in the index of x, all others written as functions."""


def dynamics(network: Network, population: Population, labels: Mapping[Connection, str]) -> list[tuple[str, str]]:
    """The update equations, left and right of the equals sign, which stands at the right's beginning."""
    return [_equation(e) for e in update_equations(network, population, labels)]


def current(drives: tuple[Drive, ...], indexed: bool, spikes: str = "s") -> list[str]:
    """The addends of a current, at step t or, where not ``indexed``, as sequences over all steps; what spikes are called."""
    out = []
    for d in drives:
        text = _source(d, step(d.lag) if indexed else rf"\cdot-{d.lag}" if d.lag else "", spikes)
        bias = ""
        for c in d.connections:
            if c.steps:
                continue
            label = d.label or ""
            known = next((write for kind, write in WRITTEN.items() if type(c) is kind), None)
            if known is not None:
                text = known(c, label, text)
            else:
                arguments = rf"{weight(label)},\,{text}" if c.learned else text
                text = f"{roman(type(c).__name__.lower())}({arguments})"
            if c.learned and getattr(c, "bias", False) and not d.recurrent:
                bias = weight(label, "b")
        out += [text, bias] if bias else [text]
    return out


def _source(d: Drive, when: str, spikes: str) -> str:
    if d.spikes:
        return signal(spikes, d.node, when)
    if isinstance(d.source, Population):
        return signal(potential_symbol(d.source.neuron.state_space()), d.node, when)
    return signal("x", d.node, when)


def _equation(e: Equation | Step) -> tuple[str, str]:
    left = _at(e.left)
    if isinstance(e, Step):
        return left, rf"= H\left({_at(e.potential)} - {size(e.threshold)}\right)"
    out = ""
    for c, value in e.terms:
        parts = [_at(value)] if isinstance(value, At) else current(value, indexed=True)
        text = " + ".join(parts)
        if len(parts) > 1 and (c.negative or not c.one):
            text = rf"\left({text}\right)"
        sign = ("-" if c.negative else "") if not out else (" - " if c.negative else " + ")
        out += sign + ("" if c.one else rf"{size(c)}\,") + text
    return left, f"= {out or '0'}"


def _at(value: At) -> str:
    return signal(value.symbol, value.node, step(value.lag))
