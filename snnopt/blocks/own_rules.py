"""Closed forms that a user brings along, tried before the table."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from snnopt.blocks.copies import VALUES
from snnopt.blocks.linearised_spikes import LinearisedSpikes
from snnopt.blocks.rule import Binding, ClosedForm, is_closed_form
from snnopt.blocks.table import CLOSED_FORMS
from snnopt.errors import CompileError, ModelError, shown
from snnopt.split import Block

CALLED = ("prepare", "solve", "move", "slope", "score")
"""What a run, or a verification, may call; which of these it is depends on the kind of block."""


def own_rules(given: object, blocks: Sequence[Block]) -> tuple[type[ClosedForm], ...]:
    """Return a user's closed forms, checked as far as that can be done before they solve anything.

    Parameters
    ----------
    given : classes derived from :class:`ClosedForm`, in a list or tuple; None for none.
    blocks : those that are to be bound.

    Raises
    ------
    ModelError
        It is no list of closed forms; or one of them lacks a method or its ``formula``, or ``matches`` returns neither None
        nor a reason.
    """
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        raise ModelError("compile", f"rules={shown(given)}", "give a list of closed forms, rules=[MyRule]")
    for rule in given:
        if not is_closed_form(rule):
            fix = "give classes derived from snnopt.blocks.ClosedForm, with all that is abstract filled in"
            raise ModelError("compile, rules", f"{shown(rule)} is not a closed form", fix)
        where = f"compile, rules, {rule.__name__}"
        if not isinstance(getattr(rule, "formula", None), str):
            raise ModelError(
                where, "it has no formula for plan.explain() to show", 'add formula = "V = ..." to the class'
            )
        if not isinstance(inspect.getattr_static(rule, "matches"), classmethod | staticmethod):
            raise ModelError(where, "matches is asked of the class, not of an instance", "put @classmethod above it")
        for block in blocks:
            reason = rule.matches(block)
            if reason is None:
                _check_methods(where, rule, block)
            elif not isinstance(reason, str):
                fix = "return None where it solves the block, else the reason why not, as a string"
                raise ModelError(where, f"matches returned {shown(reason)} for block {block.name!r}", fix)
    return tuple(given)


def check_bound(rules: Sequence[type[ClosedForm]], bindings: Sequence[Binding]) -> None:
    """Check that each of a user's closed forms solves some block.

    Raises
    ------
    CompileError
        One of them solves none; the message says why each block was declined.
    """
    for rule in rules:
        if any(b.rule is rule for b in bindings):
            continue
        why = [f"{b.block.name}: {rule.matches(b.block) or f'solved by {b.title} before it'}" for b in bindings]
        fix = "leave it out, or mend its matches; plan.explain() without it shows the blocks"
        raise CompileError(f"rules, {rule.__name__}", f"it solves none of the plan's blocks ({'; '.join(why)})", fix)


def _check_methods(where: str, rule: type[ClosedForm], block: Block) -> None:
    """Those of the shipped closed form of the same block, where there is one."""
    shipped = next((r for r in CLOSED_FORMS if r.matches(block) is None), None)
    if shipped is LinearisedSpikes:
        cause = f"it matches block {block.name!r}, which runs never form: its update is a part of the step's"
        raise ModelError(where, cause, "return a reason in matches where block.linear")
    needed = ["solve"] if shipped is None else [m for m in CALLED if hasattr(shipped, m)]
    if any(t.role == "penalty" and t.kind not in VALUES for t in block.terms):
        needed.append("value")  # the term at W [channels, k] without its factor, which the objective holds
    missing = [m for m in needed if not callable(getattr(rule, m, None))]
    if missing:
        like = "" if shipped is None else f", with the arguments of {shipped.__name__}'s"
        raise ModelError(
            where, f"it has no {' and no '.join(missing)}, which block {block.name!r} needs", f"add it{like}"
        )
