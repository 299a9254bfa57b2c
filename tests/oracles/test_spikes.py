"""Closed forms of kept spikes against their oracles, wrong ones and wrongly assembled ones among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, ClassVar

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import snnopt as so
from snnopt.blocks import Binding, ClosedForm, box_faces, box_spikes
from snnopt.blocks.box_quadratic import BoxQuadratic
from snnopt.blocks.box_spikes import BoxSpikes
from snnopt.blocks.clipped_spikes import ClippedSpikes
from snnopt.blocks.free_spikes import FreeSpikes
from snnopt.blocks.proximal_gradient_spikes import ProximalGradientSpikes
from snnopt.blocks.trace_spikes import TraceSpikes
from snnopt.cvx_bridge import ConvexSolverError
from snnopt.cvx_bridge.box_least_squares import box_least_squares
from snnopt.lower import lower
from snnopt.oracles import Case, Oracle, Verdict, judge, table, verify
from snnopt.oracles.box_spikes import BoxSpikesOracle
from snnopt.oracles.difference_spikes import DifferenceSpikesCase
from snnopt.oracles.free_spikes import FreeSpikesOracle
from snnopt.oracles.oracle import ORDINARY
from snnopt.oracles.proximal_gradient_spikes import ProximalGradientSpikesOracle
from snnopt.oracles.shrink import as_python, shrink
from snnopt.oracles.trace_spikes import TraceSpikesCase, TraceSpikesOracle
from snnopt.program import Term
from snnopt.split import Block, Box, Form, Order, split_kept

Array = np.ndarray[Any, Any]
TRIALS = 12


def problems() -> dict[str, so.Problem]:
    """Readers with and without delays, recurrence, no reset, a price on spikes, spikes that nobody but a loss reads."""
    x = so.Input(3, name="x")

    h = so.LIF(beta=0.9, name="h")(so.Dense(4)(x))
    g = so.LIF(beta=0.8, name="g", reset_mechanism="none")(so.Dense(5)(h))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(g))
    chain = so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean") + 0.1 * so.SpikeCost(h))

    several, delays = (_several(x, recurrent) for recurrent in (so.Dense(), None))

    o = so.LIF(beta=0.9, name="o")(so.Dense(4)(x))
    counted = so.Problem(so.Network(x, o), so.CrossEntropy(o, over="count"))
    return {"chain": chain, "several": several, "delays": delays, "counted": counted}


def _several(x: so.Input, recurrent: so.Dense | None) -> so.Problem:
    h = so.LIF(beta=0.9, name="h", recurrent=recurrent)(so.Dense(4)(x))
    g = so.LIF(beta=0.7, name="g")(so.Dense(4)(so.Delay(1)(h)) + so.Dense(4)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(g) + so.Dense(3)(so.Delay(2)(h)))
    return so.Problem(so.Network(x, y), so.SquaredError(y, over="last"))


def kept(form: Form, box: Box = "none", order: Order = "together") -> tuple[Block, ...]:
    """All blocks of all problems that have this form; of spikes also such that some or all dynamics are linearised for."""
    fit = [p for name, p in problems().items() if form == "difference" or name in ("chain", "counted")]
    exact = [b for p in fit for b in split_kept(lower(p), form, order, box)]
    some = split_kept(lower(problems()["chain"]), form, order, box, linearised=frozenset("g"))
    every = split_kept(lower(problems()["several"]), form, order, box, linearised=frozenset("hgy"))
    return (*exact, *(b for b in (*some, *every) if b.kind == "spikes"))


RULES: dict[type[ClosedForm], tuple[Oracle, Form | None, Box | None]] = {
    ProximalGradientSpikes: (ProximalGradientSpikesOracle(), None, None),
    FreeSpikes: (FreeSpikesOracle(), "difference", "none"),
    BoxSpikes: (BoxSpikesOracle(), "difference", "exact"),
    ClippedSpikes: (BoxSpikesOracle(), "difference", "published"),
    TraceSpikes: (TraceSpikesOracle(), "trace", "none"),
}
MINIMISERS = (ProximalGradientSpikes, FreeSpikes, BoxSpikes, TraceSpikes)


def matched(rule: type[ClosedForm]) -> list[Block]:
    """Blocks that the rule solves; None stands for every form, for every box."""
    _, form, box = RULES[rule]
    forms: tuple[Form, ...] = ("difference", "trace") if form is None else (form,)
    boxes: tuple[Box, ...] = ("none", "exact", "published") if box is None else (box,)
    return [b for f, x in product(forms, boxes) for b in kept(f, x) if rule.matches(b) is None]


def cases(rule: type[ClosedForm], seed: int, trials: int = TRIALS) -> Iterator[tuple[str, Case]]:
    """Every extreme and some ordinary instances of every block that the rule solves."""
    oracle = RULES[rule][0]
    for k, block in enumerate(matched(rule)):
        rng = np.random.default_rng([seed, k])
        for extreme in (*oracle.extremes, *[ORDINARY] * trials):
            yield f"{block.name}, {extreme.name}", oracle.draw(block, rng, extreme)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rule", MINIMISERS, ids=lambda r: r.__name__)
def test_rules_agree_with_their_oracles(rule, seed):
    wrong = {title: verdict for title, case in cases(rule, seed) if not (verdict := judge(case, rule)).passed}
    assert not wrong


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
def test_rules_and_oracles_know_the_same_blocks(rule):
    oracle, found = RULES[rule][0], 0
    for form, box in product(("difference", "trace"), ("none", "exact", "published")):
        for block in kept(form, box):  # type: ignore[arg-type]
            reason = rule.matches(block)
            known = oracle.matches(block) is None and RULES[rule][2] in (None, block.box)
            assert (reason is None) == known, (block.name, reason)
            if block.kind != "spikes":
                assert reason == f"it solves spikes, not {block.kind}"
            found += known
    assert found >= 3


def test_reasons_name_what_does_not_fit():
    free = matched(FreeSpikes)[0]
    boxed, published = (kept("difference", box)[1] for box in ("exact", "published"))
    held = replace(free, terms=(Term("box", "constraint", "h", ("h.spike",)),))
    assert FreeSpikes.matches(held) == "it has no closed form for box(h)"
    assert "box is 'exact'" in str(FreeSpikes.matches(boxed))
    assert "not the minimiser" in ClippedSpikes.formula
    assert "clipping the free one is not it" in str(ClippedSpikes.matches(boxed))
    assert ClippedSpikes.matches(published) is None
    assert "by their gradient" in str(FreeSpikes.matches(replace(free, linear=True)))
    assert "dithered" in str(FreeSpikes.matches(replace(free, step="dithered")))
    one = [b for b in kept("trace", order="one") if b.kind == "spikes" and len(b.quadratics) == 2]
    assert "all steps of time together" in str(TraceSpikes.matches(one[0]))
    assert "all steps of time together" in str(ProximalGradientSpikes.matches(one[-1]))
    assert "not linearised" in str(ProximalGradientSpikes.matches(one[0]))
    assert "nothing to invert" in str(FreeSpikes.matches(matched(ProximalGradientSpikes)[0]))
    assert ProximalGradientSpikes.matches(replace(free, quadratics=())) == "the spikes meet no dynamics"


def test_recurrence_and_several_readers_are_refused_in_trace_form():
    with pytest.raises(so.CompileError, match="layer 'h': it reads itself"):
        split_kept(lower(problems()["several"]), "trace")
    with pytest.raises(so.CompileError, match=r"'g', 'y' read its spikes.*\n.*exact_block"):
        split_kept(lower(problems()["delays"]), "trace")


# ------------------------------------------------------------------------------------------------ the published clip


def test_the_published_clip_fails_its_verification(monkeypatch, capsys):
    monkeypatch.setattr(table, "ORACLES", (BoxSpikesOracle(),))

    class Plan:
        bindings = tuple(Binding(b, ClippedSpikes, ()) for b in matched(ClippedSpikes) if b.quadratics)

    report = verify(Plan(), seed=0, trials=20)
    assert not report.passed
    failure = report.failures[0].failure
    assert failure is not None and "above the oracle's" in failure.reason
    exec(failure.code, {})
    assert "above the oracle's" in capsys.readouterr().out


def test_the_published_clip_is_right_where_the_matrix_is_diagonal_and_far_off_elsewhere():
    verdicts = [judge(case, ClippedSpikes) for title, case in cases(ClippedSpikes, 0) if "one of everything" in title]
    assert all(v.passed for v in verdicts)
    gaps = [judge(case, ClippedSpikes).gap for title, case in cases(ClippedSpikes, 0) if "random" in title]
    assert max(gaps) > 0.01


# ------------------------------------------------------------------------------------------------- planted errors

Wrong = Callable[[Any, Any], Array]
"""From a case and the right rule to a wrong answer."""


@dataclass(frozen=True, eq=False)
class Tampered(Case):
    """A case whose candidate is made by ``wrong``."""

    case: Any
    wrong: Wrong
    axes: ClassVar = {}

    def candidate(self, rule: type[ClosedForm]) -> Array:
        return self.wrong(self.case, rule)

    def solution(self) -> Array:
        return self.case.solution()

    def excess(self, x: Array, best: Array) -> float:
        return self.case.excess(x, best)

    def distance(self, x: Array, best: Array) -> float | None:
        return self.case.distance(x, best)

    def violation(self, x: Array) -> float:
        return self.case.violation(x)


def rule_error(solve: Callable[..., Array]) -> Wrong:
    """A wrong solve from the right system."""
    return lambda case, rule: case.candidate(type("Wrong", (rule,), {"solve": staticmethod(solve)}))


def assembly_error(change: Callable[[Any], dict[str, Any]]) -> Wrong:
    """The right solve of a system that was assembled from changed numbers."""
    return lambda case, rule: replace(case, **change(case)).candidate(rule)


def one_matrix_for_all_steps(which: int) -> Wrong:
    def wrong(case: DifferenceSpikesCase, rule: Any) -> Array:
        systems, out = list(case.systems()), np.empty_like(case.spikes)
        for times, _, right in systems:
            out[times] = rule.solve(systems[which][1], right)
        return out

    return wrong


def one_sweep(normal: Array, right: Array) -> Array:
    a = np.clip(FreeSpikes.solve(normal, right), 0, 1).reshape(-1, len(normal)).T.copy()
    BoxQuadratic(normal).sweep(a, right.reshape(-1, len(normal)).T)
    return a.T.reshape(right.shape)


def projected_gradient(normal: Array, right: Array) -> Array:
    a = np.clip(FreeSpikes.solve(normal, right), 0, 1)
    for _ in range(5):
        a = np.clip(a - (a @ normal - right) / np.linalg.norm(normal, 2), 0, 1)
    return a


def free_ones_only(normal: Array, right: Array) -> Array:
    """The face of the clipped free minimiser, taken for the right one."""
    free = FreeSpikes.solve(normal, right).reshape(-1, len(normal))
    out, b = np.clip(free, 0, 1), right.reshape(-1, len(normal))
    for a, x, target in zip(out, free, b, strict=True):
        inside = (x > 0) & (x < 1)
        rest = target[inside] - normal[np.ix_(inside, ~inside)] @ a[~inside]
        a[inside] = np.clip(np.linalg.solve(normal[np.ix_(inside, inside)], rest), 0, 1)
    return out.reshape(right.shape)


def own_first(case: DifferenceSpikesCase, change: Callable[[Array], Array]) -> dict[str, Any]:
    """Change the first map, the layer's own where it has one."""
    return {"maps": np.concatenate([change(case.maps[:1]), case.maps[1:]])}


