"""Classes decided by membrane potential, by rate, and by the first spike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import DataError, shown, unknown_name
from snnopt.metrics.trial import Trial, trial
from snnopt.program import Over, Term
from snnopt.runtime import Activity
from snnopt.runtime.data import check_target

Array = NDArray[Any]

DECISIONS = ("mean", "last", "max", "count", "first")
"""What a decision can go by: membrane potentials, then spikes."""
DECIDED = {
    "own": "what its loss sees",
    "mean": "mean potential",
    "last": "last potential",
    "max": "largest potential",
    "count": "spike count",
    "first": "first spike",
}
"""The same in words, and what the output's first loss goes by."""
NONE = -1
"""The decision of an output none of whose units spikes, where the first spike decides."""


def accuracy(
    model: object,
    data: object = None,
    targets: object = None,
    *,
    by: str | None = None,
    output: str | None = None,
    weights: Mapping[str, ArrayLike] | None = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> float:
    """Share of samples that are classified right, mean over the outputs with labels.

    Parameters
    ----------
    model, data, weights, timesteps, lengths : as in :func:`trial`.
    targets : labels [N], by output name where there are several.
    by : what decides between units. ``"mean"``, ``"last"`` and ``"max"``: the largest mean, last or greatest membrane
        potential over the steps that count. ``"count"``: the most spikes (the first of several units with equally many, as in
        ``predict``). ``"first"``: the earliest spike, among spikes of one step that with the higher potential; a sample without
        any counts as wrong. None: what the output's first loss sees, as in :meth:`snnopt.Result.score`, else the mean potential.
    output : judge this population instead of the network's outputs, a spiking layer with a unit for each class, say.

    Raises
    ------
    DataError
        Targets are no labels, or spikes shall decide for a layer that has none.
    UnknownNameError
        There is no such population, or no such way to decide.
    """
    run = trial(model, data, weights=weights, timesteps=timesteps, lengths=lengths)
    if by is not None and by not in DECISIONS:
        raise unknown_name("by", by, DECISIONS)
    wanted = labels_of(run, targets, output)
    return float(np.mean([(decide(run, name, by) == y).mean() for name, y in wanted.items()]))


def labels_of(run: Trial, targets: object, output: str | None = None) -> dict[str, Array]:
    """Labels [N] by population: of the named one, or of those outputs that classify."""
    if output is not None and output not in run.program.by_name:
        raise unknown_name("output", output, run.program.by_name)
    named = targets if isinstance(targets, Mapping) else None
    owners = [n for n in run.program.outputs if n not in run.real_outputs] if output is None else [output]
    if not owners:
        raise DataError("accuracy", "the network was trained on real targets", "use result.score(X, y): R squared")
    if named is None and len(owners) > 1:
        raise DataError("targets", f"{len(owners)} outputs classify", f"pass a dict with the keys {owners}")
    for key in named or ():
        if key not in (*run.program.outputs, *owners):
            raise unknown_name("targets for output", key, owners)
    out = {}
    for name in owners:
        if named is not None and name not in named:
            raise DataError(f"output {name!r}", "no targets are given for it", f"pass a dict with the keys {owners}")
        given = targets if named is None else named[name]
        if given is None:
            raise DataError("targets", "there are none", "give labels [N], whole numbers from 0")
        term = Term("cross_entropy", "loss", name, (run.program.by_name[name].potential,), over=("mean", 0))
        shape = next(iter(run.samples.arrays.values())).shape
        out[name] = check_target(run.program, term, given, run.samples.count, shape)
    return out


def decide(run: Trial, name: str, by: str | None = None) -> Array:
    """The decided unit of each sample [N]; -1 where the first spike decides and there is none."""
    over = own(run, name) if by is None else (by, 0)
    if over[0] != "first":
        return np.asarray(seen(run, name, over).argmax(1))
    activity = run.activity[name]
    spikes = spikes_of(activity, name, "first")
    steps = len(spikes)
    time = np.where(spikes.any(0), spikes.argmax(0), steps)
    earliest = time.min(1)
    at = np.minimum(earliest, steps - 1)
    potential = activity.potentials[at, np.arange(len(at))]
    ahead = np.where(time == earliest[:, None], potential, -np.inf)
    return np.where(earliest < steps, ahead.argmax(1), NONE)


def own(run: Trial, name: str) -> tuple[str, int]:
    """The functional that the first loss on a population takes, else the mean."""
    found: list[Over] = [t.over for t in run.program.losses if t.owner == name and t.over is not None]
    return found[0] if found else ("mean", 0)


def seen(run: Trial, name: str, over: tuple[str, int]) -> Array:
    """A functional of a population's potentials or spikes over the steps that count, [N, n]."""
    kind, width = over
    activity, lengths = run.activity[name], run.lengths
    if kind == "count":
        return spikes_of(activity, name, "count").sum(0)
    v = activity.potentials
    if kind == "max":
        return np.asarray(np.where(run.counted[:, :, None], v, -np.inf).max(0))
    if kind == "last":
        return v[lengths - 1, np.arange(len(lengths))]
    if kind == "window":
        late = np.arange(len(v))[:, None] >= lengths - width
        return np.asarray((v * (run.counted & late)[:, :, None]).sum(0) / width)
    return np.asarray(v.sum(0) / lengths[:, None])


def spikes_of(activity: Activity, name: str, by: str) -> Array:
    """Its spikes, or an error where it has none."""
    if activity.spikes is None:
        fix = "use by='mean', 'last' or 'max', or output= a layer that spikes"
        raise DataError(f"layer {name!r}", f"it does not spike, so by={shown(by)} decides nothing", fix)
    return activity.spikes
