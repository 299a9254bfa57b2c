"""Update equations as values: printed text and LaTeX are both written from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnopt.model.connections import Connection
from snnopt.model.network import Network
from snnopt.model.signal import Node, Path, Population
from snnopt.program import StateSpace


@dataclass(frozen=True)
class Coefficient:
    """A number, or the range of the neurons' numbers; ``low`` and ``high`` are sizes where ``negative``."""

    negative: bool
    low: float
    high: float

    @property
    def one(self) -> bool:
        """Whether it is 1 or -1, which is not written."""
        return self.low == self.high == 1


@dataclass(frozen=True)
class At:
    """A state, potential or spike of a population ``lag`` steps ago, e.g. ``v[hidden, t-1]``."""

    symbol: str
    node: str
    lag: int = 0


@dataclass(frozen=True, eq=False)
class Drive:
    """One path of a current: connections, first applied first, on what ``source`` sent ``lag`` steps ago.

    ``label`` names the weights of the one learned connection; ``recurrent`` says that it is the population's own.
    """

    source: Node
    node: str
    lag: int
    connections: tuple[Connection, ...]
    label: str | None
    recurrent: bool = False

    @property
    def spikes(self) -> bool:
        """Whether the source sends spikes, not data or potentials."""
        return isinstance(self.source, Population) and self.source.neuron.spiking


@dataclass(frozen=True, eq=False)
class Equation:
    """``left = sum of coefficient * (a value, or the whole current)``."""

    left: At
    terms: tuple[tuple[Coefficient, At | tuple[Drive, ...]], ...]


@dataclass(frozen=True)
class Step:
    """``left = H(potential - threshold)``."""

    left: At
    potential: At
    threshold: Coefficient


def coefficient(values: NDArray[np.float64]) -> Coefficient:
    """Return the one number, or the range, in ``values`` [m]."""
    negative = bool(np.all(values <= 0))
    size = np.abs(values) if negative else values
    return Coefficient(negative, float(np.min(size)), float(np.max(size)))


def drives(network: Network, population: Population, labels: Mapping[Connection, str]) -> tuple[Drive, ...]:
    """Return the paths of the current into a population, feedback included, its recurrent connection last."""

    def drive(path: Path) -> Drive:
        lag, learned = sum(c.steps for c in path.connections), path.learned
        label = None if learned is None else labels[learned]
        return Drive(path.source, network.names[path.source], lag, path.connections, label)

    found = tuple(drive(path) for path in network.current(population).paths)
    recurrent = population.neuron.recurrent_connection
    if recurrent is None:
        return found
    return (*found, Drive(population, network.names[population], 1, (recurrent,), labels[recurrent], recurrent=True))


def potential_symbol(space: StateSpace) -> str:
    """Return the first state where it is the potential, else ``u``, a sum of states."""
    if space.order == 1 or (np.all(space.C[0] == 1) and not np.any(space.C[1:])):
        return space.states[0]
    return "u" if "u" not in space.states else "u'"


def update_equations(
    network: Network, population: Population, labels: Mapping[Connection, str]
) -> tuple[Equation | Step, ...]:
    """Return the population's update equations, weights called as in ``labels``: a line for each state, then the spike."""
    name, space = network.names[population], population.neuron.state_space()
    current = drives(network, population, labels)
    lines: list[Equation | Step] = []
    for k, state in enumerate(space.states):
        row = [(space.A[k, j], At(other, name, 1)) for j, other in enumerate(space.states)]
        lines.append(_equation(At(state, name), [*row, (space.B[k], current), (space.R[k], At("s", name, 1))]))
    potential = At(potential_symbol(space), name)
    if potential.symbol not in space.states:
        row = [(c, At(state, name)) for c, state in zip(space.C, space.states, strict=True)]
        lines.append(_equation(potential, [*row]))
    if space.threshold is not None:
        lines.append(Step(At("s", name), potential, coefficient(space.threshold)))
    return tuple(lines)


def _equation(left: At, terms: list[tuple[NDArray[np.float64], At | tuple[Drive, ...]]]) -> Equation:
    """Leave out what has coefficient zero."""
    return Equation(left, tuple((coefficient(values), value) for values, value in terms if np.any(values)))