def square(maps: Array) -> Array:
    """Transposed, cut or filled to the old shape."""
    out, k = np.zeros_like(maps), min(maps.shape[1:])
    out[:, :k, :k] = maps[:, :k, :k].transpose(0, 2, 1)
    return out


free, box = FreeSpikes.solve, BoxSpikes.solve
MODELS_OF_COUPLINGS: dict[str, Wrong] = {
    "models left out": assembly_error(lambda c: {"taus": 0 * c.taus, "rhos": 0 * c.rhos}),
    "proximal term left out": assembly_error(lambda c: {"taus": 0 * c.taus}),
    "proximal term halved": assembly_error(lambda c: {"taus": c.taus / 2}),
    "slope left out": assembly_error(lambda c: {"rhos": 0 * c.rhos}),
    "slope's sign": assembly_error(lambda c: {"rhos": -c.rhos}),
    "slope without rho": assembly_error(lambda c: {"rhos": np.ones_like(c.rhos)}),
    "slope at H": assembly_error(lambda c: {"present": c.spikes}),
    "slope of the first lag alone": assembly_error(
        lambda c: {"responses": c.responses * (np.arange(c.responses.shape[1]) < 1)[:, None, None]}
    ),
    "slope back in time": assembly_error(lambda c: {"rests": c.rests[:, ::-1]}),
    "rests left out": assembly_error(lambda c: {"rests": 0 * c.rests}),
}
OFF_BY_ONE: dict[str, Wrong] = {
    "right side of the step before": assembly_error(lambda c: {"constants": np.roll(c.constants, 1, axis=1)}),
    "lag one too long": assembly_error(lambda c: {"lags": c.lags + 1}),
    "same step for every reader": assembly_error(lambda c: {"lags": 0 * c.lags}),
    "first step's readers at all steps": one_matrix_for_all_steps(0),
    "last step's readers at all steps": one_matrix_for_all_steps(-1),
}
ASSEMBLY: dict[str, Wrong] = {
    "W transposed": assembly_error(lambda c: {"maps": square(c.maps)}),
    "reset left out": assembly_error(lambda c: own_first(c, lambda m: 0 * m)),
    "reset's sign": assembly_error(lambda c: own_first(c, lambda m: -m)),
    "second reader left out": assembly_error(lambda c: {"maps": c.maps[:1], "rho": c.rho[:1], "lags": c.lags[:1]}),
    "sign of linear": assembly_error(lambda c: {"linear": -c.linear}),
    "linear left out": assembly_error(lambda c: {"linear": 0 * c.linear}),
    "linear halved": assembly_error(lambda c: {"linear": c.linear / 2}),
    "sigma halved": assembly_error(lambda c: {"sigma": c.sigma / 2}),
    "sigma squared": assembly_error(lambda c: {"sigma": c.sigma**2}),
    "rho_s dropped": assembly_error(lambda c: {"rho": np.ones_like(c.rho)}),
    "rho_s rescaled": assembly_error(lambda c: {"rho": c.rho * 1.001}),
    "one rho for all": assembly_error(lambda c: {"rho": np.full_like(c.rho, c.rho[0])}),
    "dual left out": assembly_error(lambda c: {"dual": 0 * c.dual}),
    "dual's sign": assembly_error(lambda c: {"dual": -c.dual}),
    "constants' sign": assembly_error(lambda c: {"constants": -c.constants}),
    **OFF_BY_ONE,
    **MODELS_OF_COUPLINGS,
}
ANY: dict[str, Wrong] = {
    "diagonal only": rule_error(lambda n, b: b / np.diag(n)),
    "the target itself": lambda c, rule: np.clip(c.spikes - c.dual, 0, 1),
    "one part in ten thousand": rule_error(lambda n, b: np.clip(1.0001 * free(n, b), None, None)),
    "single precision": rule_error(lambda n, b: free(n, b).astype(np.float32)),
    "not finite": rule_error(lambda n, b: np.nan * b),
    "rounded to spikes": rule_error(lambda n, b: np.round(np.clip(free(n, b), 0, 1))),
}
FREE: dict[str, Wrong] = ANY | {
    "clip after the inverse": rule_error(lambda n, b: np.clip(free(n, b), 0, 1)),
    "columns for rows": rule_error(lambda n, b: free(n, b.reshape(b.shape[::-1]).T.copy().reshape(b.shape))),
    "a factor short": rule_error(lambda n, b: np.linalg.solve(np.linalg.cholesky(n), b.reshape(-1, len(n)).T).T),
    "writes into its arguments": rule_error(lambda n, b: b.__imul__(2)),
}
BOX: dict[str, Wrong] = ANY | {
    "clip after the inverse": rule_error(lambda n, b: np.clip(free(n, b), 0, 1)),
    "no box": rule_error(free),
    "box up to two": rule_error(lambda n, b: 2 * box(n, b / 2)),
    "box from minus one": rule_error(lambda n, b: 2 * box(n, (b + n.sum(1)) / 2) - 1),
    "one sweep": rule_error(one_sweep),
    "five gradient steps": rule_error(projected_gradient),
    "first face kept": rule_error(free_ones_only),
    "one part in ten thousand": rule_error(lambda n, b: 0.9999 * box(n, b)),
    "silent": rule_error(lambda n, b: 0 * b),
}


