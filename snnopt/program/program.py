"""The intermediate form: what a model is made of once layers and neurons have been lowered. Data, no numerics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from snnopt.program.maps import LinearMap
from snnopt.program.statespace import StateSpace

Over = tuple[Literal["mean", "last", "window", "max", "count"], int]


@dataclass(frozen=True)
class Variable:
    """An unknown of the program, or the data. ``shape`` is per sample and time step for signals."""

    name: str
    kind: Literal["input", "weight", "bias", "potential", "spike"]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class AffineCoupling:
    """``v = kappa * (sum_m W_m F_m(s_m) + b_m) + eta * s``: the linear dynamics of one population.

    Multi-affine: with all variables but one frozen it is affine in that one.
    """

    name: str
    size: int
    shape: tuple[int, ...]
    dynamics: StateSpace
    maps: tuple[LinearMap, ...]
    potential: str
    spike: str | None


@dataclass(frozen=True, eq=False)
class StepCoupling:
    """``s[t] = H(v[t] - threshold)``, H(u) = 1 for u > 0, else 0 (strict)."""

    name: str
    potential: str
    spike: str


@dataclass(frozen=True)
class Term:
    """One term of the objective or one constraint: ``scale * kind(variables; parameters)``.

    ``over`` tells which functional of a read-out's potential a loss sees; ``build`` is what a user wrote for CVXPY (it is not
    saved with a program).
    """

    kind: str
    role: Literal["loss", "penalty", "constraint"]
    owner: str
    variables: tuple[str, ...]
    scale: float = 1.0
    over: Over | None = None
    parameters: tuple[tuple[str, float], ...] = ()
    build: Callable[[Any], Any] | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The user's words for it, e.g. ``cross_entropy(readout)``."""
        return f"{self.kind}({self.owner})"


@dataclass(frozen=True, eq=False)
class Program:
    """Variables, couplings and terms of one problem.

    ``couplings`` stand in an order in which every source with lag 0 comes first; ``cells`` partitions their names into
    strongly connected groups (several populations, or one that feeds itself, where there is feedback), in that order.
    """

    inputs: tuple[Variable, ...]
    variables: tuple[Variable, ...]
    couplings: tuple[AffineCoupling, ...]
    steps: tuple[StepCoupling, ...]
    terms: tuple[Term, ...]
    outputs: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    by_name: dict[str, AffineCoupling] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {c.name: c for c in self.couplings})

    def variable(self, name: str) -> Variable:
        """Return the variable called ``name``."""
        return next(v for v in (*self.inputs, *self.variables) if v.name == name)

    @property
    def losses(self) -> tuple[Term, ...]:
        """The loss terms, in the user's order."""
        return tuple(t for t in self.terms if t.role == "loss")

    def judged(self, name: str) -> bool:
        """Whether a loss is on this population."""
        return any(t.owner == name for t in self.losses)

    @property
    def hidden(self) -> tuple[AffineCoupling, ...]:
        """Populations with a step coupling, in order."""
        return tuple(c for c in self.couplings if c.dynamics.spiking)
