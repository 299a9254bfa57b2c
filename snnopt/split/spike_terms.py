"""Terms on spikes that enter by their gradient: prices, budgets, and losses on counts."""

from __future__ import annotations

import math

from snnopt.program import AffineCoupling, Program, Term

PRICED = ("spike_cost", "spike_budget")
"""Kinds of terms that put a price on every spike."""


def spike_terms(program: Program, coupling: AffineCoupling) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """The terms on a layer's spikes: those that a block must hold, and those that enter by their gradient."""
    found = [t for t in program.terms if coupling.spike in t.variables]
    linear = [t for t in found if t.kind in PRICED or t.role == "loss"]
    return tuple(t for t in found if t not in linear), tuple(linear)


def spike_costs(program: Program) -> dict[str, float]:
    """What the objective charges for a spike, by layer."""
    out: dict[str, float] = {}
    for t in program.terms:
        if t.kind == "spike_cost":
            out[t.owner] = out.get(t.owner, 0.0) + t.scale
    return out


def spike_budgets(program: Program) -> dict[str, float]:
    """Spikes per neuron and step that each layer may fire at most."""
    out: dict[str, float] = {}
    for t in program.terms:
        if t.kind == "spike_budget":
            out[t.owner] = min(out.get(t.owner, math.inf), dict(t.parameters)["rate"])
    return out