def trace_right(case: TraceSpikesCase, rule: Any, K: Array, E: Array) -> Array:
    """The right solve of the right matrix, with other K and E on the right-hand side."""
    k, e = case.matrices()
    prepared = rule.prepare(case.weights.T @ case.weights, k, e, case.rho_next, case.rho_own, case.sigma)
    return rule.solve(prepared, case.right(K, E))


def trace_left(change: Callable[..., tuple[Any, ...]]) -> Wrong:
    """The right solve, prepared from changed numbers."""

    def wrong(case: TraceSpikesCase, rule: Any) -> Array:
        k, e = case.matrices()
        numbers = change(case.weights.T @ case.weights, k, e, case.rho_next, case.rho_own, case.sigma)
        return rule.solve(rule.prepare(*numbers), case.right(k, e))

    return wrong


def shifted(matrix: Array) -> Array:
    """One step later."""
    return np.concatenate([np.zeros_like(matrix[:1]), matrix[:-1]])


def in_modes(change: Callable[..., tuple[Array, Array, Array]]) -> Wrong:
    """A wrong step in the modes."""

    def solve(prepared: Any, right: Array) -> Array:
        return TraceSpikes.solve(type(prepared)(*change(*prepared)), right)

    return lambda case, rule: case.candidate(type("Wrong", (rule,), {"solve": staticmethod(solve)}))


