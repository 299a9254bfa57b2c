"""The sections of a page that are words and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from snnopt.metrics import PER_AC, PER_MAC, connection_sparsity, footprint
from snnopt.report.html.facts import Facts, Reported
from snnopt.report.html.markup import Html, joined, table, tag
from snnopt.report.html.mathml import NotRead, pieces
from snnopt.runtime.cells import many, number, percent

BASELINE = "random hidden layers, only the read-out solved"
DECIDED = {
    "own": "what its loss sees",
    "mean": "mean potential",
    "last": "last potential",
    "max": "largest potential",
    "count": "spike count",
    "first": "first spike",
}
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


def run_table(facts: Facts) -> Html:
    """How the run ended."""
    r = facts.result
    records = r.history.records
    rows: list[list[object]] = [["algorithm", r.algorithm or "-"], ["status", f"{r.status}: {r.message}"]]
    if records:
        rows += [["records", len(records)], ["last training loss", number(records[-1].loss)]]
        rows += [["training time", f"{records[-1].seconds:.3g} s"]]
    rows += [["note", note] for note in r.notes]
    return table([], rows)


def network_table(result: Reported) -> Html:
    """Layers, and what they read."""
    rows: list[list[object]] = [
        [v.name, "input", " x ".join(map(str, v.shape)), "-", "-", "-"] for v in result.program.inputs
    ]
    kinds = {v.name: v for v in result.program.variables}
    for c in result.program.couplings:
        reads = [f"{m.source}: {m.name}" for m in c.maps]
        learned = {n for m in c.maps for n in (m.weight, m.bias) if n is not None}
        count = sum(math.prod(kinds[n].shape) for n in learned)
        theta = c.dynamics.threshold
        volts = "-" if theta is None else _range(float(theta.min()), float(theta.max()))
        kind = "does not spike" if theta is None else "spikes"
        rows.append([c.name, kind, " x ".join(map(str, c.shape)), volts, f"{count:,}", "; ".join(reads)])
    return table(["layer", "kind", "neurons", "threshold (V)", "weights", "reads"], rows)


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
    told = "The baseline is the same network with random hidden weights, drawn by the run's seed, and its read-out solved."
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


def mathematics(result: Reported) -> Html:
    """The problem, an equation a line, and its LaTeX."""
    if not result.equations:
        return tag("p", "This file was saved before results kept their equations.")
    lines = [_equation(line) for line in result.equations]
    source = tag("details", tag("summary", "The same in LaTeX"), tag("pre", "\n".join(result.equations)))
    return joined(*lines, source)


def environment(result: Reported) -> Html:
    """What is needed to run it again."""
    origin: Mapping[str, Any] = result.origin
    if not origin:
        return tag("p", "This file was saved before results kept where they come from.")
    return table([], [[name, value] for name, value in origin.items()])


def _equation(line: str) -> Html:
    try:
        return tag("p", joined(*pieces(line), by=" "), class_="equation")
    except NotRead:
        return tag("p", tag("code", line), class_="equation")


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:.3g} to {high:.3g}"
