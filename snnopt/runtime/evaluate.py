"""Running learned weights forward on any number of samples, in pieces, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.program import Program, Term
from snnopt.runtime.data import Samples
from snnopt.runtime.forward import Weights, Wiring, rollout
from snnopt.runtime.readout import LinearReadout
from snnopt.runtime.stacking import stack_maps

Array = NDArray[Any]

CHUNK_ENTRIES = 2**21
"""Entries of the widest [T, n, width] array in one piece."""


def window_means(
    wiring: Wiring, program: Program, weights: Weights, samples: Samples
) -> Iterator[tuple[slice, dict[str, Array]]]:
    """Yield ``(slice, {output: m})``: what each loss sees, [n, units], piece by piece."""
    readouts = {t.owner: _readout(wiring, program, t, samples.steps) for t in program.losses}
    widest = max([c.size for c in program.couplings] + [int(np.prod(v.shape)) for v in program.inputs])
    for piece in samples.chunks(CHUNK_ENTRIES, widest):
        data = samples.take(piece, wiring.dtype)
        activity = rollout(wiring, weights, data, samples.steps, readouts=False)
        signals = data | {n: a.output for n, a in activity.items()}
        yield (
            piece,
            {
                name: r.features(signals) @ stack_maps([w.map for w in r.wires], weights).T
                for name, r in readouts.items()
            },
        )


def accuracy(
    wiring: Wiring, program: Program, weights: Weights, samples: Samples, targets: Mapping[str, Array]
) -> float:
    """Share of samples classified right, mean over outputs; NaN for real targets."""
    right = dict.fromkeys(targets, 0.0)
    for piece, means in window_means(wiring, program, weights, samples):
        for name, target in targets.items():
            hit = (means[name].argmax(1) == target[piece]).sum() if target.ndim == 1 else np.nan
            right[name] += float(hit)
    return float(np.mean([r / samples.count for r in right.values()]))


def _readout(wiring: Wiring, program: Program, term: Term, steps: int) -> LinearReadout:
    return LinearReadout(program, term, wiring.incoming[term.owner], steps, wiring.dtype)
