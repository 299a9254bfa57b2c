"""What can be measured: a trained result, or a network with weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError, ModelError, shown
from snnopt.lower import lower, lower_network
from snnopt.model import Network, Problem
from snnopt.program import Program
from snnopt.runtime import Samples, check_weights

Array = NDArray[Any]


@runtime_checkable
class Trained(Protocol):
    """A result of training, as far as it matters here."""

    @property
    def program(self) -> Program:
        """The network's intermediate form."""

    @property
    def weights(self) -> dict[str, Array]:
        """Weights and biases by name."""

    @property
    def real_outputs(self) -> tuple[str, ...]:
        """Outputs that were trained on real targets."""

    def samples(self, data: object, timesteps: int | None = None, lengths: ArrayLike | None = None) -> Samples:
        """Data, checked."""


def subject(model: object, weights: Mapping[str, ArrayLike] | None, where: str) -> tuple[Program, dict[str, Array]]:
    """The program of a result, network or problem, and its weights as matrices [channels, fan_in] and biases [channels].

    They keep their dtype: float32 where all are, else float64.

    Raises
    ------
    ModelError
        ``model`` is none of these.
    DataError
        A network comes without weights, or with weights that do not fit.
    """
    if isinstance(model, Trained):
        program, given = model.program, model.weights if weights is None else weights
    elif isinstance(model, Network | Problem):
        program = lower_network(model) if isinstance(model, Network) else lower(model)
        if weights is None:
            raise DataError(where, "a network has no weights of its own", "give weights=result.weights, or the result")
        given = weights
    else:
        fix = "pass what plan.solve(...) or so.load(...) returns, or a network with weights=result.weights"
        raise ModelError(where, f"{shown(model)} is no result and no network", fix)
    kinds = {np.asarray(w).dtype for w in given.values()} if isinstance(given, Mapping) else set()
    return program, check_weights(
        program, given, np.dtype(np.float32 if kinds == {np.dtype(np.float32)} else np.float64)
    )
