"""What a neuron must tell: its linear dynamics between spikes, as a state space."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from snnopt.errors import ModelError, shown
from snnopt.model.connections.base import Connection
from snnopt.model.neurons.equations import space_from_equations
from snnopt.model.signal import Current, Population, Shape, Signal, describe
from snnopt.program import StateSpace


class Neuron(ABC):
    """A neuron model. Call it on a current to make a population.

    Parameters may be scalars, or arrays with one value per neuron.
    """

    spiking: ClassVar[bool]
    name: str | None = None

    @abstractmethod
    def state_space(self) -> StateSpace:
        """Return the dynamics; arrays per neuron may be flat or of the population's shape."""

    @property
    def recurrent_connection(self) -> Connection | None:
        """The connection that feeds the population's own last spikes back, if any."""
        return None

    @property
    def label(self) -> str:
        """The user's words for it."""
        return f"{type(self).__name__} {self.name!r}" if self.name else f"{type(self).__name__} (unnamed)"

    def __call__(self, current: Signal) -> Population:
        """Make a population of these neurons, driven by ``current``."""
        if not isinstance(current, Signal):
            raise ModelError(self.label, f"it was called on {shown(current)}", "pass a current, e.g. so.Dense(100)(x)")
        if current.shape is None:
            raise ModelError(
                f"{self.label} on {describe(current)}",
                "the number of neurons is not known",
                "give the connection its number of units, e.g. so.Dense(100)",
            )
        self._check_sizes(current.shape)
        return Population(self, Current(current.paths, current.shape), current.shape)

    def _check_sizes(self, shape: Shape) -> None:
        for what, value in self._numbers():
            if value.size not in (1, math.prod(shape)):
                raise ModelError(
                    self.label,
                    f"{what} has {value.size} values for {math.prod(shape)} neurons",
                    f"give one number, or an array of shape {shape}",
                )

    def _numbers(self) -> Iterator[tuple[str, np.ndarray]]:
        """Parameters that are arrays, those in dicts too, by name."""
        for what, value in vars(self).items():
            named = value.items() if isinstance(value, Mapping) else [(what, value)]
            yield from ((n, v) for n, v in named if isinstance(v, np.ndarray))

    @staticmethod
    def from_equations(
        *,
        potential: str | None = None,
        threshold: ArrayLike | None = None,
        parameters: Mapping[str, ArrayLike] | None = None,
        name: str | None = None,
        **equations: str,
    ) -> Neuron:
        """Make a neuron from update equations that are linear in states, current and spikes.

        Each keyword is a state, its value the right-hand side of ``state[t] = ...`` as text, in which state names stand
        for their values at t-1, ``i`` for the current at t and ``s`` for the neuron's own spike at t-1. Numbers,
        ``+ - * / **`` and ``exp, cos, sin, sqrt, pi`` may be used, and names given in ``parameters``.

        Parameters
        ----------
        potential : the state (or linear expression of the new states) that is compared with the threshold; None takes
            the first equation's state.
        threshold : in volts; None makes a neuron that does not spike, and has no ``s``.
        parameters : numbers, or arrays with one value per neuron, by name.
        name : the layer's name.

        Raises
        ------
        ModelError
            An equation cannot be read, is not linear, or uses ``s`` without a threshold; a parameter is not used, not
            finite, or called like a state; states would grow by themselves (spectral radius of A above 1).

        A resonate-and-fire neuron::

            so.Neuron.from_equations(
                x="d * (cos(w) * x - sin(w) * y) + i - s",
                y="d * (sin(w) * x + cos(w) * y)",
                threshold=1.0, parameters={"d": 0.95, "w": 0.3},
            )
        """
        space, numbers = space_from_equations(equations, potential, threshold, parameters, name)
        return EquationNeuron(space, name, numbers)


@dataclass(frozen=True, eq=False)
class EquationNeuron(Neuron):
    """A neuron given by its state space; made by :meth:`Neuron.from_equations` from ``parameters``."""

    space: StateSpace
    name: str | None = None
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)

    def state_space(self) -> StateSpace:
        """The state space that the equations were read into."""
        return self.space

    @property
    def spiking(self) -> bool:  # type: ignore[override]
        """Whether a threshold was given."""
        return self.space.spiking


def parameter(owner: Neuron, what: str, value: ArrayLike, low: float, high: float, closed: bool = True) -> None:
    """Raise unless all values lie in (low, high], or (low, high) where not ``closed``; keep arrays as flat float64."""
    try:
        given = np.asarray(value)
        array = given.astype(np.float64) if given.dtype.kind in "fiu" else np.asarray(np.nan)
    except ValueError:
        array = np.asarray(np.nan)
    if not np.all(np.isfinite(array)) or not np.all((array > low) & ((array <= high) if closed else (array < high))):
        interval = f"({low:g}, {high:g}" + ("]" if closed else ")")
        raise ModelError(
            owner.label, f"{what} = {shown(value)}", f"give a number in {interval}, or one for each neuron"
        )
    if array.ndim:
        object.__setattr__(owner, what, array)


def decay(owner: Neuron, what: str, value: ArrayLike) -> None:
    """Check a decay factor per time step, in (0, 1]."""
    try:
        parameter(owner, what, value, 0.0, 1.0)
    except ModelError as error:
        hint = f"{error.fix}; from a time constant it is exp(-dt/tau)"
        raise ModelError(error.where, error.cause, hint) from None
