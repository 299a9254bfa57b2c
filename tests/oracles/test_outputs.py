"""Closed forms of output blocks against CVXPY, and wrong ones that must be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import snnopt as so
from snnopt.blocks import LOSS_FUNCTIONS, ClosedForm, LossFunction
from snnopt.blocks.losses.cross_entropy import CrossEntropyFunction
from snnopt.blocks.losses.hinge import HingeFunction
from snnopt.blocks.losses.squared_error import SquaredErrorFunction
from snnopt.blocks.output_chain import OutputChain
from snnopt.blocks.output_step import OutputStep
from snnopt.blocks.published_output_step import PublishedOutputStep
from snnopt.cvx_bridge import ConvexSolverError
from snnopt.cvx_bridge import judged_least_squares as bridge
from snnopt.cvx_bridge.judged_least_squares import judged_least_squares
from snnopt.lower import lower
from snnopt.oracles import Extreme, Oracle, Verdict, judge
from snnopt.oracles import judged as judged_module
from snnopt.oracles.judged import Judged
from snnopt.oracles.losses import EXACT
from snnopt.oracles.oracle import ORDINARY
from snnopt.oracles.output_chain import OutputChainOracle
from snnopt.oracles.output_step import OutputStepOracle
from snnopt.split import Block, Form, Order, split_kept

Array = np.ndarray

LOSSES: dict[str, Any] = {"cross_entropy": so.CrossEntropy, "squared_error": so.SquaredError, "hinge": so.Hinge}
OVERS: dict[str, Any] = {"mean": "mean", "last": "last", "window": so.Window(2), "max": "max"}
WAYS: tuple[tuple[Form, Order], ...] = (("trace", "together"), ("difference", "together"), ("difference", "one"))
TRIALS = 15


@lru_cache
def block(kind: str, over: str, form: Form, order: Order) -> Block:
    x = so.Input(3, name="x")
    h = so.LIF(beta=0.9, name="h")(so.Dense(4)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h))
    program = lower(so.Problem(so.Network(x, y), 0.5 * LOSSES[kind](y, over=OVERS[over])))
    return next(b for b in split_kept(program, form, order) if b.kind == "outputs")


def oracle_of(b: Block) -> Oracle:
    return next(o for o in (OutputChainOracle(), OutputStepOracle()) if o.matches(b) is None)


def verdicts(b: Block, rule: type[ClosedForm], seed: int) -> Iterator[tuple[str, Verdict]]:
    """Of random instances, and of every extreme."""
    oracle = oracle_of(b)
    for k, extreme in enumerate((*[ORDINARY] * TRIALS, *oracle.extremes)):
        yield f"{extreme.name} {k}", judge(oracle.draw(b, np.random.default_rng([seed, k]), extreme), rule)


def caught(b: Block, rule: type[ClosedForm]) -> bool:
    """Whether some instance shows that the rule is wrong."""
    return any(not v.passed for _, v in verdicts(b, rule, seed=2))


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
@pytest.mark.parametrize("over", OVERS)
@pytest.mark.parametrize("kind", LOSSES)
def test_closed_forms_agree_with_their_oracle(kind, over, way):
    rule = OutputChain if way[1] == "together" else OutputStep
    assert rule.matches(block(kind, over, *way)) is None
    wrong = {k: v for k, v in verdicts(block(kind, over, *way), rule, seed=1) if not v.passed}
    assert not wrong


def test_rules_and_oracles_tell_blocks_apart():
    chain, step = block("hinge", "mean", "difference", "together"), block("hinge", "mean", "difference", "one")
    hidden = next(b for b in split_kept(lower(_two_layers()), "difference") if b.kind == "spikes")
    for rule in (OutputChain, OutputStep, PublishedOutputStep):
        assert rule.matches(hidden) == "it solves outputs, not spikes"
        assert rule.matches(replace(step, order=step.order, terms=(*step.terms, *step.terms))) is not None
    assert "one after the other" in str(OutputChain.matches(step))
    assert "together" in str(OutputStep.matches(chain))
    assert "trace" in str(OutputStep.matches(replace(step, form="trace")))
    last = block("squared_error", "last", "difference", "one")
    asked = [
        replace(b, published=True, at="last") for b in (step, block("squared_error", "mean", "difference", "one"), last)
    ]
    assert ["squared error" in str(PublishedOutputStep.matches(b)) for b in asked] == [True, True, False]
    assert "last step" in str(PublishedOutputStep.matches(replace(last, published=True, at="before last")))
    assert PublishedOutputStep.matches(asked[-1]) is None and "as published" in str(OutputStep.matches(asked[-1]))
    assert OutputStep.matches(last) is None and "exact" in str(PublishedOutputStep.matches(last))
    strange = replace(chain, terms=(replace(chain.terms[0], kind="strange"),))
    assert "no closed form for strange" in str(OutputChain.matches(strange))
    assert "no definition of strange" in str(OutputChainOracle().matches(strange))
    assert "2 losses" in str(OutputChainOracle().matches(replace(chain, terms=chain.terms * 2)))


def _two_layers() -> so.Problem:
    x = so.Input(3, name="x")
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(so.LIF(beta=0.9, name="h")(so.Dense(4)(x))))
    return so.Problem(so.Network(x, y), so.SquaredError(y))


# ---- planted errors: formulas


def chain(
    drive, beta, omega, rho, loss, scale, target,
    *, profile=lambda p: p, square=lambda p: (p**2).sum(0), weight=lambda rho, s: rho / s,
    move=lambda p, gap, s: p * gap / s, run=lambda v, beta: forward(v, beta),
):  # fmt: skip
    """The closed form, with parts to replace."""
    p = profile(profile_of(drive, beta, omega))
    s, mbar = square(p), (p * drive).sum(0)
    m = loss.prox(mbar, target, weight(rho, s), scale)
    return run(drive + move(p, m - mbar, s), beta)


def profile_of(drive: Array, beta: Array, omega: Array) -> Array:
    omega = omega[:, None, None] if omega.ndim == 1 else omega
    lags = np.arange(len(drive))
    return np.stack([sum(omega[u] * beta ** (u - t) for u in lags if u >= t) + 0 * drive[t] for t in lags])


def forward(v: Array, beta: Array) -> Array:
    v = v.copy()
    for t in range(1, len(v)):
        v[t] += beta * v[t - 1]
    return v


def chain_with(**parts: Callable[..., Any]) -> type[ClosedForm]:
    return type("WrongChain", (OutputChain,), {"solve": staticmethod(lambda *a: chain(*a, **parts))})


def chain_given(change: Callable[..., tuple]) -> type[ClosedForm]:
    """The closed form, given other arguments than it should be."""
    return type("WrongChain", (OutputChain,), {"solve": staticmethod(lambda *a: OutputChain.solve(*change(*a)))})


def test_the_closed_form_with_no_part_replaced_passes():
    assert not caught(block("cross_entropy", "mean", "difference", "together"), chain_with())
    assert not caught(block("cross_entropy", "mean", "difference", "one"), step_with())


WRONG_CHAINS: dict[str, type[ClosedForm]] = {
    "S without square": chain_with(square=lambda p: p.sum(0)),
    "S over one step only": chain_with(square=lambda p: p[-1] ** 2),
    "profile reversed in time": chain_with(profile=lambda p: p[::-1]),
    "profile without decay": chain_with(profile=lambda p: (p > 0) / (p > 0).sum(0)),
    "prox weight inverted": chain_with(weight=lambda rho, s: s / rho),
    "rho left out": chain_with(weight=lambda rho, s: 1 / s),
    "rho for rho/2": chain_with(weight=lambda rho, s: 2 * rho / s),
    "S left out of the weight": chain_with(weight=lambda rho, s: rho),
    "one weight for all units": chain_with(weight=lambda rho, s: rho / s.mean()),
    "S left out of the move": chain_with(move=lambda p, gap, s: p * gap),
    "the move's sign": chain_with(move=lambda p, gap, s: -p * gap / s),
    "the same move at every step": chain_with(move=lambda p, gap, s: gap / p.sum(0) + 0 * p),
    "not run forward": chain_with(run=lambda v, beta: v),
    "run forward one step only": chain_with(run=lambda v, beta: v + beta * np.concatenate([0 * v[:1], v[:-1]])),
    "loss scale dropped": chain_given(lambda h, b, o, rho, loss, s, y: (h, b, o, rho, loss, 1.0, y)),
    "label off by one": chain_given(
        lambda h, b, o, rho, loss, s, y: (h, b, o, rho, loss, s, (y + 1) % h.shape[2] if y.ndim == 1 else y + 1)
    ),
    "beta forgotten": chain_given(lambda h, b, *rest: (h, 0 * b, *rest)),
    "one beta for all units": chain_given(lambda h, b, *rest: (h, b[:1], *rest)),
    "omega not a mean": chain_given(lambda h, b, o, *rest: (h, b, o / o.sum(0) * len(o), *rest)),
    "the last step for the window": chain_given(lambda h, b, o, *rest: (h, b, np.eye(len(h))[-1], *rest)),
    "the dual's sign, as on the whole drive": chain_given(lambda h, *rest: (-h, *rest)),
    "single precision": type(
        "WrongChain", (OutputChain,), {"solve": staticmethod(lambda *a: OutputChain.solve(*a).astype(np.float32))}
    ),
    "one part in ten thousand": type(
        "WrongChain", (OutputChain,), {"solve": staticmethod(lambda *a: 1.0001 * OutputChain.solve(*a))}
    ),
}


@pytest.mark.parametrize("error", WRONG_CHAINS)
@pytest.mark.parametrize("kind", LOSSES)
def test_wrong_chain_is_caught(kind, error):
    assert caught(block(kind, "mean", "difference", "together"), WRONG_CHAINS[error])


def step(
    drive, later, previous, following, rest, omega, beta, rho, loss, scale, target,
    *, last=lambda rho, beta: rho, bend=lambda beta: 1 + beta**2, by=lambda omega: omega**2,
    back=lambda m, rest, omega: (m - rest) / omega,
):  # fmt: skip
    """The closed form of one step, with parts to replace."""
    q, c = drive + (0 if previous is None else beta * previous), last(rho, beta) + 0 * drive
    if following is not None:
        q, c = (q + beta * (following - later)) / (1 + beta**2), rho * bend(beta) + 0 * drive
    seen = np.broadcast_to(np.asarray(omega) != 0, q.shape)
    safe = np.where(seen, omega, 1.0)
    m = loss.prox(rest + omega * q, target, np.where(seen, c / by(safe), np.inf), scale)
    return np.where(seen, back(m, rest, safe), q)


def step_with(**parts: Callable[..., Any]) -> type[ClosedForm]:
    return type("WrongStep", (OutputStep,), {"solve": staticmethod(lambda *a: step(*a, **parts))})


def step_given(**change: Callable[..., Any]) -> type[ClosedForm]:
    names = ["drive", "later", "previous", "following", "rest", "omega", "beta", "rho", "loss", "scale", "target"]

    def solve(*given):
        numbers = dict(zip(names, given, strict=True))
        return OutputStep.solve(*(numbers | {k: f(numbers) for k, f in change.items()}).values())

    return type("WrongStep", (OutputStep,), {"solve": staticmethod(solve)})


def or_none(x: Array | None, f: Callable[[Array], Array]) -> Array | None:
    return None if x is None else f(x)


WRONG_STEPS: dict[str, type[ClosedForm]] = {
    "rho misplaced at T": step_with(last=lambda rho, beta: rho * (1 + beta**2)),
    "rho left out at T": step_with(last=lambda rho, beta: 1.0),
    "curvature without beta squared": step_with(bend=lambda beta: 1.0),
    "curvature with beta for its square": step_with(bend=lambda beta: 1 + beta),
    "omega without square": step_with(by=lambda omega: omega),
    "omega inverted": step_with(by=lambda omega: omega**-2),
    "not divided by omega": step_with(back=lambda m, rest, omega: m - rest),
    "rest left in": step_with(back=lambda m, rest, omega: m / omega),
    "rest forgotten": step_given(rest=lambda a: 0 * a["rest"]),
    "the step after ignored": step_given(later=lambda a: None, following=lambda a: None),
    "the step after's drive forgotten": step_given(later=lambda a: or_none(a["later"], lambda h: 0 * h)),
    "the step after's drive, its sign": step_given(later=lambda a: or_none(a["later"], lambda h: -h)),
    "the step before ignored": step_given(previous=lambda a: None),
    "beta forgotten": step_given(beta=lambda a: 0 * a["beta"]),
    "loss scale dropped": step_given(scale=lambda a: 1.0),
    "loss ignored": step_given(scale=lambda a: 1e-12),
    "rho for rho/2": step_given(rho=lambda a: 2 * a["rho"]),
}


@pytest.mark.parametrize("error", WRONG_STEPS)
@pytest.mark.parametrize("kind", LOSSES)
def test_wrong_step_is_caught(kind, error):
    assert caught(block(kind, "mean", "difference", "one"), WRONG_STEPS[error])


def published_block() -> Block:
    return replace(block("squared_error", "last", "difference", "one"), published=True, at="last")


def published(rule: type[ClosedForm] = PublishedOutputStep, **fixed: float) -> list[Verdict]:
    b, oracle, extreme = published_block(), OutputStepOracle(), Extreme("last step", fixed)
    cases = [oracle.draw(b, np.random.default_rng(k), extreme) for k in range(40)]
    return [judge(c, rule) for c in cases if c.taken[c.step].all()]


def test_the_published_last_step_is_the_minimiser_only_where_rho_is_one():
    assert all(v.passed for v in published(rho=1.0))
    for rho in (0.9, 1.1, 1e-6, 1e6):
        found = published(rho=rho)
        assert len(found) > 20 and not any(v.passed for v in found)
    assert caught(published_block(), PublishedOutputStep)


WRONG_PUBLISHED: dict[str, Callable[..., Array]] = {
    "the multiplier's sign": lambda q, y, s, t: PublishedOutputStep.solve(q, -y, s, t),
    "the multiplier forgotten": lambda q, y, s, t: PublishedOutputStep.solve(q, 0 * y, s, t),
    "scale dropped": lambda q, y, s, t: PublishedOutputStep.solve(q, y, 1.0, t),
}


@pytest.mark.parametrize("error", WRONG_PUBLISHED)
def test_wrong_published_step_is_caught(error):
    wrong = type("WrongStep", (PublishedOutputStep,), {"solve": staticmethod(WRONG_PUBLISHED[error])})
    assert not all(v.passed for v in published(wrong, rho=1.0))


# ---- planted errors: proxes

entropy, hinge, squares = CrossEntropyFunction().prox, HingeFunction().prox, SquaredErrorFunction().prox


def loss_with(base: type[LossFunction], prox: Callable[..., Array]) -> LossFunction:
    return type(f"Wrong{base.__name__}", (base,), {"prox": staticmethod(prox)})()


def newton_once(z: Array, y: Array, w: Array, s: float) -> Array:
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return z - s * (p - np.eye(z.shape[1])[y]) / (s * p * (1 - p) + w)


def onto_zero_hinge(z: Array, y: Array, w: Array, s: float) -> Array:
    return hinge(z, y, w, 1e12)


WRONG_PROXES: dict[str, tuple[str, LossFunction]] = {
    "cross-entropy, one Newton step": ("cross_entropy", loss_with(CrossEntropyFunction, newton_once)),
    "cross-entropy, mean weight": (
        "cross_entropy",
        loss_with(CrossEntropyFunction, lambda z, y, w, s: entropy(z, y, np.mean(w, -1, keepdims=True), s)),
    ),
    "cross-entropy, weight doubled": (
        "cross_entropy",
        loss_with(CrossEntropyFunction, lambda z, y, w, s: entropy(z, y, 2 * w, s)),
    ),
    "cross-entropy, label off by one": (
        "cross_entropy",
        loss_with(CrossEntropyFunction, lambda z, y, w, s: entropy(z, (y + 1) % z.shape[1], w, s)),
    ),
    "squared error, scale for its root": (
        "squared_error",
        loss_with(SquaredErrorFunction, lambda z, y, w, s: squares(z, y, w, np.sqrt(s))),
    ),
    "squared error, the target itself": (
        "squared_error",
        loss_with(SquaredErrorFunction, lambda z, y, w, s: squares(z, y, 1e-9 * w, s)),
    ),
    "hinge, multipliers without bound": ("hinge", loss_with(HingeFunction, onto_zero_hinge)),
    "hinge, its envelope's prox": (
        "hinge",
        loss_with(HingeFunction, lambda z, y, w, s: hinge(z, y, 1 / (1 / w + 0.25 / s), s)),
    ),
    "hinge, margin of two": (
        "hinge",
        loss_with(HingeFunction, lambda z, y, w, s: 2 * hinge(z / 2, y, w, s / 2)),
    ),
    "hinge, mean weight": (
        "hinge",
        loss_with(HingeFunction, lambda z, y, w, s: hinge(z, y, np.mean(w, -1, keepdims=True), s)),
    ),
    "hinge, the label left where it was": (
        "hinge",
        loss_with(HingeFunction, lambda z, y, w, s: np.where(np.eye(z.shape[1])[y] > 0, z, hinge(z, y, w, s))),
    ),
}


@pytest.mark.parametrize("error", WRONG_PROXES)
def test_wrong_prox_is_caught(error, monkeypatch):
    kind, wrong = WRONG_PROXES[error]
    monkeypatch.setitem(LOSS_FUNCTIONS, kind, wrong)
    assert caught(block(kind, "mean", "difference", "together"), OutputChain)


# ---- the oracle itself


def one_sample(kind: str, seed: int) -> Judged:
    b = block(kind, "mean", "difference", "together")
    return OutputChainOracle().draw(b, np.random.default_rng(seed), ORDINARY).sample(0)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_answer_is_no_worse_than_anything_near_it(kind):
    for seed in range(20):
        case, rng = one_sample(kind, seed), np.random.default_rng(seed)
        best = case.solution()
        assert case.value(best) <= case.value(case.free) * (1 + 1e-12)
        for size in (1e-6, 1e-3, 1.0):
            other = best + size * rng.normal(size=best.shape)
            away = float(((case.a @ (other - best)) ** 2).sum()) / 2
            assert case.value(other) >= case.value(best) + away - 1e-9 * (1 + case.value(best) + away)


@pytest.mark.parametrize("kind", LOSSES)
def test_an_answer_that_the_bound_does_not_certify_is_no_answer(kind, monkeypatch):
    monkeypatch.setattr(judged_module, "CERTIFIED", -1e-9)
    with pytest.raises(ConvexSolverError, match="above the minimum"):
        one_sample(kind, 0).solution()


def test_cvxpy_alone_comes_close():
    for kind in LOSSES:
        for seed in range(5):
            case = one_sample(kind, seed)
            root = np.sqrt(case.scale)
            move = judged_least_squares(kind, case.target, case.maps, case.seen(case.free)[0], case.a / root)
            assert abs(case.excess(case.free + move, case.solution())) < 1e-5


def test_a_solver_that_gives_up_is_named(monkeypatch):
    monkeypatch.setattr(bridge, "solve_tightly", lambda problem, tolerances: "solver_error")
    with pytest.raises(ConvexSolverError, match="Clarabel: solver_error"):
        one_sample("hinge", 0).solution()
    with pytest.raises(ValueError, match="no atoms for strange"):
        judged_least_squares("strange", 0, np.eye(2), np.zeros(2), np.eye(2))


# ---- properties

seeds, decades = st.integers(0, 2**20), st.floats(-6, 6)


@given(seeds, st.sampled_from(sorted(LOSSES)), decades, decades, st.booleans())
def test_one_step_at_a_time_ends_where_the_chain_does(seed, kind, log_rho, log_scale, alike):
    rng, loss = np.random.default_rng(seed), LOSS_FUNCTIONS[kind]
    h, beta = rng.normal(size=(1, 3, 4)), rng.uniform(0, 1, 4)
    omega, y = np.ones(1) if alike else np.ones((1, 3, 4)), rng.integers(0, 4, 3)
    rho, scale = 10**log_rho, 10**log_scale
    together = OutputChain.solve(h, beta, omega, rho, loss, scale, y)
    alone = OutputStep.solve(h[0], None, None, None, 0 * h[0], omega[0], beta, rho, loss, scale, y)
    np.testing.assert_allclose(alone, together[0], rtol=1e-10, atol=1e-10)


@settings(max_examples=10)
@given(seeds, st.sampled_from(["cross_entropy", "squared_error"]))
def test_sweeps_of_steps_converge_to_the_chain(seed, kind):
    rng, loss = np.random.default_rng(seed), LOSS_FUNCTIONS[kind]
    h, beta, y = rng.normal(size=(4, 2, 3)), rng.uniform(0, 0.7, 3), rng.integers(0, 3, 2)
    omega = rng.dirichlet(np.ones(4))
    chain_, v = OutputChain.solve(h, beta, omega, 1.3, loss, 0.8, y), np.zeros_like(h)
    for _ in range(80):
        for t in range(4):
            rest = np.tensordot(omega, v, (0, 0)) - omega[t] * v[t]
            after = (h[t + 1], v[t + 1]) if t < 3 else (None, None)
            before = v[t - 1] if t else None
            v[t] = OutputStep.solve(h[t], after[0], before, after[1], rest, omega[t], beta, 1.3, loss, 0.8, y)
    np.testing.assert_allclose(v, chain_, rtol=1e-6, atol=1e-6)


@given(seeds, st.sampled_from(sorted(LOSSES)), st.floats(-3, 3), st.floats(-3, 3), st.sampled_from(["mean", "peak"]))
def test_single_precision_stays_single_and_near(seed, kind, log_rho, log_scale, over):
    rng, loss = np.random.default_rng(seed), LOSS_FUNCTIONS[kind]
    h, y, omega = rng.normal(size=(5, 3, 4)), rng.integers(0, 4, 3), np.full(5, 0.2)
    if over == "peak":
        omega = (np.arange(5)[:, None, None] == rng.integers(0, 5, (3, 4))).astype(float)
    rho, scale = 10**log_rho, np.float64(10**log_scale)
    whole = OutputChain.solve(h, 0.9, omega, rho, loss, scale, y)
    half = OutputChain.solve(h.astype(np.float32), np.float64(0.9), omega, rho, loss, scale, y)
    assert half.dtype == np.float32
    assert np.abs(half - whole).max() <= 1e-3 * (1 + np.abs(whole).max())
    before, now, after = h[1].astype(np.float32), h[2].astype(np.float32), h[3].astype(np.float32)
    v = OutputStep.solve(now, after, before, after, 0 * now, omega[2], 0.9, rho, loss, scale, y)
    assert v.dtype == np.float32 and np.isfinite(v).all()
    q = PublishedOutputStep.solve(now, before, scale, y)
    assert q.dtype == np.float32


@given(seeds, st.sampled_from(sorted(LOSSES)), decades)
def test_the_chain_has_one_scale_of_everything(seed, kind, log_factor):
    """Multiplying rho and scale by one number leaves the minimiser; arguments are not written into."""
    rng, loss, factor = np.random.default_rng(seed), LOSS_FUNCTIONS[kind], 10**log_factor
    h, omega, y = rng.normal(size=(3, 2, 3)), np.full(3, 1 / 3), rng.integers(0, 3, 2)
    h.setflags(write=False)
    v = OutputChain.solve(h, 0.8, omega, 0.7, loss, 1.7, y)
    w = OutputChain.solve(h, 0.8, omega, 0.7 * factor, loss, 1.7 * factor, y)
    np.testing.assert_allclose(v, w, rtol=1e-9, atol=1e-9)
    free = forward(h, np.full(3, 0.8))
    before, after = (EXACT[kind](np.tensordot(omega, x, (0, 0)), y) for x in (free, v))
    assert (after <= before + 1e-12).all()
