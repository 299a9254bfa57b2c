"""Training under constraints beside free training, and beside the same constraint forced on the free weights afterwards.

Run: ``OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.constraints [--splits 10] [--only grid]``. Prints Markdown. The
digits of scikit-learn, 64-100-10, first layer constrained, ``online`` with its defaults; seeds of split and weights alike.
Differences to free training are paired: mean and standard error over the splits. *Projected* is the constraint's projection
of the freely trained weights; *and solved*, the read-out on top of these solved again by ridge regression.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import snnopt as so
from snnopt.data import Dataset, digits
from snnopt.report.baseline import random_hidden_baseline

Array = NDArray[Any]
Constraint = Any

UNITS, STEPS, BETA, RIDGE = 100, 10, 0.9, 1e-2


@dataclass(frozen=True)
class Case:
    """A constraint of a hidden layer, and whether weights or firing rates keep it exactly."""

    constraint: Callable[[so.Population], Constraint]
    kept: Callable[[Array], bool]


def on_levels(bits: int) -> Callable[[Array], bool]:
    """Whether weights are whole multiples, up to 2^(bits-1) - 1, of one step."""
    largest = 2 ** (bits - 1) - 1

    def check(w: Array) -> bool:
        magnitudes = np.abs(w).astype(np.float64)
        steps = magnitudes.max() / np.arange(1, largest + 1)
        off = [np.abs(magnitudes / s - np.round(magnitudes / s)).max() for s in steps]
        return min(map(float, off)) < 1e-5

    return check


def at_most(share: float) -> Callable[[Array], bool]:
    """Whether at most a share of the weights differ from 0."""
    return lambda w: int(np.count_nonzero(w)) <= share * w.size


SYNAPSES = 64 * UNITS
CASES: dict[str, Case] = {
    "`Grid`, 4 bits": Case(lambda h: so.Grid(h.weights, bits=4), on_levels(4)),
    "`Grid`, 3 bits": Case(lambda h: so.Grid(h.weights, bits=3), on_levels(3)),
    "`Grid`, 2 bits": Case(lambda h: so.Grid(h.weights, bits=2), on_levels(2)),
    "`Cardinality`, 10%": Case(lambda h: so.Cardinality(h.weights, SYNAPSES // 10), at_most(0.1)),
    "`Cardinality`, 5%": Case(lambda h: so.Cardinality(h.weights, SYNAPSES // 20), at_most(0.05)),
    "`FanIn`, 8": Case(lambda h: so.FanIn(h.weights, 8), lambda w: int(np.count_nonzero(w, axis=1).max()) <= 8),
    "`Box`, [-0.2, 0.2]": Case(
        lambda h: so.Box(h.weights, -0.2, 0.2), lambda w: bool(np.abs(w).max() <= np.float32(0.2))
    ),
    "`Sign`, +": Case(lambda h: so.Sign(h.weights, 1), lambda w: bool(w.min() >= 0)),
}


def problem(constraint: Callable[[so.Population], Constraint] | None = None) -> so.Problem:
    """Cross-entropy of mean potentials on 64-100-10, the hidden layer under a constraint."""
    x = so.Input(64, name="pixels")
    h = so.LIF(beta=BETA, name="hidden")(so.Dense(UNITS)(x))
    y = so.LI(beta=BETA, name="readout")(so.Dense(10)(h))
    constraints = [] if constraint is None else [constraint(h)]
    return so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean"), constraints=constraints)


def projected(plan: so.Plan, w: Array) -> Array:
    """The projection of weights that a plan's copy block makes."""
    (binding,) = [b for b in plan.bindings if b.block.kind == "copy"]
    (term,) = binding.block.terms
    rule: Any = binding.rule
    v: Array = rule.solve(w, 1.0, 0.0, dict(term.parameters), [slice(0, w.shape[1])], None)
    return v


def accuracy(weights: Mapping[str, Array], d: Dataset) -> float:
    """Test accuracy, of the weights run forward, in percent."""
    trace = so.simulate(problem().network, weights, d.X_test, timesteps=STEPS)
    return 100 * float((trace["readout"].potentials.mean(0).argmax(1) == d.y_test).mean())


