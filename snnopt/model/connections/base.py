"""What a connection must tell: the shapes it maps between and the fixed gather behind its weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from snnopt.errors import ModelError, shown
from snnopt.model.signal import Current, Shape, Signal, connect


@dataclass(frozen=True, eq=False)
class Wiring:
    """A learned connection in normal form: patches ``gather @ x`` as [positions, fan_in], times W [channels, fan_in]."""

    weight_shape: Shape
    positions: int
    fan_in: int
    channels: int
    gather: sp.csr_array | None = None
    mask: NDArray[np.bool_] | None = None


class Connection(ABC):
    """A linear map between layers. Call it on a signal to get a current."""

    learned: ClassVar[bool]
    steps: int = 0
    name: str | None = None

    def __call__(self, signal: Signal) -> Current:
        """Apply the connection to an input, a layer or a sum of currents."""
        return connect(self, signal)

    @property
    def label(self) -> str:
        """The user's words for it, for messages and tables."""
        return f"{type(self).__name__} {self.name!r}" if self.name else type(self).__name__

    @property
    def geometry(self) -> tuple[int, ...]:
        """The numbers that tell it from others of its kind, but for those that are in the shape of its weights."""
        return ()

    @abstractmethod
    def output_shape(self, shape: Shape, where: str) -> Shape | None:
        """Shape of the current for a source of ``shape``; raises :class:`ModelError` where they do not meet."""


class LearnedConnection(Connection):
    """A connection with a weight variable, and a bias if ``bias``."""

    learned: ClassVar[bool] = True
    bias: bool

    @abstractmethod
    def wiring(self, shape: Shape, target: Shape) -> Wiring:
        """Return the normal form for a source of ``shape`` and a current of shape ``target``."""


class FixedConnection(Connection):
    """A connection without weights, acting on each channel alone."""

    learned: ClassVar[bool] = False

    @abstractmethod
    def matrix(self, shape: Shape) -> sp.csr_array | None:
        """Return the map from a flattened source of ``shape``, or None for the identity."""


def positive(owner: str, what: str, value: object, least: int = 1) -> None:
    """Raise unless ``value`` is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ModelError(owner, f"{what} is {shown(value)}", f"give a whole number of at least {least}")


def yes_or_no(owner: str, what: str, value: object) -> None:
    """Raise unless ``value`` is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ModelError(owner, f"{what} = {shown(value)}", "give True or False")
