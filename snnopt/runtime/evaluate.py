"""Running learned weights forward on any number of samples, in pieces, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.runtime.batch import Batch
from snnopt.runtime.forward import Weights, Wiring, rollout
from snnopt.runtime.readout import readout_uses
from snnopt.runtime.sampled import Sampled
from snnopt.runtime.views import loss_views

Array = NDArray[Any]

CHUNK_ENTRIES = 2**21
"""Entries of the widest [T, n, width] array in one piece."""


def pieces(wiring: Wiring, weights: Weights, samples: Sampled) -> Iterator[tuple[slice, Batch]]:
    """Yield the rollout of all samples, piece by piece."""
    program = wiring.program
    widest = max([c.size for c in program.couplings] + [int(np.prod(v.shape)) for v in program.inputs])
    for piece in samples.chunks(CHUNK_ENTRIES, widest):
        batch = Batch(samples.take(piece, wiring.dtype), {}, samples.lengths_of(piece))
        batch.activity = rollout(wiring, weights, batch.data, samples.steps, readouts=False, lengths=batch.lengths)
        yield piece, batch


def readouts(wiring: Wiring, weights: Weights, samples: Sampled) -> dict[str, Array]:
    """What each output's first loss sees, [N, units], by name."""
    views = loss_views(wiring, samples.steps)
    groups = readout_uses(views, wiring)
    first = {v.term.owner: v for v in reversed(views)}
    sizes = {n: wiring.program.by_name[n].size for n in dict.fromkeys(v.term.owner for v in views)}
    out = {n: np.empty((samples.count, size), wiring.dtype) for n, size in sizes.items()}
    for piece, batch in pieces(wiring, weights, samples):
        for view in views:
            view.look(batch)
        for group in groups:
            group.look(batch, weights)
        for name, m in out.items():
            m[piece] = batch.seen[first[name]]
    return out


def score(found: Mapping[str, Array], targets: Mapping[str, Array]) -> float:
    """Mean over outputs of the accuracy, where targets are labels [N], or R squared, where they are real [N, units].

    ``R^2 = 1 - sum (y - m)^2 / sum (y - mean y)^2``, NaN where the targets do not vary.
    """
    return float(np.mean([_score(found[name], y) for name, y in targets.items()]))


def _score(m: Array, y: Array) -> float:
    if y.ndim == 1:
        return float((m.argmax(1) == y).mean())
    if np.all(y == y[0]):
        return float("nan")
    return 1.0 - float(((y - m) ** 2).sum()) / float(((y - y.mean(0)) ** 2).sum())
