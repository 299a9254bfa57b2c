"""Signals, currents and weights as mathematics in plain text."""

from __future__ import annotations

from snnopt.model.equation import Coefficient
from snnopt.model.naming import weight_symbol
from snnopt.program import LinearMap, Program
from snnopt.report.parts import Current, Matrix, Signal, Step, Sum, Value, layer_of


def value_text(program: Program, value: Value) -> str:
    """A signal, current, step or matrix."""
    match value:
        case Signal():
            return _signal(value)
        case Matrix():
            return weight_symbol(value.stem, value.letter)
        case Step():
            below = f"{_signal(value.potential)} - {_number(value.threshold)}"
            return f"E H({below} - xi)" if value.dithered else f"H({below})"
        case Current():
            maps = [p for m in value.coupling.maps for p in _map(program, m, value)]
            return f"({' + '.join(maps)})" if len(maps) > 1 or not value.indexed else maps[0]


def sum_text(program: Program, addends: Sum) -> str:
    """Addends with their signs and factors."""
    out = ""
    for a in addends:
        negative, text = a.negative, value_text(program, a.value)
        if isinstance(a.factor, str):
            text = f"{a.factor}[{layer_of(a.value)}] * {text}"
        elif a.factor is not None:
            negative ^= a.factor.negative
            text = text if a.factor.one else f"{_number(a.factor)} {text}"
        out += ("-" if negative else "") + text if not out else (" - " if negative else " + ") + text
    return out or "0"


def _map(program: Program, m: LinearMap, current: Current) -> list[str]:
    """``W F(x)`` and the bias; F, which is not written where it is nothing, takes patches or pools."""
    source = program.by_name.get(m.source)
    when = None if not current.indexed and m.lag == 0 else m.lag
    if source is None:
        x = m.source + ("" if when is None else f"[{_when(when, current.indexed)}]")
    else:
        letter = current.spikes if source.spike is not None else "v"
        x = f"{letter}[{m.source}{'' if when is None else f',{_when(when, current.indexed)}'}]"
    x = x if m.gather is None else f"F({x})"
    if m.weight is None:
        return [x]
    text = f"{weight_symbol(m.weight.removesuffix('.weight'))} {x}"
    return [text] if m.bias is None else [text, weight_symbol(m.bias.removesuffix(".bias"), "b")]


def _signal(x: Signal) -> str:
    return f"{x.letter}[{x.layer}{'' if x.lag is None else f',{_when(x.lag, True)}'}]"


def _when(lag: int, indexed: bool) -> str:
    start = "t" if indexed else "."
    return f"{start}-{lag}" if lag else start


def _number(c: Coefficient) -> str:
    return f"{c.low:g}" if c.low == c.high else f"({c.low:.3g}..{c.high:.3g})"
