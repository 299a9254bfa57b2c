"""``so.latex``: networks, problems, plans and their parts as displayed equations."""

from __future__ import annotations

from snnopt.errors import ModelError, shown
from snnopt.model import Constraint, Network, Objective, Problem
from snnopt.model.naming import ALONE, Names
from snnopt.model.objective import ObjectiveTerm, as_objective
from snnopt.report.compiled import Compiled
from snnopt.report.latex.blocks import block_writer
from snnopt.report.latex.dynamics import dynamics
from snnopt.report.latex.legend import legend
from snnopt.report.latex.symbols import roman
from snnopt.report.latex.terms import Letters, constraint, definitions, objective

Row = tuple[str, str]
"""What stands left and right of the alignment mark."""


def latex(obj: Network | Problem | Compiled | Objective | ObjectiveTerm | Constraint) -> str:
    r"""Return an object as mathematics: an ``aligned`` environment for a displayed equation, needing only amsmath.

    A network is its update equations; a problem adds objective and constraints; a plan adds, for each block, what it
    minimises while all other variables rest; losses, penalties, constraints and their sums are a line each. Potentials are
    ``v_t^{(layer)}``, spikes ``s_t^{(layer)}``, weights ``W_{name}`` and biases ``b_{name}`` with the names that
    ``result.weights`` uses; numbers have six digits, ``(0.8 \ldots 0.9)`` is the range of a layer's neurons. Names are
    escaped, so that every line is ASCII.

    Raises
    ------
    ModelError
        ``obj`` is none of these.
    """
    body = " \\\\\n".join(f"{left} & {right}" for left, right in _rows(obj))
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def lines(obj: object) -> list[str]:
    """Return the same equations one by one, each readable by matplotlib's mathtext between dollar signs."""
    return [f"{left} {right}".strip() for left, right in _rows(obj)]


def _rows(obj: object) -> list[Row]:
    if isinstance(obj, Network):
        labels = Names(obj).labels
        return [row for p in obj.populations for row in dynamics(obj, p, labels)]
    if isinstance(obj, Problem):
        return _problem(obj)
    if isinstance(obj, Compiled):
        return _plan(obj)
    if isinstance(obj, Constraint) and not isinstance(obj, ObjectiveTerm):
        return [("", line) for line in constraint(obj, Letters(ALONE))]
    if isinstance(obj, Objective | ObjectiveTerm):
        terms = as_objective(obj)
        return [("", objective(terms, Letters(ALONE))), *_headed("where", definitions(terms))]
    raise ModelError(
        "latex",
        f"{shown(obj)} has no equations",
        "pass a network, problem, plan, objective, loss, penalty or constraint",
    )


def _problem(problem: Problem) -> list[Row]:
    names = Names(problem.network)
    equations = [
        f"{left} {right}"
        for p in problem.network.populations
        for left, right in dynamics(problem.network, p, names.labels)
    ]
    under = equations + [line for c in problem.constraints for line in constraint(c, Letters(names))]
    symbols = [
        r"t = 1, \ldots, T,\quad H(u) = 1\ \mathrm{if}\ u > 0,\ \mathrm{else}\ 0",
        *definitions(problem.objective),
    ]
    return [
        (
            r"\min_{W,\,b}\quad" if _biased(problem.network) else r"\min_{W}\quad",
            objective(problem.objective, Letters(names)),
        ),
        *_headed(r"subject to", under),
        *_headed("where", symbols),
    ]


def _plan(plan: Compiled) -> list[Row]:
    writer = block_writer(plan, Names(plan.problem.network))
    blocks = [(rf"{roman(b.block.name)}:\quad", writer.line(b)) for b in plan.bindings]
    return [
        *_problem(plan.problem),
        *blocks,
        *_headed("where", legend((right for _, right in blocks), writer.split, writer.values)),
    ]


def _biased(network: Network) -> bool:
    learned = [path.learned for p in network.populations for path in network.current(p).paths]
    return any(getattr(c, "bias", False) for c in learned)


def _headed(head: str, under: list[str]) -> list[Row]:
    return [(rf"{roman(head)}\quad" if k == 0 else "", line) for k, line in enumerate(under)]
