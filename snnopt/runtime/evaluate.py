"""Running learned weights forward on any number of samples, in pieces, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import Program
from snnopt.runtime.batch import Batch
from snnopt.runtime.data import Samples
from snnopt.runtime.forward import Weights, Wiring, rollout
from snnopt.runtime.readout import readout_uses
from snnopt.runtime.views import loss_views

Array = NDArray[Any]

CHUNK_ENTRIES = 2**21
"""Entries of the widest [T, n, width] array in one piece."""


def outputs(
    wiring: Wiring, program: Program, weights: Weights, samples: Samples
) -> Iterator[tuple[slice, dict[str, Array]]]:
    """Yield ``(slice, {output: m})``: what each output's first loss sees, [n, units], piece by piece."""
    views = loss_views(wiring, samples.steps)
    groups = readout_uses(views, wiring)
    for piece, batch in pieces(wiring, weights, samples):
        for view in views:
            view.look(batch)
        for group in groups:
            group.look(batch, weights)
        yield piece, {v.term.owner: batch.seen[v] for v in reversed(views)}


def pieces(wiring: Wiring, weights: Weights, samples: Samples) -> Iterator[tuple[slice, Batch]]:
    """Yield the rollout of all samples, piece by piece."""
    program = wiring.program
    widest = max([c.size for c in program.couplings] + [int(np.prod(v.shape)) for v in program.inputs])
    for piece in samples.chunks(CHUNK_ENTRIES, widest):
        batch = Batch(samples.take(piece, wiring.dtype), {}, samples.lengths_of(piece))
        batch.activity = rollout(wiring, weights, batch.data, samples.steps, readouts=False, lengths=batch.lengths)
        yield piece, batch


def accuracy(
    wiring: Wiring, program: Program, weights: Weights, samples: Samples, targets: Mapping[str, Array]
) -> float:
    """Share of samples classified right, mean over outputs; NaN for real targets."""
    right = dict.fromkeys(targets, 0.0)
    for piece, found in outputs(wiring, program, weights, samples):
        for name, target in targets.items():
            hit = (found[name].argmax(1) == target[piece]).sum() if target.ndim == 1 else np.nan
            right[name] += float(hit)
    return float(np.mean([r / samples.count for r in right.values()]))
