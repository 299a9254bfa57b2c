"""One rollout that all measures look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError, ModelError
from snnopt.metrics.subject import Trained, subject
from snnopt.program import AffineCoupling, Program
from snnopt.runtime import Activity, Samples, Wiring, check_inputs, rollout

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trial:
    """A network run forward on some samples.

    Attributes
    ----------
    program, weights : the network, and its weights as matrices [channels, fan_in] and biases [channels].
    samples : the data.
    activity : by population, potentials and spikes [T, N, n], zero after the end of a series.
    real_outputs : outputs that were trained on real targets.
    """

    program: Program
    weights: dict[str, Array]
    samples: Samples
    activity: dict[str, Activity]
    real_outputs: tuple[str, ...] = ()

    @cached_property
    def lengths(self) -> Array:
        """Number of steps of each sample that count, [N]."""
        given = self.samples.lengths
        return np.full(self.samples.count, self.samples.steps) if given is None else given

    @cached_property
    def counted(self) -> Array:
        """Which steps count, [T, N] of bool."""
        return np.asarray(np.arange(self.samples.steps)[:, None] < self.lengths)

    @cached_property
    def signals(self) -> dict[str, Array]:
        """What every input and population sends, [T, N, n], or [1, N, n] where it is held constant."""
        dtype = next(iter(self.activity.values())).potentials.dtype
        return self.samples.take(slice(None), dtype) | {n: a.output for n, a in self.activity.items()}

    @property
    def spiking(self) -> list[AffineCoupling]:
        """The populations that spike, sources first."""
        return [c for c in self.program.couplings if c.dynamics.spiking]

    def __repr__(self) -> str:
        return f"Trial({self.samples.count} samples, {self.samples.steps} steps, {len(self.activity)} layers)"


def trial(
    model: object,
    data: object = None,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> Trial:
    """Run a network forward and keep what it did; takes the memory of :func:`snnopt.simulate`, so give some of many samples.

    Parameters
    ----------
    model : a result, or a network or problem with ``weights``. A trial is returned as it is.
    data, timesteps, lengths : as in :meth:`snnopt.Result.predict`.
    weights : arrays by name, as in ``result.weights``; they set the dtype that is computed in, as in ``predict``.

    Raises
    ------
    DataError, ModelError, UnknownNameError
        Data or weights do not fit the network, or ``model`` is none.
    """
    if isinstance(model, Trial):
        if data is not None or weights is not None or timesteps is not None or lengths is not None:
            raise ModelError("metrics", "a trial has its data already", "pass the trial alone, or a result with data")
        return model
    program, matrices = subject(model, weights, "metrics")
    if data is None:
        raise DataError(
            "metrics", "there are no data to run it on", "give samples, e.g. so.metrics.summary(result, X, y)"
        )
    if isinstance(model, Trained):
        samples, real = model.samples(data, timesteps, lengths), model.real_outputs
    else:
        samples, real = check_inputs(program, data, timesteps, lengths), ()
    dtype = next(iter(matrices.values())).dtype
    taken = samples.take(slice(None), dtype)
    activity = rollout(Wiring(program, dtype), matrices, taken, samples.steps, lengths=samples.lengths)
    return Trial(program, matrices, samples, activity, real)
