"""What the compiler made of a problem, as a table."""

from __future__ import annotations

from snnopt.algorithms import Algorithm
from snnopt.blocks import Binding
from snnopt.program import Program
from snnopt.report.mathematics import block_terms

HEADINGS = ("layer", "block", "terms", "closed form")


def explain(program: Program, algorithm: Algorithm, bindings: tuple[Binding, ...]) -> str:
    """Return a table of layer, block, terms and closed form, read-outs first, as a backward sweep meets them."""
    place = {c.name: k for k, c in enumerate(program.couplings)}
    kinds = ("readout", "spikes", "potentials", "weights")
    ordered = sorted(bindings, key=lambda b: (-max(place[n] for n in b.block.layers), kinds.index(b.block.kind)))
    rows = [
        (
            " + ".join(b.block.layers),
            b.block.kind,
            "; ".join(block_terms(b.block)),
            f"{b.rule.__name__}: {b.rule.formula}",
        )
        for b in ordered
    ]
    widths = [max(len(r[k]) for r in (HEADINGS, *rows)) for k in range(3)]
    lines = [
        f"algorithm {algorithm.name}: {algorithm.summary}",
        f"form      {algorithm.form}; couplings summed over time, averaged over samples",
        "",
        _line(HEADINGS, widths),
        _line(tuple("-" * w for w in (*widths, 11)), widths),
        *(_line(r, widths) for r in rows),
        "",
        f"{len(rows)} blocks, all with closed forms; no CVXPY fallback.",
    ]
    return "\n".join(lines)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]).rstrip()
