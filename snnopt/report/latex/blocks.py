"""Blocks in LaTeX: what each minimises while all other variables rest."""

from __future__ import annotations

from dataclasses import dataclass

from snnopt.blocks import LOSS_FUNCTIONS, Binding, Fallback
from snnopt.model.constraints import Constraint
from snnopt.model.naming import Names
from snnopt.model.objective import ObjectiveTerm
from snnopt.program import Term
from snnopt.report.compiled import Compiled
from snnopt.report.latex.symbols import number, penalty, roman, scaled, signal, squared
from snnopt.report.latex.terms import Letters, constraint, objective_term
from snnopt.report.latex.values import ValueWriter
from snnopt.report.mathematics import term_text
from snnopt.report.parts import Demand, Linear, Near, Part, Signal, Square, Stated, Subproblem, Tangent, moved
from snnopt.report.subproblem import Splitting, splitting

CLIPPED = r",\quad \mathrm{then}\quad %s \leftarrow \min(\max(%s,\, 0),\, 1)"
PUBLISHED = (
    r",\quad \mathrm{as\ published\ } \frac{1}{2} \left\| e + \rho u \right\|^{2}\ \mathrm{of\ the\ residual\ } e"
)
BY_CVXPY = r"\quad (\mathrm{CVXPY\ FALLBACK})"


@dataclass(frozen=True, eq=False)
class BlockWriter:
    """Writes blocks of one plan; ``terms`` are what the plan's terms were declared as, with their scales."""

    values: ValueWriter
    terms: dict[Term, tuple[float, ObjectiveTerm | Constraint]]
    split: Splitting

    def line(self, binding: Binding) -> str:
        """The block's minimisation, e.g. ``min_v rho/2 ||v - kappa * (W x + b) - eta * s||^2 - <delta a, E H(v - theta)>``."""
        block, sub = binding.block, self.split.subproblem(binding.block)
        parts = [self._part(p, sub.kept) for p in sub.parts]
        least = rf"\min_{{{self._over(sub)}}}\; " if sub.over else ""
        under = [line for term in sub.under for line in self._constraint(term)]
        under += [f"{self.values.value(r[0].value)} = {self.values.sum(moved(r[1:]))}" for r in sub.zero]
        under += [rf"0 \leq {self.values.value(sub.over[0])} \leq 1"] if block.box == "exact" else []
        condition = r"\quad \mathrm{s.t.}\quad " + r",\quad ".join(under) if under else ""
        out = least + " + ".join(parts or ["0"]).replace("+ -", "- ") + condition
        if block.box == "published":
            out += CLIPPED % ((self.values.value(sub.over[0]),) * 2)
        out += PUBLISHED if block.published else ""
        return out + (BY_CVXPY if isinstance(binding.rule, Fallback) else "")

    def _over(self, sub: Subproblem) -> str:
        names = r",\,".join(map(self.values.value, sub.over))
        if sub.block.order == "coloured":
            return names + r",\; t\ \mathrm{of\ one\ parity}"
        return names + {"all": "", "before last": r",\; t < T", "last": r",\; t = T"}[sub.block.at]

    def _part(self, part: Part, kept: bool) -> str:
        match part:
            case Square():
                factor = part.penalty if len(part.penalty) == 1 else penalty(part.penalty)
                return rf"\frac{{{factor}}}{{2}} {squared(self.values.sum(part.inside))}"
            case Tangent():
                move = self.values.sum(part.move)
                square = rf"\frac{{{penalty(part.penalty)}}}{{2}} {squared(self.values.sum(part.inside))}"
                slope = rf"\left\langle \nabla\, {square},\, {move} \right\rangle"
                return slope + rf" + \frac{{{penalty(part.tau)}}}{{2}} {squared(move)}"
            case Demand():
                wanted = signal(
                    r"\delta v" if isinstance(part.value, Signal) and part.value.letter == "v" else r"\delta a",
                    part.layer,
                )
                return rf"-\left\langle {wanted},\, {self.values.value(part.value)} \right\rangle"
            case Stated():
                return self._term(part.term, Letters(self.values.names, part.letter, smooth=not part.exact), kept)
            case Linear():
                return self._linear(part.term, self.values.value(part.value))
            case Near():
                return r"\frac{\mu}{2} " + squared(r"\Delta")

    def _linear(self, term: Term, spikes: str) -> str:
        """A term on spikes by its gradient."""
        if term.kind == "spike_cost":
            return scaled(term.scale, rf"\left\langle 1,\, {spikes} \right\rangle")
        if term.kind == "spike_budget":
            rate = number(dict(term.parameters)["rate"])
            return rf"p_{{{roman(term.owner)}}} \left\langle 1,\, {spikes} - {rate} \right\rangle"
        letters = Letters(self.values.names, spikes="a" if self.split.kept else "s", smooth=True)
        return rf"\left\langle \nabla\, {self._term(term, letters, self.split.kept)},\, {spikes} \right\rangle"

    def _term(self, term: Term, letters: Letters, kept: bool) -> str:
        scale, declared = self.terms.get(term, (1.0, None))
        if not isinstance(declared, ObjectiveTerm):
            return roman(term_text(term, not letters.smooth, kept, letters.weight))
        if letters.smooth and not (term.kind in LOSS_FUNCTIONS and LOSS_FUNCTIONS[term.kind].note):
            letters = Letters(letters.names, letters.weight, letters.spikes)
        return objective_term(declared, scale, letters)

    def _constraint(self, term: Term) -> list[str]:
        _, declared = self.terms.get(term, (1.0, None))
        if not isinstance(declared, Constraint):
            return [roman(term_text(term, letter="V"))]
        return constraint(declared, Letters(self.values.names, "V"))


def block_writer(plan: Compiled, names: Names) -> BlockWriter:
    """A writer that calls terms as the problem does: lowered terms stand in the problem's order."""
    problem = plan.problem
    declared: list[tuple[float, ObjectiveTerm | Constraint]] = [*problem.objective.scaled]
    declared += [(1.0, c) for c in problem.constraints]
    split = splitting(plan.program, plan.algorithm, (b.block for b in plan.bindings))
    return BlockWriter(ValueWriter(problem.network, names), dict(zip(plan.program.terms, declared, strict=True)), split)
