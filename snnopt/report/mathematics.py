"""Terms of the intermediate form as mathematics in plain text."""

from __future__ import annotations

from snnopt.blocks import LOSS_FUNCTIONS
from snnopt.program import Term
from snnopt.split import Block


def term_text(term: Term, exact: bool = False) -> str:
    """One loss or penalty, e.g. ``0.001 l2(hidden.weight)``; a loss that is smoothed, unless ``exact``, says so."""
    scale = "" if term.scale == 1 else f"{term.scale:g} "
    if term.role == "loss" and term.over is not None:
        what = {
            "window": f"mean of last {term.over[1]} v[{term.owner}]",
            "max": f"max v[{term.owner}], its step frozen at the rollout's",
            "count": f"spikes of {term.owner}, linearised",
        }.get(term.over[0], f"{term.over[0]} v[{term.owner}]")
        note = "" if exact or term.kind not in LOSS_FUNCTIONS else LOSS_FUNCTIONS[term.kind].note
        return f"{scale}{term.kind}({what})" + (f" ({note})" if note else "")
    if term.kind == "spike_budget":
        return f"p (sum s[{term.owner}] - {dict(term.parameters)['rate']:g} T n), p >= 0 a multiplier"
    return f"{scale}{term.kind}({', '.join(term.variables)})"


def block_terms(block: Block) -> list[str]:
    """Every term that the block minimises over, in words of the problem."""
    if block.kind == "copy":
        return [*(term_text(t) for t in block.terms), "m/2 ||V - W||^2"]
    out = [f"{q.penalty}/2 ||v - W phi - eta*s||^2" for q in block.quadratics]
    name = block.layers[0]
    if block.linear:
        out.append(f"-<demand, s[{name}]>")
    if block.step != "none":
        out.append(
            {
                "linearised": f"sigma/2 ||a - s[{name}]||^2",
                "exact": f"sigma[{name}]/2 ||a - H(v - theta)||^2",
                "dithered": "dithered step E H(v - theta - xi), linearised",
            }[block.step]
        )
    out += [term_text(t) for t in block.by_gradient]
    out += [term_text(t, exact=block.kind == "outputs") for t in block.terms]
    if block.proximal:
        out.append("mu/2 ||W - W_0||^2")
    return out
