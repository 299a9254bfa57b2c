"""Closed forms of potentials in difference form against their oracles, and wrong ones planted on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import snnopt as so
from snnopt.blocks import ClosedForm, chain_step, contacts
from snnopt.blocks.chain_step import ChainStep
from snnopt.blocks.coloured_steps import ColouredSteps
from snnopt.blocks.one_step import OneStep
from snnopt.lower import lower
from snnopt.oracles import Case, Oracle, judge
from snnopt.oracles.chain_step import Chain, ChainStepCase, ChainStepOracle
from snnopt.oracles.coloured_steps import ColouredStepsOracle
from snnopt.oracles.one_step import OneStepOracle
from snnopt.oracles.oracle import ORDINARY
from snnopt.oracles.shrink import as_python, shrink
from snnopt.program import Term
from snnopt.split import Block, Form, Order, split_kept

Array = np.ndarray[Any, Any]
TRIALS = 12
ORACLES: dict[type[ClosedForm], Oracle] = {
    OneStep: OneStepOracle(),
    ColouredSteps: ColouredStepsOracle(),
    ChainStep: ChainStepOracle(),
}
ORDERS: tuple[Order, ...] = ("one", "coloured", "together")
FORMS: tuple[Form, ...] = ("difference", "trace")


def kept(form: Form, order: Order) -> tuple[Block, ...]:
    """All blocks of a layer that resets and one that does not."""
    x = so.Input(3, name="x")
    h = so.LIF(beta=0.9, name="h")(so.Dense(4)(x))
    g = so.LIF(beta=0.8, name="g", reset_mechanism="none")(so.Dense(5)(h))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(g))
    return split_kept(lower(so.Problem(so.Network(x, y), so.CrossEntropy(y))), form, order)


def matched(rule: type[ClosedForm]) -> list[Block]:
    """Blocks that a rule, or the rule it is a wrong copy of, solves."""
    return [b for form in FORMS for order in ORDERS for b in kept(form, order) if rule.matches(b) is None]


def cases(rule: type[ClosedForm], seed: int, trials: int = TRIALS) -> Iterator[tuple[str, Case]]:
    """Every extreme and some ordinary instances of every block that the rule solves."""
    oracle = next(o for right, o in ORACLES.items() if issubclass(rule, right))
    for k, block in enumerate(matched(rule)):
        rng = np.random.default_rng([seed, k])
        for extreme in (*oracle.extremes, *[ORDINARY] * trials):
            yield f"{block.name}, {block.form}, {extreme.name}", oracle.draw(block, rng, extreme)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rule", ORACLES, ids=lambda r: r.__name__)
def test_rules_agree_with_their_oracles(rule, seed):
    wrong = {title: verdict for title, case in cases(rule, seed) if not (verdict := judge(case, rule)).passed}
    assert not wrong


@pytest.mark.parametrize("rule", ORACLES, ids=lambda r: r.__name__)
def test_rules_and_oracles_know_the_same_blocks(rule):
    found = 0
    for form in FORMS:
        for order in ORDERS:
            for block in kept(form, order):
                reason = rule.matches(block)
                if block.kind != "potentials":
                    assert reason == f"it solves potentials, not {block.kind}"
                    assert ORACLES[rule].matches(block)
                elif reason is None:
                    assert ORACLES[rule].matches(block) is None
                    found += 1
    assert found == (4 if rule is ChainStep else 2)


@pytest.mark.parametrize("rule", ORACLES, ids=lambda r: r.__name__)
def test_other_steps_and_terms_are_declined(rule):
    block = matched(rule)[0]
    assert rule.matches(replace(block, step="dithered"))
    held = replace(block, terms=(Term("box", "constraint", "h", ("h.potential",)),))
    assert rule.matches(held) == "it has no closed form for box(h)"
    assert "box" in str(ORACLES[rule].matches(held))


# Wrong formulas. The first two rules are planted through their arguments or written out again; the chain through a plain
# shortest path, one chain and one edge after the other, with a switch for each error.

one: Callable[..., Any] = OneStep.solve
half: Callable[..., Any] = ColouredSteps.solve
whole: Callable[..., Any] = ChainStep.solve


def planted(base: type[ClosedForm], solve: Callable[..., Any]) -> type[ClosedForm]:
    return type(f"Wrong{base.__name__}", (base,), {"solve": staticmethod(solve)})


def cheaper(q, c, b, sigma, theta, above=None):
    """Both branches of one step, the cheaper taken."""
    above = np.nextafter(theta, np.inf) if above is None else above
    silent, active = np.minimum(q, theta), np.where(q > theta, q, above)
    costs = [c / 2 * (v - q) ** 2 + sigma / 2 * (b - side) ** 2 for side, v in enumerate((silent, active))]
    return np.where(costs[1] < costs[0], active, silent)


def written_out(h, later, before, after, b, beta, rho, sigma, theta, *, last=True, c=None, q=None, above=None):
    """The rule with another curvature or free minimiser; ``last``: whether the last step is told from the others."""
    here = h if before is None else h + beta * before
    if after is None and last:
        return cheaper(here, rho, b, sigma, theta, above)
    ahead = np.zeros_like(h) if after is None else after - later
    free = (here + beta * ahead) / (1 + beta**2) if q is None else q(here, ahead, beta)
    return cheaper(free, rho * (1 + beta**2) if c is None else c(rho, beta), b, sigma, theta, above)


WRONG_STEPS: dict[str, Callable[..., Any]] = {
    "T treated as any other step": lambda *a: written_out(*a, last=False),
    "curvature at T with beta^2": lambda h, la, p, f, b, be, r, s, th: one(
        h, la, p, f, b, be, r * (1 + be**2) if f is None else r, s, th
    ),
    "beta^2 missing in the curvature": lambda *a: written_out(*a, c=lambda rho, beta: rho),
    "free minimiser not divided by 1 + beta^2": lambda *a: written_out(*a, q=lambda x, m, beta: x + beta * m),
    "beta missing before m": lambda *a: written_out(*a, q=lambda x, m, beta: (x + m) / (1 + beta**2)),
    "m with the wrong sign": lambda *a: written_out(*a, q=lambda x, m, beta: (x - beta * m) / (1 + beta**2)),
    "the step after ignored": lambda h, la, p, f, *rest: one(h, None, p, None, *rest),
    "stale h[t+1]": lambda h, la, p, f, *rest: one(h, None if la is None else h, p, f, *rest),
    "reset left out of h[t+1]": lambda h, la, p, f, b, be, r, s, th: one(
        h, None if la is None else la + th * (b > 0.5), p, f, b, be, r, s, th
    ),
    "h[t+1] with the wrong sign": lambda h, la, p, f, *rest: one(h, None if la is None else -la, p, f, *rest),
    "the step before ignored": lambda h, la, p, *rest: one(h, la, None, *rest),
    "theta itself spikes": lambda *a: written_out(*a, above=a[-1]),
    "lands 1e-3 above theta": lambda *a: written_out(*a, above=a[-1] + 1e-3),
    "sigma for sigma/2": lambda *a: one(*a[:7], 2 * a[7], a[8]),
    "rho left out": lambda *a: one(*a[:6], 1.0, *a[7:]),
    "always the cheap side": lambda *a: one(*a[:7], 1e9 * (1 + a[6]), a[8]),
    "never moved": lambda *a: one(*a[:7], 0.0, a[8]),
    "target mirrored": lambda *a: one(*a[:4], 1 - a[4], *a[5:]),
    "target cut to 0 and 1": lambda *a: one(*a[:4], np.clip(a[4], 0, 1), *a[5:]),
}


def in_order(v, h, b, beta, rho, sigma, theta, parity):
    """All steps, each reading those renewed before it."""
    v = v.copy()
    for t in range(len(v)):
        v[t] = half(v, h, b, beta, rho, sigma, theta, t % 2)[t]
    return v


def wrapped(v, h, b, beta, rho, sigma, theta, parity):
    """The step after the last is the first, that before the first the last."""
    out, ahead, back = v.copy(), np.roll(v, -1, 0) - np.roll(h, -1, 0), np.roll(v, 1, 0)
    q = (h + beta * back + beta * ahead) / (1 + beta**2)
    out[parity::2] = cheaper(q, rho * (1 + beta**2), b, sigma, theta)[parity::2]
    return out


WRONG_HALVES: dict[str, Callable[..., Any]] = {
    "the other parity": lambda *a: half(*a[:-1], 1 - a[-1]),
    "all steps at once": lambda *a: np.where(
        np.arange(len(a[0]))[:, None, None] % 2 == 0, half(*a[:-1], 0), half(*a[:-1], 1)
    ),
    "all steps in order": in_order,
    "time wrapped around": wrapped,
    "h one step late": lambda v, h, *rest: half(v, np.roll(h, 1, 0), *rest),
    "coloured: sigma for sigma/2": lambda *a: half(*a[:5], 2 * a[5], *a[6:]),
    "nothing done": lambda v, *rest: v.copy(),
    "first step left alone": lambda v, *rest: np.concatenate([v[:1], half(v, *rest)[1:]]),
    "last step left alone": lambda v, *rest: np.concatenate([half(v, *rest)[:-1], v[-1:]]),
}


def shortest_path(chain: Chain, wrong: str = "", longest: int | None = None) -> Array:
    """The plain shortest path over contacts; its v with contacts an ulp above theta where that side is cheaper."""
    h, beta, theta, steps = chain.drive, chain.beta, chain.theta, len(chain.drive)
    costs = np.stack([chain.sigma / 2 * (chain.target - side) ** 2 for side in (0, 1)])
    costs = costs * 2 if wrong == "step cost twice" else costs
    rho, at_contact = chain.rho, costs.min(0)
    at_contact = {
        "contacts always silent": costs[0],
        "contacts pay the dear side": costs.max(0),
        "contacts are free": np.zeros(steps),
    }.get(wrong, at_contact)
    decay = 1.0 if wrong == "beta missing in s" else beta**2 if wrong != "beta for beta^2 in s" else beta

    def run(tau: int) -> Array:
        f = np.zeros(steps)
        v = theta if tau >= 0 or wrong == "starts at theta" else 0.0
        for k in range(tau + 1, steps):
            v = beta * v + (h[k - 1] * (k > 0) if wrong == "h one step late" else h[k])
            f[k] = v
        return f

    def bridge(tau: int, end: int) -> tuple[Array, float]:
        """v at the steps between, and the dynamic cost."""
        f, more = run(tau), {"s counts one more": 1, "s counts one less": -1}.get(wrong, 0)
        s = np.array([sum(decay**j for j in range(m)) for m in range(steps + 3)])
        gap = (theta - f[end]) * (-1 if wrong == "sign of the gap" else 1)
        total = s[max(1, end - tau + more)]
        inner = np.arange(tau + 1, end)
        power = inner - tau if wrong == "bridge runs backwards" else end - inner
        v = f[inner] + gap * beta**power * s[inner - tau] / total
        dynamic = rho / 2 * gap**2 / (1.0 if wrong == "bridge's cost without s" else total)
        return v, 0.0 if wrong == "bridges are free" else dynamic * (2 if wrong == "rho for rho/2" else 1)

    def between(v: Array, first: int) -> float:
        spikes = (v >= theta) if wrong == "theta itself spikes" else (v > theta)
        if wrong == "steps between are free":
            return 0.0
        return float(costs[spikes.astype(int), np.arange(first, first + len(v))].sum())

    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    totals = []
    for end in range(steps + 1):
        options = []
        for node in range(end + 1):
            tau, (price, path) = node - 1, best[node]
            if longest is not None and end - tau > longest and end < steps:
                continue
            if end == steps:
                f = run(tau)
                tail = between(f[tau + 1 :], tau + 1)
                if wrong == "free tail charged" and tau + 1 < steps:
                    tail += rho / 2 * (theta - f[-1]) ** 2
                if wrong == "tail's steps free":
                    tail = 0.0
                if wrong == "must end at a contact" and tau < steps - 1:
                    tail = np.inf
                totals.append((price + tail, path))
            else:
                v, dynamic = bridge(tau, end)
                options.append((price + dynamic + between(v, tau + 1) + at_contact[end], (*path, end)))
        if options:
            best.append(min(options))
    _, path = min(totals)
    nodes, v = (-1, *path), np.empty(steps)
    landing = np.where(costs[1] < costs[0], np.nextafter(theta, np.inf), theta)
    if wrong in ("contacts always silent", "lands on theta"):
        landing = np.full(steps, theta)
    for tau, end in zip(nodes, (*path, steps), strict=True):
        if end < steps:
            v[tau + 1 : end], _ = bridge(tau, end)
            v[end] = landing[end]
        else:
            v[tau + 1 :] = run(tau)[tau + 1 :]
    return v


def path_rule(wrong: str = "", longest: int | None = None) -> Callable[..., Any]:
    def solve(drive, target, beta, rho, sigma, threshold):
        out = np.empty_like(drive)
        for (n, i), chain in ChainStepCase(drive, target, beta, threshold, rho, sigma).chains():
            out[:, n, i] = shortest_path(chain, wrong, longest)
        return out

    return solve


def swept(drive, target, beta, rho, sigma, threshold):
    """Both parities in turn, from the free run."""
    v = ChainStep.solve(drive, target, beta, rho, 0.0, threshold)
    for _ in range(200):
        for parity in (0, 1):
            v = half(v, drive, target, beta, rho, sigma, threshold, parity)
    return v


PATH_ERRORS = (
    "step cost twice",
    "contacts always silent",
    "contacts pay the dear side",
    "contacts are free",
    "beta missing in s",
    "beta for beta^2 in s",
    "starts at theta",
    "h one step late",
    "s counts one more",
    "s counts one less",
    "sign of the gap",
    "bridge runs backwards",
    "bridge's cost without s",
    "bridges are free",
    "rho for rho/2",
    "steps between are free",
    "free tail charged",
    "tail's steps free",
    "must end at a contact",
    "lands on theta",
)
WRONG_CHAINS: dict[str, Callable[..., Any]] = {
    **{error: path_rule(error) for error in PATH_ERRORS},
    "contacts at most two steps apart": path_rule(longest=2),
    "sweeps in place of the chain": swept,
    "reset left out": lambda h, b, beta, rho, sigma, theta: whole(
        h + theta * np.concatenate([np.zeros_like(b[:1]), b[:-1]]), b, beta, rho, sigma, theta
    ),
    "sigma left out": lambda h, b, beta, rho, sigma, theta: whole(h, b, beta, rho, 1.0, theta),
    "single precision": lambda h, b, *rest: whole(h.astype(np.float32), b.astype(np.float32), *rest).astype(np.float64),
}

WRONG = {
    **{f"one step: {k}": planted(OneStep, f) for k, f in WRONG_STEPS.items()},
    **{f"parity: {k}": planted(ColouredSteps, f) for k, f in WRONG_HALVES.items()},
    **{f"chain: {k}": planted(ChainStep, f) for k, f in WRONG_CHAINS.items()},
}


@pytest.mark.parametrize("error", WRONG)
def test_wrong_formula_is_caught(error):
    assert any(not judge(case, WRONG[error]).passed for _, case in cases(WRONG[error], seed=1, trials=30))


@pytest.mark.parametrize(
    "right", [planted(OneStep, written_out), planted(ChainStep, path_rule())], ids=["step", "path"]
)
def test_what_errors_are_planted_in_is_right(right):
    assert all(judge(case, right).passed for _, case in cases(right, seed=2))


def test_a_failing_chain_is_made_small_and_printed():
    wrong = WRONG["chain: sign of the gap"]
    case = next(c for _, c in cases(wrong, seed=1) if not judge(c, wrong).passed)
    small = shrink(case, lambda c: not judge(c, wrong).passed)
    assert isinstance(small, ChainStepCase)
    assert small.drive.size <= 2
    assert "ChainStepCase(" in as_python(small, wrong)


# Properties, on chains longer than any enumeration reaches.


def objective(v: Array, h: Array, b: Array, beta: Any, rho: float, sigma: float, theta: Any) -> Array:
    before = np.concatenate([np.zeros_like(v[:1]), v[:-1]])
    return (rho / 2 * (v - beta * before - h) ** 2 + sigma / 2 * (b - (v > theta)) ** 2).sum(0)


@st.composite
def chains(draw: st.DrawFn, longest: int = 30) -> tuple[Any, ...]:
    """Drive, target, beta, rho, sigma and threshold: scalars or one for each of two neurons."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(1, longest)), 2, 2)
    beta, theta = (
        np.array(draw(st.lists(st.sampled_from(values), min_size=2, max_size=2))) if draw(st.booleans()) else values[0]
        for values in ([0.9, 0.0, 0.2, 0.5, 0.95, 1.0], [1.0, 0.3, 2.0])
    )
    drive = theta * (1 - beta) + draw(st.sampled_from([0.01, 0.1, 0.4, 2.0])) * rng.normal(size=shape)
    target = (rng.random(shape) < 0.4) + draw(st.sampled_from([0.0, 0.3])) * rng.normal(size=shape)
    rho = draw(st.sampled_from([0.1, 1.0, 30.0]))
    return drive, target, beta, rho, rho * draw(st.sampled_from([0.001, 0.03, 0.1, 0.5, 2.0, 10.0, 1e3])), theta


