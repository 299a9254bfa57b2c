"""What blocks minimise, as mathematics in plain text."""

from __future__ import annotations

from snnopt.blocks import LOSS_FUNCTIONS
from snnopt.model.naming import weight_symbol
from snnopt.program import Program, Term
from snnopt.report.parts import Demand, Linear, Matrix, Near, Part, Square, Stated, Step, Subproblem, Tangent, moved
from snnopt.report.value_text import sum_text, value_text

STEPS = {
    ("together", "all"): "all steps together",
    ("coloured", "all"): "even steps, then odd ones",
    ("one", "all"): "one step at a time",
    ("one", "before last"): "one step before T at a time",
    ("one", "last"): "the step T",
}
"""Which steps a block of potentials or spikes is about, in which order."""


def objective_text(program: Program, sub: Subproblem) -> str:
    """The sum of everything that the block minimises, and under what."""
    out = " + ".join(_part(program, p, sub.kept) for p in sub.parts).replace("+ -", "- ") or "0"
    under = [_listed(t, "V") for t in sub.under]
    under += [f"{value_text(program, r[0].value)} = {sum_text(program, moved(r[1:]))}" for r in sub.zero]
    if sub.block.box == "exact":
        under.append(f"0 <= {value_text(program, sub.over[0])} <= 1")
    return out + (f"   s.t. {', '.join(under)}" if under else "")


def over_text(sub: Subproblem) -> str:
    """The variables that the block minimises over, and in which order of time."""
    names = ", ".join(
        weight_symbol(x.stem, x.letter) if isinstance(x, Matrix) else f"{x.letter}[{x.layer}]" for x in sub.over
    )
    in_time = sub.kept and sub.block.kind in ("spikes", "potentials", "outputs")
    return (names or "nothing") + (f": {STEPS[sub.block.order, sub.block.at]}" if in_time else "")


def term_text(term: Term, exact: bool = False, kept: bool = False, letter: str = "W") -> str:
    """One loss or penalty, e.g. ``0.001 l2(W[hidden])``; a loss that is smoothed, unless ``exact``, says so."""
    if term.role != "loss" or term.over is None:
        return _scaled(term, _listed(term, letter))
    peak = "the present one" if kept else "the rollout's"
    what = {
        "window": f"mean of last {term.over[1]} v[{term.owner}]",
        "max": f"max v[{term.owner}], its step frozen at {peak}",
    }.get(term.over[0], f"{term.over[0]} v[{term.owner}]")
    return _scaled(term, f"{term.kind}({what})") + ("" if exact else _note(term))


def _part(program: Program, part: Part, kept: bool) -> str:
    match part:
        case Square():
            return f"{part.penalty}/2 ||{sum_text(program, part.inside)}||^2"
        case Tangent():
            move = sum_text(program, part.move)
            slope = f"<grad {part.penalty}/2 ||{sum_text(program, part.inside)}||^2, {move}>"
            return f"{slope} + {part.tau}/2 ||{move}||^2"
        case Demand():
            linearised = isinstance(part.value, Step)
            text = f"-<demand[{part.layer}], {value_text(program, part.value)}>"
            return text + (" (linearised)" if linearised else "")
        case Stated():
            return term_text(part.term, part.exact, kept, part.letter)
        case Linear():
            return _linear(part.term, value_text(program, part.value))
        case Near():
            return "mu/2 ||W - W_0||^2"


def _linear(term: Term, spikes: str) -> str:
    if term.kind == "spike_budget":
        return f"p (sum {spikes} - {dict(term.parameters)['rate']:g} T n), p >= 0 a multiplier"
    if term.role == "loss":
        return _scaled(term, f"{term.kind}(sum {spikes}, linearised)") + _note(term)
    return _scaled(term, f"{term.kind}({spikes})")


def _listed(term: Term, letter: str) -> str:
    """A term with its weights and numbers, e.g. ``box(V[hidden], low = -1, high = 1)``."""
    weights = [weight_symbol(n.removesuffix(".weight"), letter) for n in term.variables]
    return f"{term.kind}({', '.join([*weights, *(f'{k} = {x:g}' for k, x in term.parameters)])})"


def _scaled(term: Term, text: str) -> str:
    return text if term.scale == 1 else f"{term.scale:g} {text}"


def _note(term: Term) -> str:
    note = LOSS_FUNCTIONS[term.kind].note if term.kind in LOSS_FUNCTIONS else ""
    return f" ({note})" if note else ""