prox: Callable[..., Array] = ProximalGradientSpikes.solve
PROXIMAL: dict[str, Wrong] = MODELS_OF_COUPLINGS | {
    "second coupling left out": assembly_error(lambda c: {"rhos": c.rhos * (np.arange(len(c.rhos)) < 1)}),
    "linear left out": assembly_error(lambda c: {"linear": 0 * c.linear}),
    "dual left out": assembly_error(lambda c: {"dual": 0 * c.dual}),
    "dual's sign": assembly_error(lambda c: {"dual": -c.dual}),
    "sigma halved": assembly_error(lambda c: {"sigma": c.sigma / 2}),
    "never clipped": rule_error(lambda held, b, boxed: prox(held, b, False)),
    "always clipped": rule_error(lambda held, b, boxed: prox(held, b, True)),
    "clipped too soon": rule_error(lambda held, b, boxed: np.clip(b, 0, 1) / held),
    "rounded": rule_error(lambda held, b, boxed: np.round(prox(held, b, boxed))),
    "single precision": rule_error(lambda *args: prox(*args).astype(np.float32)),
}
TRACE: dict[str, Wrong] = MODELS_OF_COUPLINGS | {
    "K not transposed": lambda c, rule: trace_right(c, rule, c.matrices()[0].T, c.matrices()[1]),
    "E not transposed": lambda c, rule: trace_right(c, rule, c.matrices()[0], c.matrices()[1].T),
    "E left out on the right": lambda c, rule: trace_right(c, rule, c.matrices()[0], 0 * c.matrices()[1]),
    "E left out of the matrix": trace_left(lambda m, k, e, *rest: (m, k, 0 * e, *rest)),
    "E left out": assembly_error(lambda c: {"rho_own": 0.0}),
    "E's sign": assembly_error(lambda c: {"eta": -c.eta}),
    "KK' for K'K": trace_left(lambda m, k, e, *rest: (m, k.T, e, *rest)),
    "E one step late": trace_left(lambda m, k, e, *rest: (m, k, shifted(e), *rest)),
    "kernel one step late": trace_left(lambda m, k, e, *rest: (m, shifted(k), e, *rest)),
    "lag left out": assembly_error(lambda c: {"lag": 0}),
    "lag one too long": assembly_error(lambda c: {"lag": c.lag + 1}),
    "only the first entry of the kernel": assembly_error(lambda c: {"kappa": c.kappa * (np.arange(len(c.kappa)) < 1)}),
    "W transposed": assembly_error(lambda c: {"weights": square(c.weights[None])[0]}),
    "W for W'W": trace_left(lambda m, *rest: (np.sqrt(np.abs(m)), *rest)),
    "neurons uncoupled": trace_left(lambda m, *rest: (np.diag(np.diag(m)), *rest)),
    "sign of linear": assembly_error(lambda c: {"linear": -c.linear}),
    "linear left out": assembly_error(lambda c: {"linear": 0 * c.linear}),
    "sigma halved": assembly_error(lambda c: {"sigma": c.sigma / 2}),
    "sigma halved in the matrix": trace_left(lambda m, k, e, r, o, s: (m, k, e, r, o, s / 2)),
    "rho_s dropped": trace_left(lambda m, k, e, r, o, s: (m, k, e, 1.0, o, s)),
    "penalties exchanged": trace_left(lambda m, k, e, r, o, s: (m, k, e, o, r, s)),
    "dual's sign": assembly_error(lambda c: {"dual": -c.dual}),
    "samples mixed up": lambda c, rule: c.candidate(rule)[:, ::-1],
    "back in time": lambda c, rule: c.candidate(rule)[::-1],
    "clip after the inverse": lambda c, rule: np.clip(c.candidate(rule), 0, 1),
    "eigenvalues in reverse": in_modes(lambda P, Q, gain: (P, Q, gain[:, ::-1])),
    "modes of time in reverse": in_modes(lambda P, Q, gain: (P, Q, gain[::-1])),
    "Q for Q'": in_modes(lambda P, Q, gain: (P, Q.T, gain)),
    "root of the gain": in_modes(lambda P, Q, gain: (P, Q, np.sqrt(gain))),
    "single precision": lambda c, rule: c.candidate(rule).astype(np.float32),
}
PLANTED = [
    *[(ProximalGradientSpikes, name, wrong) for name, wrong in PROXIMAL.items()],
    *[(FreeSpikes, name, wrong) for name, wrong in (FREE | ASSEMBLY).items()],
    *[(BoxSpikes, name, wrong) for name, wrong in (BOX | ASSEMBLY).items()],
    *[(TraceSpikes, name, wrong) for name, wrong in TRACE.items()],
]


