"""Blocks in LaTeX: what each minimises while all other variables rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snnopt.model.equation import coefficient, drives, potential_symbol
from snnopt.model.naming import Names
from snnopt.model.signal import Population
from snnopt.program import Term
from snnopt.report.compiled import Compiled
from snnopt.report.latex.dynamics import current, dynamics
from snnopt.report.latex.symbols import penalty, roman, signal, size, squared, weight
from snnopt.report.latex.terms import constraint, objective_term
from snnopt.report.mathematics import term_text
from snnopt.split import Block, Form

WHERE = {
    r"\kappa": r"v = \kappa * i + \eta * s\quad \mathrm{solves\ the\ dynamics\ of\ a\ layer\ with\ current\ } i",
    r"\delta a": r"\delta a = - \partial\, \mathrm{objective} / \partial s",
    r"\delta v": r"\delta v = - \partial\, \mathrm{objective} / \partial v",
    r"\xi": r"\xi = \mathrm{random\ offset\ of\ the\ threshold},\quad \mathrm{E}_{\xi} H\ \mathrm{linearised}",
    r"\Delta": r"\Delta = \mathrm{change\ of\ the\ minimised\ variables}",
}
"""What the symbols in block lines stand for."""


@dataclass(frozen=True, eq=False)
class BlockWriter:
    """Writes blocks of one plan; ``terms`` are the plan's terms as the problem's own lines write them."""

    plan: Compiled
    names: Names
    terms: dict[Term, list[str]]

    def line(self, block: Block) -> str:
        """The block's minimisation, e.g. ``min_v rho/2 ||v - kappa * (W x + b) - eta * s||^2 - <delta a, E H(v - theta)>``."""
        variables = tuple(self._variable(name) for name in block.variables)
        parts = [
            rf"\frac{{{penalty(q.penalty)}}}{{2}} {squared(self._residual(q.coupling, block.form))}"
            for q in block.quadratics
        ]
        parts += self._step(block)
        parts += [t for term in block.terms if term.role != "constraint" for t in self._written(term)]
        parts += [r"\frac{\mu}{2} " + squared(r"\Delta")] if block.proximal else []
        under = [t for term in block.terms if term.role == "constraint" for t in self._written(term)]
        if block.kind == "readout":
            under += [f"{self._potential(n)} = {' + '.join(self._right(n))}" for n in block.layers]
        least = r"\min_{" + r",\,".join(variables) + r"}\; " if variables else ""
        condition = r"\quad \mathrm{s.t.}\quad " + r",\quad ".join(under) if under else ""
        return least + " + ".join(parts or ["0"]).replace("+ -", "- ") + condition

    def _step(self, block: Block) -> list[str]:
        """The step coupling and the demand, by the step rule."""
        name = block.layers[0]
        a, s, v, sigma = signal("a", name), signal("s", name), self._potential(name), penalty(f"sigma[{name}]")
        theta = self.plan.program.by_name[name].dynamics.threshold
        below = "" if theta is None else f"{v} - {size(coefficient(theta))}"
        demand = signal(r"\delta a" if block.step != "none" else r"\delta v", name)
        wanted = rf"-\left\langle {demand},\, "
        match block.step:
            case "exact":
                return [rf"\frac{{{sigma}}}{{2}} {squared(rf'{a} - H({below})')}"]
            case "linearised":
                return [wanted + rf"{a} \right\rangle", rf"\frac{{{sigma}}}{{2}} {squared(f'{a} - {s}')}"]
            case "dithered":
                return [wanted + rf"\mathrm{{E}}_{{\xi}} H({below} - \xi) \right\rangle"]
        return [wanted + rf"{v} \right\rangle"] if block.linear else []

    def _written(self, term: Term) -> list[str]:
        return self.terms.get(term, [roman(term_text(term))])

    def _population(self, name: str) -> Population:
        node = self.plan.problem.network.by_name[name]
        assert isinstance(node, Population)
        return node

    def _potential(self, name: str) -> str:
        return signal(potential_symbol(self._population(name).neuron.state_space()), name)

    def _right(self, name: str) -> list[str]:
        """``kappa * current`` and, where a spike changes the potential, ``eta * s``."""
        parts = current(drives(self.plan.problem.network, self._population(name), self.names.labels), indexed=False)
        filtered = signal(r"\kappa", name) + rf" * \left( {' + '.join(parts)} \right)"
        resets = bool(np.any(self.plan.program.by_name[name].dynamics.R))
        return [filtered, signal(r"\eta", name) + f" * {signal('s', name)}"] if resets else [filtered]

    def _residual(self, name: str, form: Form) -> str:
        """Of a coupling: its first update equation in difference form, the whole potential in trace form."""
        if form == "difference":
            left, right = dynamics(self.plan.problem.network, self._population(name), self.names.labels)[0]
            return rf"{left} - \left( {right.removeprefix('= ')} \right)"
        return " - ".join([self._potential(name), *self._right(name)])

    def _variable(self, name: str) -> str:
        kind, stem = self.plan.program.variable(name).kind, name.rpartition(".")[0]
        match kind:
            case "weight" | "bias":
                return weight(stem, "W" if kind == "weight" else "b")
            case "potential":
                return self._potential(stem)
        return signal("a", stem)


def block_writer(plan: Compiled, names: Names) -> BlockWriter:
    """A writer that calls terms as the problem does: lowered terms stand in the problem's order."""
    problem = plan.problem
    written = [[objective_term(term, scale, names)] for scale, term in problem.objective.scaled]
    written += [constraint(c, names) for c in problem.constraints]
    return BlockWriter(plan, names, dict(zip(plan.program.terms, written, strict=True)))
