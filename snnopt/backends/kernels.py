"""What a backend must be: the passes over [T, N, n] arrays that a sweep spends its time in, beside matrix products."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from numpy.typing import NDArray

from snnopt.backends.moves import Demand, Move
from snnopt.program import StateSpace

Array = NDArray[Any]


class Forward(ABC):
    """A population that reads itself, or others that read it, run forward step by step into its arrays."""

    @abstractmethod
    def step(self, t: int, current: Array) -> None:
        """Advance to step t with its current [N, n]."""


class Backward(ABC):
    """The same, run backward."""

    @abstractmethod
    def step(self, t: int, asked: Array | None) -> None:
        """Go back to step t; ``asked`` [N, n] is what is asked of its spikes there beside the demand from outside."""


class Kernels(ABC):
    """One way to run these passes. All agree in double precision to rounding; numpy's are the reference.

    Every pass works on samples independently, so that it may be cut into pieces and run side by side.
    """

    name: ClassVar[str]

    @abstractmethod
    def rollout(self, space: StateSpace, current: Array, potentials: Array, spikes: Array | None) -> None:
        """Run a population that does not read itself: ``x <- A x + B i + R s``, ``v = C x``, ``s = H(v - theta)``.

        Parameters
        ----------
        current : [T, N, n], or [1, N, n] where it is constant. It may be ``potentials`` itself.
        potentials, spikes : [T, N, n], filled in; ``spikes`` None for a population that does not spike.
        """

    @abstractmethod
    def forward(self, space: StateSpace, potentials: Array, spikes: Array | None) -> Forward:
        """The same for a population that reads itself; the arrays as in :meth:`rollout`."""

    @abstractmethod
    def filtered(self, space: StateSpace, x: Array) -> Array:
        """``kappa * x``: x [T, ...] through ``C (z - A)^{-1} B`` without spikes. The dynamics must be uniform."""

    @abstractmethod
    def adjoint(
        self,
        space: StateSpace,
        demand: Demand | None,
        move: Move,
        steps: int,
        current: Array,
        potentials: Array | None = None,
        squares: Array | None = None,
    ) -> None:
        """Run a population that does not read itself backward in time, given the demand on its spikes.

        ``dv[t] = move(t, da[t] + R' lambda[t+1])``, ``lambda[t] = C' dv[t] + A' lambda[t+1]``, ``j[t] = B' lambda[t]``.

        Parameters
        ----------
        steps : T.
        current : j, filled in, as its sums over K windows of steps, [K, N, n]; K = T for j itself.
        potentials, squares : dv, [T, N, n], and the sum of its squares over time, [N, n], filled in where they are given.
        """

    @abstractmethod
    def backward(
        self, space: StateSpace, demand: Demand | None, move: Move, current: Array, potentials: Array
    ) -> Backward:
        """The same for a population that reads itself; j [T, N, n] and dv, filled in step by step."""
