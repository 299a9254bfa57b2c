"""What a sweep of blocks cannot hold, refused by name before anything is split."""

from __future__ import annotations

import numpy as np

from snnopt.errors import CompileError
from snnopt.program import AffineCoupling, Program
from snnopt.split.blocks import Form
from snnopt.split.difference import difference_form


def check_splittable(program: Program) -> None:
    """Refuse what no block of such a sweep would hold."""
    for term in program.terms:
        if term.kind == "spike_budget" and not any(m.bias is not None for m in program.by_name[term.owner].maps):
            fix = "give a connection into it bias=True; the budget is kept by moving biases"
            raise CompileError(f"layer {term.owner!r}, term {term.name}", "the layer has no bias", fix)
    for coupling in program.couplings:
        for m in coupling.maps:
            source = program.by_name.get(m.source)
            if source is not None and not source.dynamics.spiking and program.judged(source.name):
                raise CompileError(
                    f"layer {source.name!r}",
                    f"it is judged by a loss and also feeds layer {coupling.name!r}, and no block holds both",
                    "give the loss a read-out of its own, e.g. so.LI(beta=0.9)(so.Dense(10)(h))",
                )
    targets: dict[str, list[str]] = {}
    for coupling in program.couplings:
        for m in coupling.maps:
            if m.weight is not None:
                targets.setdefault(m.weight, []).append(coupling.name)
    for weight, layers in targets.items():
        judged = [n for n in layers if program.judged(n) and not program.by_name[n].dynamics.spiking]
        others = [n for n in layers if n not in judged]
        if judged and others:
            raise CompileError(
                f"shared weights {weight!r}",
                f"read-out {judged[0]!r} and layer {others[0]!r} use them, and no block holds a loss beside a step",
                "give the read-out a connection of its own",
            )


def check_keepable(program: Program, form: Form, linearised: frozenset[str] = frozenset()) -> None:
    """Refuse what an ADMM with kept potentials and spikes does not hold in this form.

    Dynamics of the layers ``linearised`` tie no spikes to each other, so what would be refused for that is not.
    """
    check_splittable(program)
    for coupling in program.couplings:
        where = f"layer {coupling.name!r}"
        if not coupling.dynamics.spiking and not program.judged(coupling.name):
            fix = "make it a spiking layer such as so.LIF(beta=0.9), or use 'online' or 'rollout'"
            raise CompileError(where, "it does not spike and feeds others, and no block keeps its potentials", fix)
        if form == "difference":
            difference_form(coupling)
        elif coupling.name not in linearised and _differ(coupling):
            others = "give its neurons one time constant and one threshold, or use 'online' or 'rollout'"
            fix = f"{_linearise([coupling.name])}, {others}"
            raise CompileError(where, "its neurons differ, and the exact trace form takes one kernel a layer", fix)
        if form == "trace" and coupling.dynamics.spiking:
            _check_readers(program, coupling, where, linearised)
        _check_lags(program, coupling, where, linearised)
    for coupling in program.couplings:
        losses = [t for t in program.losses if t.owner == coupling.name]
        if len(losses) > 1:
            fix = "keep one of them, or use 'online' or 'rollout'"
            raise CompileError(
                f"layer {coupling.name!r}", f"{len(losses)} losses judge it, and its block takes one", fix
            )


def _reads(target: AffineCoupling, source: AffineCoupling) -> bool:
    return any(m.source == source.name for m in target.maps)


def _differ(coupling: AffineCoupling) -> bool:
    """Whether the layer's neurons have kernels or thresholds of their own."""
    return not coupling.dynamics.uniform or bool(np.any(coupling.dynamics.R[:, :1] != coupling.dynamics.R))


def _check_readers(program: Program, coupling: AffineCoupling, where: str, linearised: frozenset[str]) -> None:
    """The exact trace form takes spikes that one layer reads, and not their own."""
    others = "an algorithm in difference form ('exact_block', 'perin2025'), or 'online' or 'rollout'"
    if coupling.name not in linearised and _reads(coupling, coupling):
        fix = f"{_linearise([coupling.name])}, or use {others}"
        raise CompileError(where, "it reads itself, which mixes its neurons within its own residual", fix)
    readers = [c.name for c in program.couplings if c is not coupling and _reads(c, coupling)]
    exact = [n for n in readers if n not in linearised]
    if len(exact) > 1:
        cause = f"the layers {', '.join(map(repr, exact))} read its spikes, and the exact trace form takes one reader"
        raise CompileError(where, cause, f"{_linearise(exact[1:])}, or use {others}")


def _linearise(layers: list[str]) -> str:
    given = ", ".join(f"{n!r}: so.Linearised(1.0)" for n in layers)
    return f"compile with penalties={{{given}}}"


def _check_lags(program: Program, coupling: AffineCoupling, where: str, linearised: frozenset[str]) -> None:
    """Spikes that reach one layer at two lags (their own reset counts as one) tie their own steps of time together."""
    for target in program.couplings:
        if target.name in linearised:
            continue
        lags = {m.lag for m in target.maps if m.source == coupling.name}
        if target is coupling and (coupling.dynamics.R != 0).any():
            lags.add(1)
        if len(lags) > 1:
            raise CompileError(
                where,
                f"its spikes reach layer {target.name!r} at lags {sorted(lags)}, which ties its steps of time together",
                f"use one delay, {_linearise([target.name])}, or use an algorithm without kept spikes such as 'online'",
            )
