"""Signals: symbolic expressions for spikes, potentials and currents, from which a network is built."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

from snnopt.errors import ModelError, shown
from snnopt.model.weights import Weights

if TYPE_CHECKING:
    from snnopt.model.connections.base import Connection
    from snnopt.model.neurons.base import Neuron

Shape = tuple[int, ...]


class Signal(ABC):
    """Anything that can feed a connection; signals add up to a current."""

    __array_ufunc__ = None  # so that numpy leaves `array + signal` to us, and it is refused

    def __repr__(self) -> str:
        return describe(self)

    @property
    @abstractmethod
    def paths(self) -> tuple[Path, ...]:
        """The linear paths that the signal is a sum of."""

    @property
    @abstractmethod
    def shape(self) -> Shape | None:
        """Shape per sample and time step; None where a ``Dense()`` without units has yet to find its width."""

    def __add__(self, other: object) -> Current:
        """Add two currents; 0 is no current, so that ``sum`` of a list of currents works."""
        if isinstance(other, int | float) and not isinstance(other, bool) and other == 0:
            return Current(self.paths, self.shape)
        if not isinstance(other, Signal):
            raise ModelError(
                f"{describe(self)} + {shown(other)}",
                f"a signal cannot be added to a {type(other).__name__}",
                "add signals such as so.Dense(50)(x) + so.Dense(50)(u); constant currents are learned by bias=True",
            )
        return add(self, other)

    __radd__ = __add__

    def __mul__(self, factor: object) -> Current:
        """Refused: weights scale signals."""
        raise ModelError(
            f"{describe(self)} scaled by {shown(factor)}",
            "signals are added, not multiplied",
            "leave the factor out, the weights that are learned take it up; or scale the data",
        )

    __rmul__ = __mul__
    __truediv__ = __mul__

    def __sub__(self, other: object) -> Current:
        """Refused: weights have either sign."""
        raise ModelError(
            f"{describe(self)} minus {shown(other)}",
            "signals are added, not subtracted",
            "add them with +: the weights that are learned may be negative",
        )

    __rsub__ = __sub__

    def __neg__(self) -> Current:
        """Refused: weights have either sign."""
        return self * -1


@dataclass(frozen=True, eq=False)
class Path:
    """A chain of connections from one node; ``shapes[k]`` is the shape that connection k receives."""

    source: Node
    connections: tuple[Connection, ...] = ()
    shapes: tuple[Shape, ...] = ()

    @property
    def learned(self) -> Connection | None:
        """The one connection with weights, if there is one."""
        return next((c for c in self.connections if c.learned), None)


@dataclass(frozen=True, eq=False, repr=False)
class Current(Signal):
    """A sum of linear paths."""

    terms: tuple[Path, ...]
    width: Shape | None

    @property
    def paths(self) -> tuple[Path, ...]:  # noqa: D102
        return self.terms

    @property
    def shape(self) -> Shape | None:  # noqa: D102
        return self.width


class Node(Signal):
    """A named place in the network that other layers can read: an input or a population."""

    name: str | None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The node itself, through no connection."""
        return (Path(self),)


@dataclass(frozen=True, eq=False, repr=False)
class Input(Node):
    """Data: spikes or analogue values, ``[T, N, *shape]``, or ``[N, *shape]`` held constant for ``timesteps``.

    Parameters
    ----------
    shape : features of one sample at one step, an int or a tuple such as ``(1, 28, 28)``.
    name : a unique name; optional.
    """

    features: int | Shape
    name: str | None = None

    def __post_init__(self) -> None:
        given = self.features if isinstance(self.features, tuple) else (self.features,)
        if not given or not all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in given):
            raise ModelError(
                f"Input {self.name!r}" if self.name else "Input (unnamed)",
                f"its shape is {shown(self.features)}",
                "give a positive whole number of features, or a tuple of them, e.g. so.Input(64) or so.Input((1, 8, 8))",
            )

    @property
    def shape(self) -> Shape:
        """Shape per sample and step."""
        return tuple(map(int, self.features)) if isinstance(self.features, tuple) else (int(self.features),)


@dataclass(frozen=True, eq=False, repr=False)
class Population(Node):
    """A layer of neurons driven by a current. Made by calling a neuron: ``so.LIF(beta=0.9)(current)``."""

    neuron: Neuron
    current: Current
    shape_: Shape

    @property
    def name(self) -> str | None:  # type: ignore[override]
        """The name that the neuron was given."""
        return self.neuron.name

    @property
    def shape(self) -> Shape:
        """Shape of the population."""
        return self.shape_

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape_)

    @property
    def weights(self) -> Weights:
        """The weight variables of all learned connections into this population (recurrent ones too)."""
        return Weights(self)


def check_spiking_layer(where: str, value: object) -> None:
    """Raise unless ``value`` is a layer that spikes."""
    if not isinstance(value, Population):
        fix = "pass a spiking layer itself, e.g. h = so.LIF(...)(...)"
        raise ModelError(where, f"{shown(value)} is {no_layer(value)}", fix)
    if not value.neuron.spiking:
        raise ModelError(where, f"{describe(value)} does not spike", "pass a spiking layer, e.g. so.LIF()(...)")


def no_layer(value: object) -> str:
    """What something is that should have been a layer."""
    return "a name, not a layer" if isinstance(value, str) else "not a layer"


def describe(signal: Signal) -> str:
    """Return the user's words for a signal, for messages."""
    if isinstance(signal, Input):
        return f"input {signal.name!r}" if signal.name else f"an unnamed input of shape {signal.shape}"
    if isinstance(signal, Population):
        kind = type(signal.neuron).__name__
        return f"layer {signal.name!r}" if signal.name else f"an unnamed {kind} layer of shape {signal.shape}"
    inner = " + ".join(
        "(".join([*(c.label for c in reversed(p.connections)), describe(p.source)]) + ")" * len(p.connections)
        for p in signal.paths
    )
    return f"current {inner}"


def add(left: Signal, right: Signal) -> Current:
    """Sum of two signals of equal shape; a width left open is taken from the other."""
    if left.shape is not None and right.shape is not None and left.shape != right.shape:
        raise ModelError(
            f"{describe(left)} + {describe(right)}",
            f"the currents have shapes {left.shape} and {right.shape}",
            "give both connections the same number of units, e.g. so.Dense(50)(x) + so.Dense(50)(u)",
        )
    return Current(left.paths + right.paths, left.shape if left.shape is not None else right.shape)


def connect(connection: Connection, signal: Signal) -> Current:
    """Apply a connection to every path of a signal."""
    where = f"{connection.label} applied to {shown(signal)}"
    if not isinstance(signal, Signal):
        raise ModelError(where, "a connection needs a signal", "pass an so.Input, a layer, or a sum of currents")
    if signal.shape is None:
        raise ModelError(where, "the width of the signal is not known", "give so.Dense its number of units")
    for path in signal.paths:
        if connection.learned and path.learned is not None:
            raise ModelError(
                where,
                f"two connections with weights, {path.learned.label} and {connection.label}, have no neuron between them",
                "their product is one linear map: use one connection, or put a neuron such as so.LIF(beta=0.9) between",
            )
    if connection.learned and len(signal.paths) > 1:
        raise ModelError(
            where,
            "one set of weights (and one bias) would be applied to a sum of signals",
            "give each its own, e.g. so.Dense(50)(x) + so.Dense(50)(u)",
        )
    out = connection.output_shape(signal.shape, where)
    return Current(
        tuple(Path(p.source, (*p.connections, connection), (*p.shapes, signal.shape)) for p in signal.paths), out
    )
