"""What a block minimises, as values: its parts, and the sums within them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from snnopt.model.equation import Coefficient
from snnopt.program import AffineCoupling, Term
from snnopt.split import Block

Spikes = Literal["s", "a"]
"""What layers read: spikes of the rollout, or spikes that are variables of their own."""


@dataclass(frozen=True)
class Signal:
    """Potentials v, spikes s or a, present spikes a_k, scaled duals u or w of a layer, ``lag`` steps ago (None: all steps)."""

    letter: Literal["v", "s", "a", "a_k", "u", "w"]
    layer: str
    lag: int | None = None


@dataclass(frozen=True, eq=False)
class Current:
    """What a layer's maps send into it; at step t where ``indexed``, else the whole sequence."""

    coupling: AffineCoupling
    spikes: Spikes
    indexed: bool


@dataclass(frozen=True)
class Step:
    """``H(v - theta)``; where ``dithered`` its mean over offsets of the threshold, linearised."""

    potential: Signal
    threshold: Coefficient
    dithered: bool = False


@dataclass(frozen=True)
class Matrix:
    """Weights W, their biases b, copy V, or the scaled dual U of W = V, by the stem of their name."""

    letter: Literal["W", "b", "V", "U"]
    stem: str


Value = Signal | Current | Step | Matrix


@dataclass(frozen=True, eq=False)
class Addend:
    """A value with its sign, times a number or convolved with its layer's kernel."""

    value: Value
    negative: bool = False
    factor: Coefficient | Literal["kappa", "eta"] | None = None


Sum = tuple[Addend, ...]


@dataclass(frozen=True, eq=False)
class Square:
    """``penalty/2 ||inside||^2``, e.g. of penalty ``rho[hidden]``."""

    penalty: str
    inside: Sum


@dataclass(frozen=True, eq=False)
class Tangent:
    """``<grad penalty/2 ||inside||^2, spikes - present> + tau/2 ||spikes - present||^2``, the gradient at the present spikes."""

    penalty: str
    inside: Sum
    spikes: Signal

    @property
    def tau(self) -> str:
        """The proximal weight, e.g. ``tau[hidden]``."""
        return self.penalty.replace("rho", "tau")

    @property
    def move(self) -> Sum:
        """``spikes - present``."""
        return (Addend(self.spikes), Addend(replace(self.spikes, letter="a_k"), negative=True))


@dataclass(frozen=True)
class Demand:
    """``-<demand, value>``: what reads the layer, by its gradient."""

    layer: str
    value: Signal | Step


@dataclass(frozen=True)
class Stated:
    """A loss or penalty as it stands; a loss that others smooth is itself where ``exact``. ``letter`` is of the weights."""

    term: Term
    exact: bool
    letter: Literal["W", "V"] = "W"


@dataclass(frozen=True)
class Linear:
    """A term on spikes by its gradient, which is times ``value``."""

    term: Term
    value: Signal | Step


@dataclass(frozen=True)
class Near:
    """``mu/2 ||W - W_0||^2`` over all that the block minimises over."""


Part = Square | Tangent | Demand | Stated | Linear | Near


@dataclass(frozen=True, eq=False)
class Subproblem:
    """``min_over  sum of parts``.

    Attributes
    ----------
    under : constraints on a copy.
    zero : residuals of couplings that are eliminated with their potentials.
    kept : whether all of it is of an algorithm that keeps potentials and spikes.
    """

    block: Block
    over: tuple[Signal | Matrix, ...]
    parts: tuple[Part, ...]
    under: tuple[Term, ...] = ()
    zero: tuple[Sum, ...] = ()
    kept: bool = False


def moved(addends: Sum) -> Sum:
    """The addends on the other side of an equation."""
    return tuple(Addend(a.value, not a.negative, a.factor) for a in addends)


def layer_of(value: Value) -> str:
    """The layer whose kernel a value is convolved with."""
    assert isinstance(value, Current | Signal)
    return value.coupling.name if isinstance(value, Current) else value.layer
