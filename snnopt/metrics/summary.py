"""All measures of one rollout, as a table to print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from snnopt.metrics.decisions import DECIDED, DECISIONS, decide, labels_of, own, seen
from snnopt.metrics.firing import LayerFiring, activation_sparsity, firing
from snnopt.metrics.margin import Margin, margins
from snnopt.metrics.operations import SynapticOperations, synaptic_operations
from snnopt.metrics.size import Footprint, connection_sparsity, footprint
from snnopt.metrics.trial import Trial, trial
from snnopt.runtime import check_targets, score
from snnopt.runtime.cells import many, percent, text_table


@dataclass(frozen=True)
class Summary:
    """What :func:`summary` measures; ``print`` it.

    Attributes
    ----------
    samples, steps : samples, and steps per sample that count, mean.
    score : what ``Result.score`` gives, by output; empty without targets.
    accuracy : of each output with labels, by what decides: ``"own"`` (what its loss sees) and :data:`DECISIONS`, those by spikes
        where it spikes.
    firing, margins : of each layer that spikes.
    activation_sparsity, connection_sparsity, operations, footprint : see the functions of these names.
    """

    samples: int
    steps: float
    score: dict[str, float]
    accuracy: dict[str, dict[str, float]]
    firing: dict[str, LayerFiring]
    margins: dict[str, Margin]
    activation_sparsity: float
    connection_sparsity: float
    operations: SynapticOperations
    footprint: Footprint

    @property
    def joules(self) -> float:
        """The energy estimate per sample, see :func:`energy`."""
        return self.operations.joules()

    def __str__(self) -> str:
        ops, size = self.operations, self.footprint
        rows = {f"{name}, R squared": f"{r:.3f}" for name, r in self.score.items() if name not in self.accuracy}
        for name, found in self.accuracy.items():
            rows |= {f"{name}, accuracy by {DECIDED[kind]}": percent(a) for kind, a in found.items()}
        rows |= {
            "activation sparsity": percent(self.activation_sparsity),
            "connection sparsity": percent(self.connection_sparsity),
            "effective ACs per sample": many(ops.effective_acs),
            "effective MACs per sample": many(ops.effective_macs),
            "dense operations per sample": many(ops.dense),
            "energy estimate per sample": f"{self.joules:.3g} J",
            "footprint": f"{size.total:,.0f} bytes",
        }
        layers = {"layer": list(self.firing), "neurons": [str(f.neurons) for f in self.firing.values()]}
        layers |= {
            "firing rate": [f"{f.rate:.4f}" for f in self.firing.values()],
            "dead": [str(f.dead) for f in self.firing.values()],
            "saturated": [str(f.saturated) for f in self.firing.values()],
            "least margin (V)": [f"{m.least:.2g}" for m in self.margins.values()],
            "in roundings": [f"{m.roundings:.3g}" for m in self.margins.values()],
            "median margin (V)": [f"{m.quantiles[0.5]:.2g}" for m in self.margins.values()],
        }
        told = {name: text or "-" for name, text in rows.items()}
        width = max(map(len, told))
        head = f"{self.samples} samples, {self.steps:g} steps each" + (" on average" if self.steps % 1 else "")
        lines = [head, "", *(f"{name:<{width}}  {text}" for name, text in told.items())]
        return "\n".join([*lines, "", text_table(layers)] if self.firing else lines)


def summary(
    model: object,
    data: object = None,
    targets: object = None,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> Summary:
    """Measure everything on one rollout, to print as a table.

    Parameters
    ----------
    model, data, weights, timesteps, lengths : as in :func:`trial`.
    targets : labels or real targets as in :meth:`snnopt.Result.score`; None measures no accuracy.
    """
    run = trial(model, data, weights=weights, timesteps=timesteps, lengths=lengths)
    right, scores = ({}, {}) if targets is None else _judged(run, targets)
    return Summary(
        samples=run.samples.count,
        steps=float(run.lengths.mean()),
        score=scores,
        accuracy=right,
        firing=firing(run),
        margins=margins(run),
        activation_sparsity=activation_sparsity(run),
        connection_sparsity=connection_sparsity(run),
        operations=synaptic_operations(run),
        footprint=footprint(run),
    )


def _judged(run: Trial, targets: object) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Accuracy by output and what decides, and the score by output."""
    shape = next(iter(run.samples.arrays.values())).shape
    if run.program.losses:
        wanted = check_targets(run.program, targets, run.samples.count, shape)
    else:
        wanted = labels_of(run, targets)
    scores = {name: score({name: seen(run, name, own(run, name))}, {name: y}) for name, y in wanted.items()}
    right = {}
    for name, y in wanted.items():
        if y.ndim == 1:
            spiking = run.activity[name].spikes is not None
            kinds = [None, *(by for by in DECISIONS if spiking or by not in ("count", "first"))]
            right[name] = {by or "own": float(np.mean(decide(run, name, by) == y)) for by in kinds}
    return right, scores