@given(chains())
def test_the_chain_is_the_plain_shortest_path(block):
    drive, target, beta, rho, sigma, theta = block
    plain = path_rule()(drive, target, np.atleast_1d(beta), rho, sigma, np.atleast_1d(theta))
    costs = [objective(v, *block) for v in (whole(*block), plain)]
    np.testing.assert_allclose(costs[0], costs[1], rtol=1e-10, atol=1e-13 * rho)


@given(chains(), st.integers(0, 1))
def test_parities_descend_to_no_less_than_the_chain_and_no_step_of_it_moves(block, parity):
    drive = block[0]
    v = drive.cumsum(0)
    for _ in range(3):
        new = half(v, *block, parity)
        assert (objective(new, *block) <= objective(v, *block) * (1 + 1e-12) + 1e-12).all()
        v, parity = new, 1 - parity
    best = whole(*block)
    least = objective(best, *block)
    assert (least <= objective(v, *block) * (1 + 1e-12) + 1e-12).all()
    for parity in (0, 1):
        moved = objective(half(best, *block, parity), *block)
        np.testing.assert_allclose(moved, least, rtol=1e-9, atol=1e-12 * block[3])


@given(chains(), st.integers(0, 29))
def test_a_parity_is_its_steps_one_by_one(block, t):
    drive, target, *numbers = block
    t %= len(drive)
    v, last = drive.cumsum(0), t == len(drive) - 1
    later, following = (None, None) if last else (drive[t + 1], v[t + 1])
    alone = one(drive[t], later, v[t - 1] if t else None, following, target[t], *numbers)
    np.testing.assert_array_equal(half(v, *block, t % 2)[t], alone)


