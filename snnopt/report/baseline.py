"""What training has to beat: the network's random starting weights with only the read-out solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.lower import lower
from snnopt.model import Problem
from snnopt.program import Program
from snnopt.runtime import Samples, Wiring, check_inputs, check_targets, score
from snnopt.runtime.evaluate import pieces
from snnopt.runtime.initial import starting_weights
from snnopt.runtime.readout import ReadoutUses, readout_uses
from snnopt.runtime.stacking import unstack
from snnopt.runtime.views import MembraneView
from snnopt.runtime.weights import channel_groups

Array = NDArray[Any]

SWEEPS = 20
"""Passes over the groups of weights of one output, where there are several."""


@dataclass(frozen=True)
class Baseline:
    """Score of random hidden layers with a ridge read-out, on training and test data (NaN without test data).

    As :meth:`snnopt.Result.score`: accuracy for labels, R squared for real targets.
    """

    train: float
    test: float


def random_hidden_baseline(
    problem: Problem | Program,
    data: object,
    labels: object,
    test_data: object = None,
    test_labels: object = None,
    *,
    timesteps: int | None = None,
    lengths: object = None,
    test_lengths: object = None,
    seed: int = 0,
    ridge: float = 1e-2,
) -> Baseline:
    """Solve only the read-out of the network that training with ``seed`` starts from.

    Each output's features x [N, k] (time-summed spikes of the random network, with a bias column) are fitted to one-hot
    labels Y, or to real targets Y, by ridge regression, ``W' = (X'X + mu I)^-1 X'Y``, mu = ``ridge`` times the mean
    diagonal of X'X. An output whose loss is on its largest potential or on its spikes is fitted by its mean potential, as
    if it did not reset.

    Parameters
    ----------
    problem : what is trained, or its intermediate form.
    data, labels : what training would get, see :meth:`snnopt.Plan.solve`.
    test_data, test_labels : what to score on as well.
    timesteps : T for data without a time axis.
    lengths, test_lengths : number of steps of each series, where they differ.
    seed : the seed of the training run to compare with.

    Raises
    ------
    DataError
        Data or targets do not fit the network.
    """
    program = problem if isinstance(problem, Program) else lower(problem)
    samples, targets = _checked(program, data, labels, timesteps, lengths)
    held_out = None if test_data is None else _checked(program, test_data, test_labels, timesteps, test_lengths)
    wiring = Wiring(program, np.dtype(np.float32))
    seen = _Outputs(wiring, samples.steps)
    weights = seen.solve(starting_weights(wiring, samples, seed), samples, targets, ridge)
    train = seen.score(weights, samples, targets)
    return Baseline(train, float("nan") if held_out is None else _test(wiring, weights, *held_out))


def _test(wiring: Wiring, weights: Mapping[str, Array], samples: Samples, targets: Mapping[str, Array]) -> float:
    return _Outputs(wiring, samples.steps).score(weights, samples, targets)


def _checked(
    program: Program, data: object, labels: object, timesteps: int | None, lengths: object
) -> tuple[Samples, dict[str, Array]]:
    samples = check_inputs(program, data, timesteps, lengths)
    return samples, check_targets(program, labels, samples.count, next(iter(samples.arrays.values())).shape)


class _Outputs:
    """Each output as the mean potential of its window, and the weights that lead there."""

    def __init__(self, wiring: Wiring, steps: int) -> None:
        self.wiring = wiring
        first = {t.owner: t for t in reversed(wiring.program.losses)}
        linear = {
            n: t if t.over not in (("max", 0), ("count", 0)) else replace(t, over=("mean", 0)) for n, t in first.items()
        }
        self.views = {n: MembraneView(t, wiring, steps) for n, t in linear.items()}
        self.groups = readout_uses(list(self.views.values()), wiring)

    def solve(
        self, weights: dict[str, Array], samples: Samples, targets: Mapping[str, Array], ridge: float
    ) -> dict[str, Array]:
        """Ridge regression of one-hot or real targets; group after group, a few times, where an output has several."""
        fixed: dict[str, list[Array]] = {n: [] for n in self.views}
        found: list[list[list[list[Array]]]] = [[[] for _ in g.seen] for g in self.groups]
        for _, batch in pieces(self.wiring, weights, samples):
            for name, view in self.views.items():
                view.look(batch)
                fixed[name].append(batch.seen[view].astype(np.float64))
            for group, lists in zip(self.groups, found, strict=True):
                for seen, parts in zip(group.seen, lists, strict=True):
                    parts.append(seen.features(batch.signals, batch.profiles[seen.view]))
        m = {n: np.concatenate(parts) for n, parts in fixed.items()}
        wanted = {n: np.eye(m[n].shape[1])[y] if y.ndim == 1 else y for n, y in targets.items()}
        features = [[_joined(parts) for parts in lists] for lists in found]
        matrices = [np.zeros((g.columns[0].channels, sum(c.width for c in g.columns))) for g in self.groups]
        several = len(self.groups) > len(self.views)
        for _ in range(SWEEPS if several else 1):
            for k, group in enumerate(self.groups):
                change = _fit(group, features[k], matrices[k], m, wanted, ridge)
                for seen, x in zip(group.seen, features[k], strict=True):
                    m[seen.view.term.owner] += seen.potentials(x, change)
                matrices[k] = matrices[k] + change
        solved = weights
        for group, matrix in zip(self.groups, matrices, strict=True):
            solved = solved | unstack(group.columns, matrix.astype(self.wiring.dtype))
        return solved

    def score(self, weights: Mapping[str, Array], samples: Samples, targets: Mapping[str, Array]) -> float:
        """Accuracy, or R squared for real targets; mean over outputs."""
        found: dict[str, list[Array]] = {n: [] for n in targets}
        for _, batch in pieces(self.wiring, weights, samples):
            for view in self.views.values():
                view.look(batch)
            for group in self.groups:
                group.look(batch, weights)
            for name, parts in found.items():
                parts.append(batch.seen[self.views[name]].copy())
        return score({n: np.concatenate(parts) for n, parts in found.items()}, targets)


def _joined(parts: list[list[Array]]) -> list[Array]:
    """Features by pattern, pieces joined."""
    return [np.concatenate([p[k] for p in parts]).astype(np.float64) for k in range(len(parts[0]))]


def _fit(
    group: ReadoutUses,
    features: list[list[Array]],
    matrix: Array,
    m: Mapping[str, Array],
    wanted: Mapping[str, Array],
    ridge: float,
) -> Array:
    """The change of a group's matrix that fits what its outputs still miss."""
    grams = [s.gram(x).total for s, x in zip(group.seen, features, strict=True)]
    misses = [wanted[s.view.term.owner] - m[s.view.term.owner] for s in group.seen]
    cross = np.sum([s.cross(x, miss) for s, x, miss in zip(group.seen, features, misses, strict=True)], 0)
    change = np.empty_like(matrix)
    for rows, patterns in channel_groups([s.channel_pattern for s in group.seen]):
        gram = np.sum([g[p] for g, p in zip(grams, patterns, strict=True)], 0)
        mu = ridge * np.trace(gram) / len(gram)
        change[rows] = np.linalg.solve(gram + mu * np.eye(len(gram)), cross[:, rows] - mu * matrix[rows].T).T
    return change
