"""Reading one expression: text to a sum of variables with coefficients, and what is not linear refused by name."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError

Array = NDArray[np.float64]
LARGEST = sys.float_info.max
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


def read(where: str, text: str, known: Mapping[str, Linear], values: Mapping[str, Array], used: set[str]) -> Linear:
    """The expression in ``text``; names in it are added to ``used``."""
    if not isinstance(text, str):
        raise ModelError(where, f"it is {text!r}", 'give its right-hand side as text, e.g. "0.9 * v + i - s"')
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ModelError(
            where, f"{text!r} cannot be read ({error.msg})", "write it as in Python, without '='"
        ) from None
    with np.errstate(all="ignore"):  # what is not finite is refused by name
        result = _Reader(where, text, known, values, used).visit(tree)
    if np.any(result.constant):
        raise ModelError(
            where, f"{text!r} has a constant term", "constant drive is learned by the connection's bias; leave it out"
        )
    return result


class _Reader:
    """Walks one expression; nothing is ever executed."""

    def __init__(
        self, where: str, text: str, known: Mapping[str, Linear], values: Mapping[str, Array], used: set[str]
    ) -> None:
        self.where, self.text, self.known, self.values, self.used = where, text, known, values, used

    def visit(self, node: ast.expr) -> Linear:
        """The value of a node, all its numbers finite."""
        found = self._value(node)
        if not all(np.all(np.isfinite(x)) for x in (found.constant, *found.coefficients.values())):
            raise self._refuse(node, "is not a finite real number", "mend the numbers or parameters in it")
        return found

    def _value(self, node: ast.expr) -> Linear:
        match node:
            case ast.Constant(value=bool() | str() | bytes() | complex() | None):
                raise self._refuse(node, "is not a number", "use real numbers")
            case ast.Constant(value=int() | float() as number):
                return Linear({}, np.full(1, float(number) if abs(number) <= LARGEST else np.inf))
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
        self.used.add(name)
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
        if isinstance(op, ast.Div) and not np.all(right.constant):
            raise self._refuse(node, "divides by zero", "divide by numbers or parameters that are not zero")
        if left.coefficients and isinstance(op, ast.Pow):
            raise self._refuse(node, "raises a state to a power, which is not linear", "keep states to the first power")
        if right.coefficients:
            return right.times(left.constant)
        if left.coefficients:
            return left.times(right.constant if isinstance(op, ast.Mult) else 1.0 / right.constant)
        return Linear({}, np.asarray(OPERATORS[type(op)](left.constant, right.constant)))

    def _refuse(self, node: ast.expr, what: str, fix: str) -> ModelError:
        return ModelError(self.where, f"{ast.get_source_segment(self.text.strip(), node) or self.text!r} {what}", fix)
