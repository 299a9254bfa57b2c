"""One training run with everything that is told about it: accuracy, the baseline beside it, rates, time, a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import Algorithm
from snnopt.api import Result, compile, simulate  # noqa: A004
from snnopt.cli.termination import INTERRUPTED
from snnopt.data import Dataset
from snnopt.data.dataset import in_shape
from snnopt.errors import DataError
from snnopt.model import Problem
from snnopt.report.baseline import Baseline, random_hidden_baseline
from snnopt.report.plots import overview
from snnopt.report.plots.saving import save_figure
from snnopt.runtime import Activity, Status

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Experiment:
    """A problem trained on a data set."""

    problem: Problem
    dataset: Dataset
    timesteps: int | None
    seed: int
    result: Result
    train: float
    test: float
    baseline: Baseline

    @property
    def seconds(self) -> float:
        """Training time, progress display excluded."""
        records = self.result.history.records
        return records[-1].seconds if records else 0.0

    @property
    def sizes(self) -> str:
        """Layer sizes, e.g. ``64-100-10``."""
        nodes = (*self.problem.network.inputs, *self.problem.network.populations)
        return "-".join("x".join(map(str, n.shape or ())) for n in nodes)

    @cached_property
    def trace(self) -> Mapping[str, Activity]:
        """Activity on the test samples."""
        data = self.dataset.X_test.astype(np.float32)
        lengths = self.dataset.lengths_test
        return simulate(self.problem.network, self.result.weights, data, timesteps=self.timesteps, lengths=lengths)

    @property
    def firing_rates(self) -> dict[str, float]:
        """Spikes per neuron and step on the test samples, by layer."""
        return {n: a.firing_rate for n, a in self.trace.items() if a.spikes is not None}

    @property
    def exit_code(self) -> int:
        """0 for a run that ended well, 1 for one that did not, 130 for an interrupted one."""
        if self.result.status is Status.INTERRUPTED:
            return INTERRUPTED
        return 1 if self.result.status in (Status.DIVERGED, Status.NUMERICAL_ERROR) else 0

    def draw(self, path: Path) -> Path:
        """Write the picture of the run."""
        readout = self.result.program.losses[0].owner
        predicted = self.result.predict(self.dataset.X_test, lengths=self.dataset.lengths_test)
        if isinstance(predicted, dict):
            predicted = predicted[readout]
        name, weight = next(iter(self.result.weights.items()))
        couplings = self.result.program.couplings
        layer = next(c.name for c in couplings if any(m.weight == name for m in c.maps))
        figure = overview(
            self.result.history,
            self.trace,
            readout,
            self.dataset.X_test,
            self.dataset.y_test,
            predicted,
            weight,
            layer=layer,
            classes=self.dataset.classes,
            shape=self.dataset.shape,
            baseline=self.baseline.test,
            title=f"{self.sizes} trained on {self.dataset.name} by snnopt ({self.result.algorithm}): "
            f"{100 * self.test:.1f}% of {len(self.dataset.y_test)} test samples right after {self.seconds:.2f} s",
        )
        return save_figure(figure, path)


def run_experiment(
    problem: Problem,
    algorithm: Algorithm,
    dataset: Dataset,
    timesteps: int | None,
    seed: int,
    *,
    progress: bool | None = None,
    source: Mapping[str, Any] | None = None,
    **options: Any,
) -> Experiment:
    """Train, score on training and test data, and compute the baseline from the same starting weights.

    ``source`` says where the data are from, for the result to keep (None: their name); ``options`` are further arguments of
    :meth:`Plan.solve`.
    """
    check_single(dataset, len(problem.network.inputs), len(problem.network.outputs))
    d = dataset_in_shape(dataset, problem.network.inputs[0].shape)
    steps = None if d.timed else timesteps
    result = compile(problem, algorithm).solve(
        d.X_train,
        d.y_train,
        timesteps=steps,
        lengths=d.lengths_train,
        seed=seed,
        validation=(d.X_test, d.y_test, d.lengths_test),
        progress=progress,
        **options,
    )
    result = replace(result, origin={**result.origin, **(source or {"data": d.name})})
    train = result.score(d.X_train, d.y_train, lengths=d.lengths_train)
    test = result.score(d.X_test, d.y_test, lengths=d.lengths_test)
    baseline = random_hidden_baseline(
        problem,
        d.X_train,
        d.y_train,
        d.X_test,
        d.y_test,
        timesteps=steps,
        lengths=d.lengths_train,
        test_lengths=d.lengths_test,
        seed=seed,
    )
    return Experiment(problem, d, steps, seed, result, train, test, baseline)


def check_single(dataset: Dataset, inputs: int, outputs: int) -> None:
    """Raise where a network has more inputs or outputs than a data set."""
    if inputs > 1 or outputs > 1:
        raise DataError(
            f"data {dataset.name!r}", "they are one input and one output, the network has more", "use it from Python"
        )


def dataset_in_shape(dataset: Dataset, shape: tuple[int, ...] | None) -> Dataset:
    """The samples in the shape that an input declares, where they have as many features, e.g. [N, 8, 8] for [N, 64]."""
    if shape is None:
        return dataset
    train, test = (in_shape(x, 2 if dataset.timed else 1, shape) for x in (dataset.X_train, dataset.X_test))
    return replace(dataset, X_train=train, X_test=test)