def is_caught(rule: type[ClosedForm], wrong: Wrong) -> bool:
    return any(not judge(Tampered(case, wrong), rule).passed for _, case in cases(rule, seed=5))


@pytest.mark.parametrize(("rule", "name", "wrong"), PLANTED, ids=[f"{r.__name__}: {n}" for r, n, _ in PLANTED])
def test_planted_errors_are_caught(rule, name, wrong):
    assert is_caught(rule, wrong)


@pytest.mark.parametrize("rule", MINIMISERS, ids=lambda r: r.__name__)
def test_nothing_planted_nothing_caught(rule):
    assert not is_caught(rule, lambda case, right: case.candidate(right))


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        (FreeSpikes, {"solve": staticmethod(lambda n, b: 2 * free(n, b))}),
        (BoxSpikes, {"solve": staticmethod(lambda n, b: 0.5 * box(n, b))}),
        (TraceSpikes, {"solve": staticmethod(lambda p, b: TraceSpikes.solve(p, -b))}),
    ],
    ids=lambda r: getattr(r, "__name__", ""),
)
def test_failing_cases_shrink_and_print(rule, broken):
    wrong = type("Wrong", (rule,), broken)
    case = next(c for _, c in cases(rule, 3) if not judge(c, wrong).passed)
    small = shrink(case, lambda c: not judge(c, wrong).passed)
    found: dict[str, Any] = {}
    exec(as_python(small, rule).rsplit("\n", 1)[0], found)
    verdict: Verdict = judge(found["case"], wrong)
    assert not verdict.passed and small.spikes.size <= case.spikes.size  # type: ignore[attr-defined]
    assert judge(found["case"], rule).passed


