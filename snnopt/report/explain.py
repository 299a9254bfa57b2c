"""What the compiler made of a problem: layer, terms, block, closed form."""

from __future__ import annotations

from collections.abc import Mapping

from snnopt.algorithms import Algorithm, resting
from snnopt.blocks import Binding, Fallback
from snnopt.penalties import Fixed, Linearised, PenaltyFunction
from snnopt.program import Program
from snnopt.report.mathematics import objective_text, over_text
from snnopt.report.subproblem import Splitting, splitting
from snnopt.split import Block

KINDS = ("readout", "outputs", "spikes", "potentials", "weights", "copy")


def explain(
    program: Program, algorithm: Algorithm, bindings: tuple[Binding, ...], penalties: Mapping[str, object]
) -> str:
    """Return a paragraph for each block, in the order in which a backward sweep meets them.

    Each names the layer and block, the closed form bound to it, the variables and what it minimises over them, the update,
    and the closed forms of the same kind that were tried before and why they declined. W_0 are the weights before the
    update, biases included; kappa and eta are a layer's kernels, F fixed maps such as pooling; ``[.-2]`` is two steps ago.
    """
    place = {c.name: k for k, c in enumerate(program.couplings)}
    ordered = sorted(bindings, key=lambda b: (-max(place[n] for n in b.block.layers), KINDS.index(b.block.kind)))
    heads = [f"{' + '.join(b.block.layers)}: {b.block.kind}" for b in ordered]
    width = max(len(h) for h in heads)
    split = splitting(program, algorithm, (b.block for b in bindings))
    at_rest = resting(algorithm, program, tuple(b.block for b in bindings))
    lines = [
        f"algorithm  {algorithm.name}: {algorithm.summary}",
        f"form       {algorithm.form}; couplings are summed over time and averaged over samples",
        *_shared(split),
        *_chosen(penalties),
        *(f"rests      {name}: no word of the sweep updates it" for name in at_rest),
    ]
    for head, b in zip(heads, ordered, strict=True):
        sub = split.subproblem(b.block)
        lines += ["", f"{head.ljust(width)}  ->  {b.title}"]
        lines += [
            f"    over       {over_text(sub)}",
            f"    minimises  {objective_text(program, sub)}",
            *_besides(split, b.block),
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


def _chosen(penalties: Mapping[str, object]) -> list[str]:
    """The penalties at the start, and what moves them; those of kinds that have no weight at the start are left out."""
    texts = []
    for name, f in penalties.items():
        if isinstance(f, PenaltyFunction):
            how = [f"linearised, prox {f.prox:g}"] if isinstance(f, Linearised) else []
            how += [] if isinstance(f.control, Fixed) else [f.control.name]
            letter = "sigma" if name.endswith(".step") else "rho"
            told = f" ({', '.join(how)})" if how else ""
            texts.append(f"{letter}[{name.removesuffix('.step')}] = {f.weight:g}{told}")
    return [f"penalties  {', '.join(texts)}"] if texts else []


def _shared(split: Splitting) -> list[str]:
    """Duals, or demands, and what is done at the end."""
    if split.kept:
        duals = [f"u[{n}]" + (", zero before t = T" if split.at_end else "") for n in split.u]
        duals += [f"w[{n}]" for n in split.w]
        out = [f"duals      {', '.join(duals) or 'none'}"]
    else:
        out = ["demand     minus the gradient, at the rollout, of what reads a layer and is not written beside it"]
    budgets = [t.name for t in split.program.terms if t.kind == "spike_budget"]
    return out + ([f"at the end {', '.join(budgets)}: biases are moved until the data keep it"] if budgets else [])


def _besides(split: Splitting, block: Block) -> list[str]:
    """What an update does that its objective does not say."""
    linear = [q.penalty for q in block.quadratics if q.linearised]
    if linear:
        told = "a_k the present spikes, tau = prox L, L at least the largest curvature"
        return [f"    linearised {', '.join(linear)}: by their slope at a_k; {told}", *_clipped(block)]
    if block.kind == "spikes":
        return _clipped(block)
    if block.published:
        return ["    but        as published 1/2 ||e + rho u||^2 in place of rho/2 ||e + u||^2, e the residual"]
    if block.kind != "copy":
        return []
    if split.copies[id(block.uses)]:
        return ["    with       C = W + U, then U += W - V"]
    return ["    with       C = W, which adds up the changes that the weight block makes from V"]


def _clipped(block: Block) -> list[str]:
    """The published clip, where one follows."""
    return (
        [f"    then       a[{block.layers[0]}] is clipped to [0, 1], as published"] if block.box == "published" else []
    )
