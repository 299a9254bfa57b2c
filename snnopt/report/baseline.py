"""What training has to beat: the network's random starting weights with only the read-out solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import DataError
from snnopt.lower import lower
from snnopt.model import Problem
from snnopt.program import Program
from snnopt.runtime import Samples, Wiring, check_inputs, check_targets, rollout
from snnopt.runtime.engine import CALIBRATION_SAMPLES
from snnopt.runtime.evaluate import CHUNK_ENTRIES
from snnopt.runtime.initial import calibrate, draw
from snnopt.runtime.readout import LinearReadout

Array = NDArray[Any]


@dataclass(frozen=True)
class Baseline:
    """Accuracy of random hidden layers with a ridge read-out, on training and test data (NaN without test data)."""

    train: float
    test: float


def random_hidden_baseline(
    problem: Problem,
    data: object,
    labels: object,
    test_data: object = None,
    test_labels: object = None,
    *,
    timesteps: int | None = None,
    seed: int = 0,
    ridge: float = 1e-2,
) -> Baseline:
    """Solve only the read-out of the network that training with ``seed`` starts from.

    Each output's features x [N, k] (time-summed spikes of the random network, with a bias column) are fitted to one-hot
    labels Y by ridge regression, ``W' = (X'X + mu I)^-1 X'Y``, mu = ``ridge`` times the mean diagonal of X'X.

    Parameters
    ----------
    data, labels : what training would get, see :meth:`snnopt.Plan.solve`.
    test_data, test_labels : what to score on as well.
    timesteps : T for data without a time axis.
    seed : the seed of the training run to compare with.

    Raises
    ------
    DataError
        Data or labels do not fit the network, or an output has real targets.
    """
    program = lower(problem)
    samples, targets = _checked(program, data, labels, timesteps)
    held_out = None if test_data is None else _checked(program, test_data, test_labels, timesteps)
    wiring = Wiring(program, np.dtype(np.float32))
    weights = starting_weights(wiring, samples, seed)
    solved: dict[str, Array] = {}
    for name, x in _features(wiring, weights, samples).items():
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += ridge * np.trace(gram) / len(gram)
        solved[name] = np.linalg.solve(gram, x.T @ np.eye(program.by_name[name].size)[targets[name]])

    def accuracy(on: Samples, wanted: Mapping[str, Array]) -> float:
        x = _features(wiring, weights, on)
        return float(np.mean([((x[n] @ solved[n]).argmax(1) == y).mean() for n, y in wanted.items()]))

    return Baseline(accuracy(samples, targets), float("nan") if held_out is None else accuracy(*held_out))


def starting_weights(wiring: Wiring, samples: Samples, seed: int) -> dict[str, Array]:
    """The weights that training on ``samples`` with ``seed`` starts from, as matrices by name."""
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])
    few = samples.take(slice(0, None, max(1, samples.count // CALIBRATION_SAMPLES)), wiring.dtype)
    return calibrate(wiring, draw(wiring.program, rng, wiring.dtype), few, samples.steps)


def _checked(program: Program, data: object, labels: object, timesteps: int | None) -> tuple[Samples, dict[str, Array]]:
    samples = check_inputs(program, data, timesteps)
    targets = check_targets(program, labels, samples.count, next(iter(samples.arrays.values())).shape)
    for name, y in targets.items():
        if y.ndim != 1:
            raise DataError(f"output {name!r}", "the baseline classifies, these are real targets", "give labels [N]")
    return samples, targets


def _features(wiring: Wiring, weights: Mapping[str, Array], samples: Samples) -> dict[str, Array]:
    """Read-out features of the rollout by output, [N, k] float64, made piece by piece."""
    program = wiring.program
    readouts = {
        t.owner: LinearReadout(program, t, wiring.incoming[t.owner], samples.steps, wiring.dtype)
        for t in program.losses
    }
    widest = max([c.size for c in program.couplings] + [int(np.prod(v.shape)) for v in program.inputs])
    parts: dict[str, list[Array]] = {name: [] for name in readouts}
    for piece in samples.chunks(CHUNK_ENTRIES, widest):
        data = samples.take(piece, wiring.dtype)
        activity = rollout(wiring, weights, data, samples.steps, readouts=False)
        signals = data | {n: a.output for n, a in activity.items()}
        for name, readout in readouts.items():
            parts[name].append(readout.features(signals).astype(np.float64))
    return {name: np.concatenate(p) for name, p in parts.items()}
