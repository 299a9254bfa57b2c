"""The sections of a page that are measured numbers."""

from __future__ import annotations

import math

from snnopt.metrics import PER_AC, PER_MAC, connection_sparsity, footprint
from snnopt.metrics.decisions import DECIDED
from snnopt.report.html.facts import Facts
from snnopt.report.html.markup import Html, joined, table, tag
from snnopt.runtime.cells import many, percent

BASELINE = "random hidden layers, only the read-out solved"
UNITS = ((1e-3, "mJ", 1e3), (1e-6, "µJ", 1e6), (1e-9, "nJ", 1e9), (0.0, "pJ", 1e12))


def joules(value: float) -> str:
    """Joules in a unit that leaves few zeros."""
    unit, times = next((u, t) for least, u, t in UNITS if value >= least)
    return f"{value * times:.3g} {unit}"


def headline(facts: Facts) -> Html:
    """What one looks for first."""
    cards: list[tuple[str, str, str]] = []
    found = facts.measured
    for name, score in (found.score if found else {}).items():
        several = f" of {name}" if found and len(found.score) > 1 else ""
        if name in facts.labels:
            cards.append((percent(score), f"accuracy{several}", f"{len(facts.labels[name])} samples"))
        else:
            cards.append((f"{score:.3f}", f"R squared{several}", "1 is perfect"))
    if facts.baseline is not None:
        cards.append((percent(facts.baseline.test), "baseline", BASELINE))
    if found and found.firing:
        cards.append((percent(1 - found.activation_sparsity), "spikes", "of all neurons and steps"))
        cards.append((joules(found.joules), "energy, estimated", "synapses, per sample"))
    records = facts.result.history.records
    if records:
        cards.append((f"{records[-1].seconds:.3g} s", "training", f"by {facts.result.algorithm}"))
    shown = (tag("div", tag("b", big), tag("span", what), tag("small", more)) for big, what, more in cards)
    return tag("div", *shown, class_="cards")


def score_table(facts: Facts) -> Html:
    """Accuracy by what decides, beside the baseline."""
    found = facts.measured
    assert found is not None
    rows: list[list[object]] = []
    for name, by in found.accuracy.items():
        rows += [[f"{name}, by {DECIDED[kind]}", percent(share)] for kind, share in by.items()]
    rows += [[f"{n}, R squared", f"{r:.4f}"] for n, r in found.score.items() if n not in found.accuracy]
    if not math.isnan(facts.training):
        labelled = len(found.accuracy) == len(found.score)
        rows.append(["on the training data", percent(facts.training) if labelled else f"{facts.training:.4f}"])
    if facts.baseline is not None:
        rows.append([f"baseline: {BASELINE}", percent(facts.baseline.test)])
        rows.append(["baseline on the training data", percent(facts.baseline.train)])
    told = (
        "The baseline is the same network with random hidden weights, drawn by the run's seed, and its read-out solved."
    )
    return joined(table([], rows), tag("p", told) if facts.baseline is not None else Html(""))


def firing_table(facts: Facts) -> Html:
    """Rates, dead and saturated neurons, margins."""
    found = facts.measured
    assert found is not None
    rows: list[list[object]] = [
        [
            name,
            f.neurons,
            f"{f.rate:.4f}",
            f"{f.spikes:.4g}",
            f.dead,
            f.saturated,
            f"{found.margins[name].least:.2g}",
            f"{found.margins[name].roundings:.3g}",
            f"{found.margins[name].quantiles[0.5]:.2g}",
        ]
        for name, f in found.firing.items()
    ]
    head = ["layer", "neurons", "rate", "spikes per sample", "dead", "saturated"]
    head += ["least margin (V)", "in roundings", "median margin (V)"]
    told = (
        "Rate: spikes per neuron and step. Dead neurons never fired, saturated ones at every step of every sample. The margin "
        "is the distance of the potential to the threshold; in roundings it counts neighbouring floating-point numbers, and "
        "where there are few of them, another order of summation may turn the closest decision round."
    )
    return joined(table(head, rows), tag("p", told))


def cost_table(facts: Facts) -> Html:
    """Synaptic operations, joules and bytes."""
    found = facts.measured
    rows: list[list[object]] = []
    if found is not None:
        ops = found.operations
        rows += [
            ["effective accumulates (ACs)", many(ops.effective_acs), many(ops.effective_acs / ops.steps)],
            [
                "effective multiply-accumulates (MACs)",
                many(ops.effective_macs),
                many(ops.effective_macs / ops.steps),
            ],
            ["dense operations", many(ops.dense), many(ops.dense / ops.steps)],
            ["energy estimate", joules(found.joules), joules(found.joules / ops.steps)],
        ]
    size = footprint(facts.result)
    still: list[list[object]] = [
        ["connection sparsity", percent(connection_sparsity(facts.result))],
        ["footprint", f"{size.total:,.0f} bytes"],
        ["of it weights and biases", f"{size.weights:,.0f} bytes"],
        ["neuron parameters", f"{size.parameters:,.0f} bytes"],
        ["states", f"{size.states:,.0f} bytes"],
        ["delays and last spikes", f"{size.buffers:,.0f} bytes"],
    ]
    if found is not None and found.firing:
        still.insert(0, ["activation sparsity", percent(found.activation_sparsity)])
    told = (
        "Operations, sparsities and footprint as NeuroBench defines them: an effective operation has a weight and an input "
        "that are not zero, an accumulate an input of -1, 0 or 1. The energy is an estimate, not a measurement: "
        f"{1e12 * PER_AC:g} pJ per accumulate and {1e12 * PER_MAC:g} pJ per multiply-accumulate, arithmetic on 32-bit "
        "floating-point numbers in 45 nm (Horowitz 2014); memory, neurons and leakage cost nothing in it."
    )
    moving = table(["", "per sample", "per step"], rows) if rows else Html("")
    return joined(moving, table([], still), tag("p", told))
