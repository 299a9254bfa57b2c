"""Every closed form that a plan has bound, held against an oracle that shares nothing with it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

import numpy as np

from snnopt.blocks import Binding, ClosedForm, Fallback, is_closed_form
from snnopt.errors import ModelError
from snnopt.oracles.catalogue import catalogue
from snnopt.oracles.judge import Verdict, judge
from snnopt.oracles.oracle import ORDINARY, Oracle
from snnopt.oracles.report import Failure, Report, Row
from snnopt.oracles.shrink import as_python, shrink
from snnopt.oracles.table import oracle_for
from snnopt.split import Block


class HasBindings(Protocol):
    """A compiled plan, as far as it matters here."""

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Its blocks and the rules bound to them."""


def verify(plan: HasBindings, seed: int = 0, trials: int = 20) -> Report:
    """Hold every closed form of a plan against an independent oracle.

    Each block's objective is built from its definition, and solved by CVXPY (convex blocks) or by enumerating branches
    (exact step), on every known extreme and on ``trials`` random instances, small in size, in float64. The rule's
    objective must be within 1e-8 of the oracle's, relative, and not below it; constraints must hold, unique minimisers
    agree. A rule without an oracle fails; a block that CVXPY itself solves is listed as such.

    Parameters
    ----------
    plan : what ``so.compile`` returned.
    seed : same seed, same instances.
    trials : random instances for each block, besides the extremes.

    Raises
    ------
    ModelError
        ``plan`` is no plan, ``seed`` no seed or ``trials`` not a whole number of at least 1.
    """
    bindings = getattr(plan, "bindings", None)
    if not isinstance(bindings, tuple):
        raise ModelError("verify", f"{plan!r} is not a plan", "pass what so.compile(problem, algorithm) returned")
    _check_numbers(seed, trials)
    return _report(((b.block, b.rule) for b in bindings), seed, trials)


def verify_rule(rule: type[ClosedForm], seed: int = 0, trials: int = 20) -> Report:
    """Hold one closed form against the oracles of all kinds of block that it says it matches.

    Parameters
    ----------
    rule : a class derived from :class:`snnopt.blocks.ClosedForm`; it need not be in any table.
    seed, trials : as in :func:`verify`.

    Raises
    ------
    ModelError
        ``rule`` is no closed form, ``seed`` no seed or ``trials`` not a whole number of at least 1.
    """
    if not is_closed_form(rule):
        raise ModelError(
            "verify_rule", f"{rule!r} is not a closed form", "derive a class from snnopt.blocks.ClosedForm"
        )
    _check_numbers(seed, trials)
    blocks = [b for b in catalogue() if rule.matches(b) is None]
    if blocks:
        return _report(((b, rule) for b in blocks), seed, trials)
    failure = Failure("no oracle: the rule matches none of the blocks in the catalogue")
    return Report((Row("-", rule.__name__, np.nan, np.nan, None, 0, 0.0, failure),))


def _check_numbers(seed: int, trials: int) -> None:
    for name, value, least in (("seed", seed, 0), ("trials", trials, 1)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ModelError("verify", f"{name} = {value!r}", f"give a whole number of at least {least}")


def _report(pairs: Iterable[tuple[Block, type[ClosedForm] | Fallback]], seed: int, trials: int) -> Report:
    rows = []
    for k, (block, rule) in enumerate(pairs):
        if isinstance(rule, Fallback):
            rows.append(Row(block.name, "CVXPY FALLBACK", np.nan, np.nan, None, 0, 0.0))
            continue
        oracle, reason = oracle_for(block)
        if oracle is None:
            failure = Failure(f"no oracle: {reason}")
            rows.append(Row(block.name, rule.__name__, np.nan, np.nan, None, 0, 0.0, failure))
        else:
            rows.append(_row(block, rule, oracle, np.random.default_rng([seed, k]), trials))
    return Report(tuple(rows))


def _row(block: Block, rule: type[ClosedForm], oracle: Oracle, rng: np.random.Generator, trials: int) -> Row:
    """Judge until the first failure, then make that small."""
    start, verdicts, failure = time.perf_counter(), list[Verdict](), None
    for extreme in (*oracle.extremes, *[ORDINARY] * trials):
        case = oracle.draw(block, rng, extreme)
        verdict = judge(case, rule)
        verdicts.append(verdict)
        if not verdict.passed:
            small = shrink(case, lambda c: not judge(c, rule).passed)
            failure = Failure(verdict.fault or "", extreme.name, as_python(small, rule))
            break
    gap, violation = (max(abs(float(getattr(v, name))) for v in verdicts) for name in ("gap", "violation"))
    distances = [v.distance for v in verdicts if v.distance is not None]
    seconds = time.perf_counter() - start
    worst = max(distances, default=None)
    return Row(block.name, rule.__name__, gap, violation, worst, len(verdicts), seconds, failure)
