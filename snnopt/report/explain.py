"""What the compiler made of a problem: layer, terms, block, closed form."""

from __future__ import annotations

from snnopt.algorithms import Algorithm
from snnopt.blocks import Binding, Fallback
from snnopt.program import Program
from snnopt.report.mathematics import block_terms

KINDS = ("readout", "outputs", "spikes", "potentials", "weights", "copy")


def explain(program: Program, algorithm: Algorithm, bindings: tuple[Binding, ...]) -> str:
    """Return a paragraph for each block, in the order in which a backward sweep meets them.

    Each names the layer and block, the closed form bound to it, the terms that it minimises, the update, and the closed
    forms of the same kind that were tried before and why they declined.
    """
    place = {c.name: k for k, c in enumerate(program.couplings)}
    ordered = sorted(bindings, key=lambda b: (-max(place[n] for n in b.block.layers), KINDS.index(b.block.kind)))
    heads = [f"{' + '.join(b.block.layers)}: {b.block.kind}" for b in ordered]
    width = max(len(h) for h in heads)
    lines = [
        f"algorithm  {algorithm.name}: {algorithm.summary}",
        f"form       {algorithm.form}; couplings are summed over time and averaged over samples",
    ]
    for head, b in zip(heads, ordered, strict=True):
        lines += ["", f"{head.ljust(width)}  ->  {b.title}"]
        lines += [
            f"    minimises  {' + '.join(block_terms(b.block)).replace('+ -', '- ')}",
            f"    update     {b.rule.formula}",
        ]
        lines += [
            f"    tried      {name}: {reason}" for name, reason in b.declined if not reason.startswith("it solves")
        ]
    slow = [b.block.name for b in ordered if isinstance(b.rule, Fallback)]
    closing = f"{len(ordered)} blocks, all with closed forms; no CVXPY fallback."
    if slow:
        closing = f"{len(ordered)} blocks; CVXPY FALLBACK FOR {', '.join(slow)}, all others with closed forms."
    return "\n".join([*lines, "", closing])
