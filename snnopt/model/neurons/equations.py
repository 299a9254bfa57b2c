"""Reading update equations: text to a linear state space, and what is not linear refused by name."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError
from snnopt.program import StateSpace, state_space

Array = NDArray[np.float64]
CURRENT, SPIKE = "i", "s"
FUNCTIONS: dict[str, Callable[[Any], Any]] = {"exp": np.exp, "cos": np.cos, "sin": np.sin, "sqrt": np.sqrt}
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True, eq=False)
class Linear:
    """A sum of variables with coefficients, and a constant."""

    coefficients: dict[str, Array]
    constant: Array

    def plus(self, other: Linear, sign: float) -> Linear:
        """Sum or difference."""
        zero = np.zeros(1)
        names = dict.fromkeys((*self.coefficients, *other.coefficients))
        merged = {n: self.coefficients.get(n, zero) + sign * other.coefficients.get(n, zero) for n in names}
        return Linear(merged, self.constant + sign * other.constant)

    def times(self, factor: Array) -> Linear:
        """All coefficients times a number, or one number per neuron."""
        return Linear({n: c * factor for n, c in self.coefficients.items()}, self.constant * factor)


def space_from_equations(
    equations: Mapping[str, str],
    potential: str | None,
    threshold: ArrayLike | None,
    parameters: Mapping[str, ArrayLike],
    name: str | None,
) -> StateSpace:
    """Return the state space of update equations; see ``Neuron.from_equations``."""
    where = f"neuron {name!r}" if name else "Neuron.from_equations"
    states = tuple(equations)
    if not states:
        raise ModelError(
            where, "it has no equations", 'give one for each state, e.g. v="0.9 * v + i - s", threshold=1.0'
        )
    for word in (CURRENT, SPIKE):
        if word in states or word in parameters:
            raise ModelError(
                where, f"{word!r} is used as a name", "i is the current and s the last spike; rename yours"
            )
    values = {"pi": np.full(1, np.pi)} | {n: _number(where, n, v) for n, v in parameters.items()}
    known = {n: Linear({n: np.ones(1)}, np.zeros(1)) for n in (*states, CURRENT, SPIKE)}
    rows = {n: _read(f"{where}, equation of {n!r}", text, known, values) for n, text in equations.items()}
    zero = np.zeros(1)
    a = [[rows[n].coefficients.get(m, zero) for m in states] for n in states]
    b, r = ([rows[n].coefficients.get(word, zero) for n in states] for word in (CURRENT, SPIKE))
    out_names = {n: known[n] for n in states}
    out = _read(f"{where}, potential", states[0] if potential is None else potential, out_names, values)
    theta = None if threshold is None else _number(where, "threshold", threshold)
    if theta is not None and not np.all(theta > 0):
        raise ModelError(where, f"threshold = {threshold!r}", "give a threshold in volts, > 0")
    return state_space(a, b, r, [out.coefficients.get(n, zero) for n in states], theta, states)


def _number(where: str, what: str, value: ArrayLike) -> Array:
    array = np.ravel(np.asarray(value, np.float64))
    if not np.all(np.isfinite(array)):
        raise ModelError(where, f"{what} = {value!r}", "give finite numbers")
    return array


def _read(where: str, text: str, known: Mapping[str, Linear], values: Mapping[str, Array]) -> Linear:
    if not isinstance(text, str):
        raise ModelError(where, f"it is {text!r}", 'give its right-hand side as text, e.g. "0.9 * v + i - s"')
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ModelError(
            where, f"{text!r} cannot be read ({error.msg})", "write it as in Python, without '='"
        ) from None
    result = _Reader(where, text, known, values).visit(tree)
    if np.any(result.constant):
        raise ModelError(
            where, f"{text!r} has a constant term", "constant drive is learned by the connection's bias; leave it out"
        )
    return result


class _Reader:
    """Walks one expression; nothing is ever executed."""

    def __init__(self, where: str, text: str, known: Mapping[str, Linear], values: Mapping[str, Array]) -> None:
        self.where, self.text, self.known, self.values = where, text, known, values

    def visit(self, node: ast.expr) -> Linear:
        match node:
            case ast.Constant(value=bool() | str() | bytes() | complex() | None):
                raise self._refuse(node, "is not a number", "use real numbers")
            case ast.Constant(value=number):
                return Linear({}, np.full(1, float(number)))  # type: ignore[arg-type]
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
                return self.visit(inner).times(np.full(1, -1.0 if isinstance(sign, ast.USub) else 1.0))
            case ast.BinOp(op=ast.Add() | ast.Sub() as op, left=left, right=right):
                return self.visit(left).plus(self.visit(right), 1.0 if isinstance(op, ast.Add) else -1.0)
            case ast.BinOp(op=ast.Mult() | ast.Div() | ast.Pow() as op, left=left, right=right):
                return self._product(node, op, self.visit(left), self.visit(right))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
                value = self.visit(argument)
                if value.coefficients:
                    raise self._refuse(node, "is not linear in the states", "keep functions to parameters")
                return Linear({}, np.asarray(FUNCTIONS[name](value.constant)))
        raise self._refuse(node, "is not understood", f"use + - * / ** and {', '.join(FUNCTIONS)}")

    def _name(self, node: ast.expr, name: str) -> Linear:
        if name in self.known:
            return self.known[name]
        if name in self.values:
            return Linear({}, self.values[name])
        names = ", ".join((*self.known, *self.values))
        raise self._refuse(
            node, "is not a state or a parameter", f"known are {names}; give others in parameters={{...}}"
        )

    def _product(self, node: ast.expr, op: ast.operator, left: Linear, right: Linear) -> Linear:
        symbol = {ast.Mult: "multiplies", ast.Div: "divides by", ast.Pow: "raises"}[type(op)]
        if right.coefficients and (left.coefficients or not isinstance(op, ast.Mult)):
            fix = "a neuron must be linear between spikes: multiply states by numbers or parameters only"
            raise self._refuse(node, f"{symbol} states, which is not linear", fix)
        if left.coefficients and isinstance(op, ast.Pow):
            raise self._refuse(node, "raises a state to a power, which is not linear", "keep states to the first power")
        if right.coefficients:
            return right.times(left.constant)
        if left.coefficients:
            return left.times(right.constant if isinstance(op, ast.Mult) else 1.0 / right.constant)
        return Linear({}, np.asarray(OPERATORS[type(op)](left.constant, right.constant)))

    def _refuse(self, node: ast.expr, what: str, fix: str) -> ModelError:
        return ModelError(self.where, f"{ast.get_source_segment(self.text.strip(), node) or self.text!r} {what}", fix)
