"""Synaptic operations, and the joules they are taken to cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError, shown
from snnopt.metrics.trial import Trial, trial
from snnopt.program import LinearMap

Array = NDArray[Any]

PER_AC, PER_MAC = 0.9e-12, 4.6e-12
"""Joules of an addition of two 32-bit floating-point numbers, and of a multiplication (3.7 pJ) and an addition, in 45 nm at 0.9
V: Horowitz 2014, "Computing's energy problem (and what we can do about it)", ISSCC, figure 1.1.9."""


@dataclass(frozen=True)
class SynapticOperations:
    """Operations per sample, mean over samples; divide by ``steps`` for those of one time step, a model execution.

    Attributes
    ----------
    effective_acs : additions, of a weight that is not zero where a spike arrives.
    effective_macs : multiplications with addition, of such a weight with a graded value that is not zero.
    dense : those of hardware that skips no zero.
    steps : time steps per sample, mean.
    layers : the first three numbers of each layer that operations are into, by name.
    """

    effective_acs: float
    effective_macs: float
    dense: float
    steps: float
    layers: dict[str, tuple[float, float, float]]

    def joules(self, per_ac: float = PER_AC, per_mac: float = PER_MAC) -> float:
        """``acs x per_ac + macs x per_mac``, see :func:`energy`."""
        for name, value in (("per_ac", per_ac), ("per_mac", per_mac)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise ModelError("energy", f"{name}={shown(value)}", "give joules per operation, e.g. 0.9e-12")
        return self.effective_acs * per_ac + self.effective_macs * per_mac


def synaptic_operations(
    model: object,
    data: object = None,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> SynapticOperations:
    r"""Count synaptic operations: NeuroBench's SynapticOperations, arguments as in :func:`trial`.

    A connection's synapses are the pairs of a source and a current that one of its weights joins. Each step that counts,
    ``effective = #{synapses: weight != 0 and what arrives at it != 0}`` and ``dense = #{synapses}``; what arrives at step t is
    the source's output at t - lag, nothing before the first step. Sums over steps, means over samples. Operations are
    accumulates where all that a source ever sends is -1, 0 or 1, else multiply-accumulates. So at the border of an image a
    source has only the synapses that lie in it, padding costs nothing, a shared weight costs at every use, skips, recurrent and
    delayed connections count like any other, and a mask's missing synapses are weights of zero: no effective operations, but
    dense ones. Biases and the neurons' own updates are no synaptic operations.

    NeuroBench's counts are the same but for two things. It asks in each step anew whether what arrives is -1, 0 or 1. And
    pooling, which has no weights, stands here between sources and the weights behind or before it: a spike counts once at each
    synapse that it reaches through the pool. Where pooling stands after the weights, that is NeuroBench's count without the
    rows and columns that the pool drops; before them, NeuroBench counts the pool's averages instead (fewer operations,
    but MACs). A connection without any weights counts nothing.
    """
    run = trial(model, data, weights=weights, timesteps=timesteps, lengths=lengths)
    layers = {}
    for coupling in run.program.couplings:
        found = [_operations(run, m) for m in coupling.maps if m.learned]
        if found:
            total = np.sum(found, 0) / run.samples.count
            layers[coupling.name] = (float(total[0]), float(total[1]), float(total[2]))
    acs, macs, dense = (float(sum(row[k] for row in layers.values())) for k in range(3))
    return SynapticOperations(acs, macs, dense, float(run.lengths.mean()), layers)


def energy(
    model: object,
    data: object = None,
    *,
    per_ac: float = PER_AC,
    per_mac: float = PER_MAC,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> float:
    """Estimate the joules per sample of a network's synapses: ``effective ACs x per_ac + effective MACs x per_mac``.

    An estimate under an assumption: that every effective operation costs what arithmetic on 32-bit floating-point numbers does
    in 45 nm (Horowitz 2014), and nothing else costs anything. Moving weights, updating neurons, spikes on their way and leakage
    often cost more; it compares networks, and measures no chip. Arguments as in :func:`trial`.

    Parameters
    ----------
    per_ac, per_mac : joules of an accumulate and of a multiply-accumulate.
    """
    found = synaptic_operations(model, data, weights=weights, timesteps=timesteps, lengths=lengths)
    return found.joules(per_ac, per_mac)


def _operations(run: Trial, m: LinearMap) -> tuple[int, int, int]:
    """Accumulates, multiply-accumulates and dense operations of one map, over all samples."""
    assert m.weight is not None
    x = run.signals[m.source]
    arrive = run.counted[m.lag :]
    if len(x) == 1:
        active = np.einsum("nk,n->k", (x[0] != 0).astype(np.int64), arrive.sum(0))
    else:
        active = np.count_nonzero((x[: len(x) - m.lag] != 0) & arrive[:, :, None], axis=(0, 1))
    of_column = np.count_nonzero(run.weights[m.weight], axis=0)
    if m.gather is None:
        fan_out, synapses = np.tile(of_column, m.positions), m.positions * m.fan_in * m.channels
    else:
        rows = np.repeat(np.arange(m.gather.rows), np.diff(m.gather.indptr))
        fan_out = np.bincount(m.gather.indices, of_column[rows % m.fan_in], m.gather.columns).astype(np.int64)
        synapses = len(m.gather.indices) * m.channels
    effective, dense = int(active @ fan_out), synapses * int(run.lengths.sum())
    return (effective, 0, dense) if _spikes(run, m.source, x) else (0, effective, dense)


def _spikes(run: Trial, source: str, x: Array) -> bool:
    """Whether all that a source sends is -1, 0 or 1."""
    coupling = run.program.by_name.get(source)
    if coupling is not None:
        return coupling.dynamics.spiking
    return bool(np.all((x == 0) | (np.abs(x) == 1)))
