"""Problems as mathematics in plain text, from the declared objects."""

from __future__ import annotations

from snnopt.model.equation import At, Coefficient, Drive, Equation, Step, update_equations
from snnopt.model.naming import connection_names, weight_symbol
from snnopt.model.network import Network
from snnopt.model.signal import Population


def equations(network: Network, population: Population) -> list[str]:
    """The population's update equations, one line each, weights called as in ``result.weights``.

    For a LIF layer ``v[t] = 0.9 v[t-1] + W[hidden] pixels[t] + b[hidden] - s[t-1]`` and ``s[t] = H(v[t] - 1)``, every
    variable with the layer's name.
    """
    return [_line(e) for e in update_equations(network, population, connection_names(network))]


def _line(equation: Equation | Step) -> str:
    left = _at(equation.left)
    if isinstance(equation, Step):
        return f"{left} = H({_at(equation.potential)} - {_number(equation.threshold)})"
    out = ""
    for c, value in equation.terms:
        sign = ("-" if c.negative else "") if not out else (" - " if c.negative else " + ")
        text = _at(value) if isinstance(value, At) else _current(value, plain=c.one and not c.negative)
        out += sign + ("" if c.one else f"{_number(c)} ") + text
    return f"{left} = {out or '0'}"


def _at(value: At) -> str:
    return f"{value.symbol}[{value.node},{_when(value.lag)}]"


def _when(lag: int) -> str:
    return f"t-{lag}" if lag else "t"


def _current(drives: tuple[Drive, ...], plain: bool) -> str:
    total = " + ".join(_drive(d) for d in drives)
    return total if plain and len(drives) == 1 else f"({total})"


def _drive(drive: Drive) -> str:
    """One path as mathematics, e.g. ``W[hidden] pixels[t] + b[hidden]``."""
    label, when = drive.label or "", _when(drive.lag)
    text = f"s[{drive.node},{when}]" if drive.spikes else f"{drive.node}[{when}]"
    bias = ""
    for c in drive.connections:
        kind = type(c).__name__.lower()
        if c.learned:
            w = weight_symbol(label)
            text = f"{w} {text}" if kind == "dense" else f"{kind}({w}, {text})"
            bias = f" + {weight_symbol(label, 'b')}" if getattr(c, "bias", False) and not drive.recurrent else ""
        elif not c.steps:
            text = f"{kind}({text})"
    return text + bias


def _number(c: Coefficient) -> str:
    return f"{c.low:g}" if c.low == c.high else f"({c.low:.3g}..{c.high:.3g})"
