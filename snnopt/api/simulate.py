"""``simulate``: a network run forward with given weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.api.by_name import ByName
from snnopt.api.given import program_of, weights_of
from snnopt.api.plan import Plan
from snnopt.api.result import Result
from snnopt.model import Network, Problem
from snnopt.runtime import Activity, Wiring, check_inputs, check_weights, rollout


def simulate(
    network: Network | Problem | Plan | Result,
    weights: Mapping[str, ArrayLike] | Result,
    data: object,
    *,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> dict[str, Activity]:
    """Run a network forward and return every population's potentials and spikes.

    ``v[t] = A-B-C dynamics of i[t] = W s[t] + b``, ``s[t] = v[t] > threshold``; a LIF step is computed in the order
    ``(beta v + i) - threshold s``.

    Parameters
    ----------
    network : a network, problem, plan or result.
    weights : arrays by name, as in ``result.weights``, or a result.
    data : as in :meth:`Plan.solve`, without a time axis for ``timesteps``; where ``network`` or ``weights`` is a result, its
        timesteps by default. The computation runs in its dtype: float64 stays float64, float32 stays float32;
        whole numbers are computed in float64.
    lengths : number of steps of each series [N], where they differ; potentials and spikes after them are zero.

    Returns
    -------
    By population: an object with ``potentials`` and ``spikes`` (None where it does not spike), ``[T, N, *shape]``, and
    ``lengths``.

    Raises
    ------
    DataError, UnknownNameError
        Data or weights do not fit the network.
    """
    trained = next((given for given in (network, weights) if isinstance(given, Result)), None)
    program = program_of("simulate", network)
    if timesteps is None and trained is not None:
        timesteps = trained.steps_for(data)
    samples = check_inputs(program, data, timesteps, lengths)
    kinds = {x.dtype for x in samples.arrays.values()}
    dtype = np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)
    wiring, matrices = Wiring(program, dtype), check_weights(program, weights_of(weights), dtype)
    activity = rollout(wiring, matrices, samples.take(slice(None), dtype), samples.steps, lengths=samples.lengths)
    shaped = {n: _shaped(a, program.by_name[n].shape, samples.lengths) for n, a in activity.items()}
    return ByName("population of this network", shaped)


def _shaped(a: Activity, shape: tuple[int, ...], lengths: NDArray[np.int64] | None) -> Activity:
    lead = a.potentials.shape[:2]
    spikes = None if a.spikes is None else a.spikes.reshape(*lead, *shape)
    return Activity(a.potentials.reshape(*lead, *shape), spikes, lengths)