# ----------------------------------------------------------------------------------------------------- properties


def system(seed: int, n: int, columns: int, readers: int = 8, ratio: float = 1.0, spread: float = 1.0) -> Any:
    """A normal matrix and right-hand sides like those of a hidden layer, sigma / rho = ``ratio``."""
    rng = np.random.default_rng(seed)
    w, target = rng.normal(size=(readers, n)), (rng.random((columns, n)) < 0.3).astype(np.float64)
    right = spread * rng.normal(size=(columns, readers)) @ w + ratio * target
    return w.T @ w + ratio * np.eye(n), right


def kkt(normal: Array, right: Array, a: Array) -> float:
    """Largest ``|a - clip(a - grad/D)|``, relative to what its terms weigh."""
    diagonal = np.diag(normal)
    far = a - np.clip(a - (a @ normal - right) / diagonal, 0, 1)
    return float(np.abs(far / ((np.abs(normal).sum(1) + np.abs(right)) / diagonal)).max())


def value(normal: Array, right: Array, a: Array) -> Array:
    return ((a @ normal / 2 - right) * a).sum(-1)


SYSTEMS = st.builds(
    system,
    seed=st.integers(0, 10**6),
    n=st.integers(1, 24),
    columns=st.integers(1, 20),
    readers=st.integers(1, 30),
    ratio=st.floats(-9, 4).map(lambda x: 10**x),
    spread=st.floats(-2, 3).map(lambda x: 10**x),
)


