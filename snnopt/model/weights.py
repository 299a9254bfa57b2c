"""A layer's weights as a whole: what penalties and constraints are about."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

from snnopt.errors import ModelError, shown

if TYPE_CHECKING:
    from snnopt.model.signal import Population


@dataclass(frozen=True)
class Weights:
    """The weights into a population, as penalties and constraints name them. Biases are not included."""

    __array_ufunc__ = None  # so that numpy leaves `number <= weights` to us, and it is refused

    population: Population

    def __le__(self, bound: object) -> bool:
        """Refused: bounds are written as constraints."""
        fix = "so.Sign(h.weights, -1)" if _zero(bound) else f"so.Box(h.weights, -math.inf, {_bound(bound)})"
        raise ModelError(
            f"weights of {self.population!r} <= {shown(bound)}", "a comparison bounds no weights", f"write {fix}"
        )

    def __ge__(self, bound: object) -> bool:
        """Refused: bounds are written as constraints."""
        fix = "so.Sign(h.weights, +1)" if _zero(bound) else f"so.Box(h.weights, {_bound(bound)}, math.inf)"
        raise ModelError(
            f"weights of {self.population!r} >= {shown(bound)}", "a comparison bounds no weights", f"write {fix}"
        )

    __lt__ = __le__
    __gt__ = __ge__


def check_weights(where: str, value: object) -> None:
    """Raise unless ``value`` are a layer's weights."""
    if not isinstance(value, Weights):
        fix = "pass a layer's weights, h.weights"
        if isinstance(value, str):
            fix += ", of the layer object h = so.LIF(...)(...) itself, not its name"
        raise ModelError(where, f"{shown(value)} is not a weight variable", fix)


def _zero(bound: object) -> bool:
    return isinstance(bound, Real) and float(bound) == 0


def _bound(bound: object) -> str:
    return f"{float(bound):g}" if isinstance(bound, Real) else "1"