@given(chains(12))
def test_chains_do_not_touch_each_other(block):
    drive, target, beta, rho, sigma, theta = block
    together = whole(*block)
    for n, i in np.ndindex(together.shape[1:]):
        one_beta, one_theta = (x if np.ndim(x) == 0 else x[i : i + 1] for x in (beta, theta))
        alone = whole(drive[:, n : n + 1, i : i + 1], target[:, n : n + 1, i : i + 1], one_beta, rho, sigma, one_theta)
        np.testing.assert_allclose(together[:, n, i], alone[:, 0, 0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("near", [1, 3, 100])
def test_bounds_do_not_change_the_minimum(near, monkeypatch):
    rng = np.random.default_rng(0)
    drive, target = 0.05 + 0.3 * rng.normal(size=(40, 5, 20)), rng.random((40, 5, 20))
    for sigma in (0.03, 0.5, 5.0):
        block = (drive, target, 0.95, 1.0, sigma, 1.0)
        usual = objective(whole(*block), *block)
        with monkeypatch.context() as patch:
            patch.setattr(contacts, "NEAR", near)
            patch.setattr(chain_step, "CHUNK", 7 * 40 * 8)
            np.testing.assert_allclose(objective(whole(*block), *block), usual, rtol=1e-12)


@pytest.mark.parametrize("beta", [0.05, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("steps", [1, 30, 200])
def test_single_precision_stays_so_and_loses_little(beta, steps):
    rng = np.random.default_rng(steps)
    drive, target = 0.05 + 0.3 * rng.normal(size=(steps, 3, 5)), rng.random((steps, 3, 5))
    single = (drive.astype(np.float32), target.astype(np.float32))
    numbers: tuple[Any, ...] = (np.float64(np.float32(beta)), 1.0, np.float64(0.5), np.ones(5))
    v = whole(*single, *numbers)
    assert v.dtype == np.float32
    block: tuple[Any, ...] = (*(x.astype(np.float64) for x in single), *numbers)
    got, best = objective(v.astype(np.float64), *block), objective(whole(*block), *block)
    np.testing.assert_allclose(got, best, rtol=1e-5, atol=1e-6)
    assert one(single[0][0], None, None, None, single[1][0], *numbers).dtype == np.float32
    assert half(v, *single, *numbers, 1).dtype == np.float32


def test_without_coupling_the_chain_runs_free():
    drive = np.array([0.5, 0.4, -0.2]).reshape(3, 1, 1)
    v = whole(drive, np.ones_like(drive), 0.5, 1.0, 0.0, 1.0)
    np.testing.assert_allclose(v.ravel(), [0.5, 0.65, 0.125])


def test_a_wanted_spike_lands_one_ulp_above_the_threshold():
    drive = np.full((1, 1, 1), 0.9)
    assert whole(drive, np.ones_like(drive), 0.5, 1.0, 1.0, 1.0).item() == np.nextafter(1.0, 2.0)
    unwanted = one(np.full((1, 1), 1e9), None, None, None, np.zeros((1, 1)), 0.5, 1.0, 1e30, 0.1)
    assert unwanted.item() == 0.1