@given(SYSTEMS)
def test_box_meets_its_optimality_conditions(drawn):
    normal, right = drawn
    a = BoxSpikes.solve(normal, right)
    assert a.shape == right.shape and a.dtype == np.float64
    assert a.min() >= 0 and a.max() <= 1
    assert kkt(normal, right, a) < 1e-10
    best = value(normal, right, a)
    size = 1e-12 * (np.abs(normal).sum() + np.abs(right).sum(-1))
    for other in (ClippedSpikes.solve(normal, right), np.round(a), np.full_like(a, 0.5), np.zeros_like(a)):
        assert np.all(best <= value(normal, right, other) + size)


@given(SYSTEMS, st.booleans())
def test_box_in_single_precision(drawn, given_start):
    normal, right = (x.astype(np.float32) for x in drawn)
    start = np.full_like(right, 0.5) if given_start or np.linalg.cond(normal) > 1e6 else None
    a = BoxSpikes.solve(normal, right, start)
    assert a.dtype == np.float32 and a.min() >= 0 and a.max() <= 1
    assert kkt(normal.astype(np.float64), right.astype(np.float64), a) < 1e-4


@given(st.integers(0, 10**6), st.integers(1, 4), st.floats(-6, 2).map(lambda x: 10**x))
def test_box_is_the_least_of_all_faces(seed, n, ratio):
    normal, right = system(seed, n, 3, readers=2, ratio=ratio)
    best = np.full(len(right), np.inf)
    for face in product((0.0, 1.0, None), repeat=n):
        inside = np.array([f is None for f in face])
        a = np.tile(np.array([f or 0.0 for f in face]), (len(right), 1))
        rest = right[:, inside] - a[:, ~inside] @ normal[np.ix_(~inside, inside)]
        a[:, inside] = np.linalg.solve(normal[np.ix_(inside, inside)], rest.T).T
        feasible = ((a >= 0) & (a <= 1)).all(1)
        best = np.where(feasible, np.minimum(best, value(normal, right, a)), best)
    got = value(normal, right, BoxSpikes.solve(normal, right))
    assert np.all(got <= best + 1e-9 * (np.abs(best) + np.abs(normal).sum()))


@given(SYSTEMS, st.integers(0, 10**6))
def test_box_does_not_depend_on_where_it_starts(drawn, seed):
    normal, right = drawn
    start = np.random.default_rng(seed).normal(0.5, 2, right.shape)
    first, second = BoxSpikes.solve(normal, right), BoxSpikes.solve(normal, right, start)
    size = np.abs(normal).sum() + np.abs(right).sum()
    assert np.abs(value(normal, right, first) - value(normal, right, second)).max() < 1e-10 * size


@pytest.mark.parametrize("ratio", [1.0, 1e-2, 1e-6, 1e-12])
@pytest.mark.parametrize("readers", [5, 30, 90])
def test_box_at_full_size_in_several_batches(ratio, readers, monkeypatch):
    monkeypatch.setattr(box_faces, "ENTRIES", 1 << 16)
    monkeypatch.setattr(box_spikes, "COLUMNS", 150)
    normal, right = system(0, 40, 320, readers, ratio)
    a = BoxSpikes.solve(normal, right.reshape(8, 40, 40))
    assert a.shape == (8, 40, 40)
    assert kkt(normal, right, a.reshape(-1, 40)) < 1e-10
    assert np.all(
        value(normal, right, a.reshape(-1, 40)) <= value(normal, right, ClippedSpikes.solve(normal, right)) + 1e-9
    )


@pytest.mark.parametrize("ratio", [1e-6, 1.0])
def test_box_at_degenerate_ties(ratio):
    """Minimisers in corners and on edges, with a gradient of zero there; neurons that are read alike."""
    normal, _ = system(1, 6, 1, readers=4, ratio=ratio)
    wanted = np.array(list(product((0.0, 0.5, 1.0), repeat=6)))
    assert (
        np.abs(
            value(normal, wanted @ normal, BoxSpikes.solve(normal, wanted @ normal))
            - value(normal, wanted @ normal, wanted)
        ).max()
        < 1e-9
    )
    alike = np.ones((5, 5)) + ratio * np.eye(5)
    right = np.array([[0.0] * 5, [2.5] * 5, [5.0 + ratio] * 5, [1, 1, 2, 2, 0.5], [9.0] * 5, [-1.0] * 5])
    a = BoxSpikes.solve(alike, right)
    assert kkt(alike, right, a) < 1e-10
    assert np.array_equal(a[[0, 4, 5]], np.repeat([[0.0], [1.0], [0.0]], 5, axis=1))