def hidden_spikes(weights: Mapping[str, Array], d: Dataset) -> Array:
    """Spikes of the training set [T, N, units]."""
    spikes = so.simulate(problem().network, weights, d.X_train, timesteps=STEPS)["hidden"].spikes
    assert spikes is not None
    return spikes


def solved_again(weights: Mapping[str, Array], d: Dataset) -> dict[str, Array]:
    """The weights with the read-out fitted to one-hot labels by ridge regression."""
    spikes = hidden_spikes(weights, d)
    kernel = (1 - BETA ** np.arange(STEPS, 0, -1)) / (1 - BETA) / STEPS  # of a spike at t in the mean potential
    x = np.einsum("t,tni->ni", kernel, spikes.astype(np.float64))
    x = np.hstack([x, np.full((len(x), 1), kernel.sum())])
    gram = x.T @ x
    w = np.linalg.solve(gram + RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)), x.T @ np.eye(10)[d.y_train])
    return {**weights, "readout.weight": w[:-1].T.astype(np.float32), "readout.bias": w[-1].astype(np.float32)}


def points(values: list[float], free: list[float]) -> str:
    """Mean accuracy, and the mean and standard error of the paired difference."""
    gap = np.subtract(values, free)
    return f"{np.mean(values):.1f} ({gap.mean():+.1f} ± {gap.std(ddof=1) / np.sqrt(len(gap)):.1f})"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--only", default="", help="constraints whose name contains this, whatever the case")
    arguments = parser.parse_args()
    splits = range(arguments.splits)
    data = [digits(seed=s) for s in splits]
    plan = so.compile(problem(), "online")
    results = [plan.solve(d.X_train, d.y_train, timesteps=STEPS, seed=s) for s, d in zip(splits, data, strict=True)]
    free = [accuracy(r.weights, d) for r, d in zip(results, data, strict=True)]
    base = [
        100 * random_hidden_baseline(problem(), d.X_train, d.y_train, d.X_test, d.y_test, timesteps=STEPS, seed=s).test
        for s, d in zip(splits, data, strict=True)
    ]
    print(f"free {np.mean(free):.2f}, random hidden layer + ridge {np.mean(base):.2f}, {len(data)} splits\n")
    print("| constraint | trained under it | projected | projected and solved | kept exactly |\n|---|---|---|---|---|")
    for name, case in CASES.items():
        if arguments.only.lower() not in name.lower():
            continue
        plan = so.compile(problem(case.constraint), "online")
        trained, forced, again, kept = [], [], [], True
        for s, d, r in zip(splits, data, results, strict=True):
            w = plan.solve(d.X_train, d.y_train, timesteps=STEPS, seed=s).weights
            kept &= case.kept(w["hidden.weight"])
            trained.append(accuracy(w, d))
            after = {**r.weights, "hidden.weight": projected(plan, r.weights["hidden.weight"])}
            forced.append(accuracy(after, d))
            again.append(accuracy(solved_again(after, d), d))
        columns = [points(values, free) for values in (trained, forced, again)]
        print(f"| {name} | {' | '.join(columns)} | {'yes' if kept else 'NO'} |", flush=True)
    if arguments.only.lower() in "spikebudget":
        budget(data, results, free)


def budget(data: list[Dataset], results: list[so.Result], free: list[float]) -> None:
    """A spike budget of half the rate that free training ends with, on the training set."""
    accuracies, rates = [], []
    for s, (d, r) in enumerate(zip(data, results, strict=True)):
        half = float(hidden_spikes(r.weights, d).mean()) / 2
        plan = so.compile(problem(lambda h, half=half: so.SpikeBudget(h, half)), "online")  # type: ignore[misc]
        w = plan.solve(d.X_train, d.y_train, timesteps=STEPS, seed=s).weights
        accuracies.append(accuracy(w, d))
        rates.append(float(hidden_spikes(w, d).mean()) / half)
    kept = "yes" if max(rates) <= 1 else "NO"
    print(
        f"| `SpikeBudget`, half | {points(accuracies, free)} | - | - | {kept}, {100 * max(rates):.0f}% of it at most |"
    )


if __name__ == "__main__":
    main()
