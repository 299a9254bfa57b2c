"""What a page reads of a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike

from snnopt.metrics.subject import Trained
from snnopt.runtime import History, Status


@runtime_checkable
class Reported(Trained, Protocol):
    """A result of training, as far as a page tells of it."""

    @property
    def history(self) -> History:
        """Its records."""

    @property
    def status(self) -> Status:
        """Why it ended."""

    @property
    def message(self) -> str:
        """The same in a sentence."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""

    @property
    def algorithm(self) -> str:
        """Its algorithm."""

    @property
    def equations(self) -> tuple[str, ...]:
        """Its problem in LaTeX."""

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where it comes from."""

    def score(
        self, data: object, targets: object, *, timesteps: int | None = None, lengths: ArrayLike | None = None
    ) -> float:
        """Accuracy or R squared."""
