"""Everything that a page tells, found before any of it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError, shown
from snnopt.metrics import Summary, Trial, summary, trial
from snnopt.metrics.decisions import decide
from snnopt.report.baseline import Baseline, random_hidden_baseline
from snnopt.report.html.reported import Reported
from snnopt.report.plots.overview import few
from snnopt.runtime import Activity, check_targets

Array = NDArray[Any]
SHOWN = 4
"""Samples whose spikes are drawn."""


@dataclass(frozen=True, eq=False)
class Facts:
    """A result, and what it does on the data that are given.

    Attributes
    ----------
    run, measured : the rollout and its summary; None without data.
    labels, predicted : by output that classifies, [N]; empty without targets.
    training : the score on training data, and the baseline where all outputs classify; NaN and None without any.
    samples : which samples are drawn.
    classes : the name of each label; None numbers them.
    shape : rows and columns of a sample as an image; None where it is none.
    """

    result: Reported
    run: Trial | None
    measured: Summary | None
    labels: Mapping[str, Array]
    predicted: Mapping[str, Array]
    training: float
    baseline: Baseline | None
    samples: tuple[int, ...]
    classes: Sequence[str] | None
    shape: tuple[int, int] | None

    @property
    def trace(self) -> dict[str, Activity]:
        """Activity, with the lengths of the samples."""
        assert self.run is not None
        lengths = self.run.samples.lengths
        return {n: Activity(a.potentials, a.spikes, lengths) for n, a in self.run.activity.items()}

    def names(self, output: str) -> list[str]:
        """What the units of an output stand for."""
        given = list(self.classes or ())
        return [*given, *(str(k) for k in range(len(given), self.result.program.by_name[output].size))]


def gathered(
    result: object,
    data: object,
    targets: object,
    train: tuple[object, ...] | None,
    *,
    timesteps: int | None,
    lengths: ArrayLike | None,
    classes: Sequence[str] | None,
    shape: tuple[int, int] | None,
) -> Facts:
    """Run the network forward and measure; the arguments of :func:`snnopt.html_report`."""
    where = "html_report"
    if not isinstance(result, Reported):
        raise ModelError(where, f"{shown(result)} is no result", "pass what plan.solve(...) or so.load(...) returns")
    if data is None and (targets is not None or train is not None):
        raise ModelError(where, "there are targets or training data, and no data", "give html_report(result, X, y)")
    if train is not None and not (isinstance(train, tuple | list) and len(train) in (2, 3)):
        fix = "give a pair (data, targets), or (data, targets, lengths)"
        raise ModelError(where, f"train={shown(train)}", fix)
    if isinstance(classes, str) or not (classes is None or isinstance(classes, Sequence | np.ndarray)):
        raise ModelError(where, f"classes={shown(classes)}", "give a list of names, one for each label")
    if shape is not None and not (isinstance(shape, tuple | list) and [type(n) for n in shape] == [int, int]):
        raise ModelError(where, f"shape={shown(shape)}", "give rows and columns, e.g. (8, 8)")
    run = None if data is None else trial(result, data, timesteps=timesteps, lengths=lengths)
    wanted: dict[str, Array] = {}
    if run is not None and targets is not None:
        first = next(iter(run.samples.arrays.values())).shape
        wanted = {
            n: y for n, y in check_targets(result.program, targets, run.samples.count, first).items() if y.ndim == 1
        }
    predicted = {n: decide(run, n) for n in wanted} if run is not None else {}
    training, baseline = float("nan"), None
    if train is not None:
        training, baseline = _beside(result, data, targets, train, timesteps, lengths)
    return Facts(
        result=result,
        run=run,
        measured=None if run is None else summary(run, targets=targets),
        labels=wanted,
        predicted=predicted,
        training=training,
        baseline=baseline,
        samples=_chosen(run, wanted, predicted),
        classes=None if classes is None else [str(c) for c in classes],
        shape=shape,
    )


def _beside(
    result: Reported,
    data: object,
    targets: object,
    train: Sequence[object],
    timesteps: int | None,
    lengths: ArrayLike | None,
) -> tuple[float, Baseline | None]:
    """The score on training data, and what random hidden layers reach on both parts."""
    X, y, own = (*train, None)[:3]
    samples = result.samples(X, timesteps, own)  # type: ignore[arg-type]
    score = result.score(X, y, timesteps=timesteps, lengths=own)  # type: ignore[arg-type]
    if result.real_outputs or targets is None:
        return score, None
    seed = result.origin.get("seed", 0)
    steps = samples.steps if any(samples.constant.values()) else None
    return score, random_hidden_baseline(
        result.program, X, y, data, targets, timesteps=steps, lengths=own, test_lengths=lengths, seed=int(seed)
    )


def _chosen(run: Trial | None, labels: Mapping[str, Array], predicted: Mapping[str, Array]) -> tuple[int, ...]:
    """Samples of different classes with a mistake among them, or the first ones where there are no labels."""
    if run is None:
        return ()
    for output, y in labels.items():
        return tuple(few(y, predicted[output], SHOWN))
    return tuple(range(min(SHOWN, run.samples.count)))