@given(SYSTEMS)
def test_free_solves_its_equations_in_any_shape(drawn):
    normal, right = drawn
    a = FreeSpikes.solve(normal, right)
    assert np.abs(a @ normal - right).max() <= 1e-9 * max(1.0, float(np.abs(a).max())) * np.abs(normal).sum()
    assert np.array_equal(FreeSpikes.solve(normal, right[:, None]), a[:, None])
    assert np.array_equal(FreeSpikes.solve(normal, right[0]), FreeSpikes.solve(normal, right[:1])[0])
    assert BoxSpikes.solve(normal, right[0]).shape == ClippedSpikes.solve(normal, right[0]).shape == right[0].shape


def test_free_and_clipped_keep_single_precision():
    for n in (20, 200):
        normal, right = (x.astype(np.float32) for x in system(0, n, 7))
        for rule in (FreeSpikes, ClippedSpikes):
            assert rule.solve(normal, right).dtype == np.float32
        assert np.allclose(FreeSpikes.solve(normal, right) @ normal, right, atol=1e-2)


@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)),
    penalties=st.tuples(*[st.floats(-3, 3).map(lambda x: 10**x)] * 3),
    lag=st.integers(0, 3),
)
def test_trace_solves_its_equations(seed, shape, penalties, lag):
    rng, (steps, samples, n, rows) = np.random.default_rng(seed), shape
    w, decays = rng.normal(size=(rows, n)), rng.uniform(0.3, 1.0, 2)
    at = np.arange(steps)[:, None] - np.arange(steps)
    K, E = (np.where(at >= d, b ** np.maximum(at - d, 0), 0.0) for b, d in zip(decays, (lag, 1), strict=True))
    right, (rho, own, sigma) = rng.normal(size=(steps, samples, n)), penalties
    modes = TraceSpikes.prepare(w.T @ w, K, -E, rho, own, sigma)
    a = TraceSpikes.solve(modes, right)
    assert a.shape == right.shape and a.dtype == np.float64
    assert sum(part.size for part in modes) == steps**2 + n**2 + steps * n
    back = sigma * a + np.tensordot(own * E.T @ E, a, 1) + np.tensordot(rho * K.T @ K, a @ (w.T @ w), 1)
    most = sigma + own * np.abs(E).sum() ** 2 + rho * np.abs(K).sum() ** 2 * np.sum(w**2)
    assert np.abs(back - right).max() <= 1e-11 * max(1.0, most * float(np.abs(a).max()))
    single = TraceSpikes.solve(
        TraceSpikes.prepare((w.T @ w).astype(np.float32), K, E, *penalties), right.astype(np.float32)
    )
    assert single.dtype == np.float32
    assert np.abs(single - a).max() <= 1e-5 * most / sigma * max(1.0, float(np.abs(a).max()))


def test_trace_without_readers_or_reset_is_the_target():
    right, zeros = np.ones((4, 2, 3)), np.zeros((4, 4))
    modes = TraceSpikes.prepare(np.zeros((3, 3)), zeros, zeros, 0.0, 0.0, 2.0)
    assert np.allclose(TraceSpikes.solve(modes, right), 0.5)


# --------------------------------------------------------------------------------------------------- the bridge


def test_box_least_squares_meets_its_own_optimality_conditions():
    rng = np.random.default_rng(0)
    for rows, k, m in ((1, 1, 1), (17, 5, 3), (40, 9, 2)):
        a, b, linear = rng.normal(size=(rows, k)), rng.normal(size=(rows, m)), rng.normal(size=(k, m))
        x = box_least_squares(a, b, linear)
        gradient = a.T @ (a @ x - b) + linear
        assert x.shape == (k, m) and x.min() >= 0 and x.max() <= 1
        assert np.abs(x - np.clip(x - gradient, 0, 1)).max() < 1e-6


def test_box_least_squares_says_when_it_fails():
    with pytest.raises((ConvexSolverError, ValueError)):
        box_least_squares(np.full((1, 1), np.nan), np.zeros((1, 1)), np.zeros((1, 1)))
