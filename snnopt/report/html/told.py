"""The sections of a page that tell what was run: the run, the network, its mathematics, where it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from snnopt.report.html.markup import Html, joined, table, tag
from snnopt.report.html.mathml import NotRead, pieces
from snnopt.report.html.reported import Reported
from snnopt.runtime.cells import number


def run_table(r: Reported) -> Html:
    """How the run ended."""
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
