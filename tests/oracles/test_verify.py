"""Every closed form of shipped plans agrees with its oracle."""

import numpy as np
import pytest

import snnopt as so
from snnopt.blocks import CLOSED_FORMS
from snnopt.blocks.clipped_spikes import ClippedSpikes
from snnopt.blocks.published_output_step import PublishedOutputStep
from snnopt.cvx_bridge import ConvexSolverError, least_squares
from snnopt.oracles.dithered_step import density, expected_spike


def problem(hidden: int, loss: type[so.CrossEntropy | so.SquaredError], l2: bool) -> so.Problem:
    x = so.Input(64, name="pixels")
    layer = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(100)(x))
    last = so.LIF(beta=0.8, name="deeper")(so.Dense(50)(layer)) if hidden == 2 else layer
    y = so.LI(beta=0.9, name="readout")(so.Dense(10)(last))
    objective = loss(y, over="mean") + 1e-3 * so.L2(layer.weights) if l2 else loss(y, over="mean")
    return so.Problem(so.Network(x, y), objective)


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
@pytest.mark.parametrize("l2", [True, False], ids=["L2", "no L2"])
@pytest.mark.parametrize("loss", [so.CrossEntropy, so.SquaredError])
@pytest.mark.parametrize("hidden", [1, 2])
def test_plans_pass(hidden, loss, l2, algorithm):
    plan = so.compile(problem(hidden, loss, l2), algorithm)
    report = so.verify(plan, seed=0, trials=20)
    assert report.raise_if_failed() is report
    assert [(r.block, r.rule) for r in report.rows] == [(b.block.name, b.title) for b in plan.bindings]
    assert all(row.instances > 20 for row in report.rows)


PUBLISHED = (ClippedSpikes, PublishedOutputStep)
"""Rules that are here as published, and are not the minimisers of their blocks."""


@pytest.mark.parametrize("rule", [r for r in CLOSED_FORMS if r not in PUBLISHED], ids=lambda r: r.__name__)
def test_rules_pass(rule):
    so.verify_rule(rule, seed=2, trials=5).raise_if_failed()


@pytest.mark.parametrize("rule", PUBLISHED, ids=lambda r: r.__name__)
def test_published_rules_fail(rule):
    report = so.verify_rule(rule, seed=2, trials=5)
    assert report.failures and all("above the oracle's" in str(row.failure) for row in report.failures)


KEPT_PLANS = [
    so.algorithms.Perin2025(),
    so.algorithms.ExactBlock(),
    so.algorithms.ExactBlock(chain="coloured"),
    so.algorithms.FullDual(),
    so.algorithms.Consensus(),
]


@pytest.mark.parametrize("algorithm", KEPT_PLANS, ids=lambda a: f"{a.name}-{getattr(a, 'chain', '')}")
def test_plans_of_kept_states_pass(algorithm):
    plan = so.compile(problem(2, so.CrossEntropy, True), algorithm)
    assert so.verify(plan, trials=3).raise_if_failed().passed


def test_a_published_plan_fails_where_it_is_published():
    plan = so.compile(last_error(), so.algorithms.Perin2025(clip="published", last_step="published"))
    failed = {row.rule for row in so.verify(plan, trials=5).failures}
    assert failed == {r.__name__ for r in PUBLISHED}


def last_error():
    x = so.Input(5)
    h = so.LIF(beta=0.9, name="h")(so.Dense(4)(x))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), 2.0 * so.SquaredError(y, over="last"))


def test_report_prints_a_row_for_each_block():
    plan = so.compile(problem(1, so.CrossEntropy, True), "rollout")
    text = str(so.verify(plan, trials=1))
    for binding in plan.bindings:
        assert binding.block.name in text and binding.title in text
    assert "FAILED" not in text


def test_same_seed_same_instances():
    plan = so.compile(problem(1, so.CrossEntropy, True), "online")
    first, again, other = (so.verify(plan, seed=seed, trials=3).rows for seed in (5, 5, 6))
    assert [r.gap for r in first] == [r.gap for r in again]
    assert [r.gap for r in first] != [r.gap for r in other]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda plan: so.verify("online"), "is not a plan"),  # type: ignore[arg-type]
        (lambda plan: so.verify(plan, trials=0), "trials = 0"),
        (lambda plan: so.verify(plan, seed=-1), "seed = -1"),
        (lambda plan: so.verify_rule(so.Dense), "is not a closed form"),  # type: ignore[arg-type]
    ],
)
def test_bad_arguments_are_named(call, message):
    plan = so.compile(problem(1, so.CrossEntropy, True), "online")
    with pytest.raises(so.ModelError, match=message):
        call(plan)


def test_least_squares_meets_its_own_optimality_conditions():
    rng = np.random.default_rng(0)
    for rows, k, m in [(5, 3, 2), (1, 1, 1), (90, 40, 2)]:
        a, b, linear = (rng.normal(size=s) for s in ((rows, k), (rows, m), (k, m)))
        a = np.concatenate([a, 0.1 * np.eye(k)])
        b = np.concatenate([b, np.zeros((k, m))])
        zero = rng.random((k, m)) < 0.3
        x = least_squares(a, b, linear, zero)
        gradient = a.T @ (a @ x - b) + linear
        assert np.abs(gradient[~zero]).max(initial=0.0) < 1e-7
        assert not x[zero].any()


def test_least_squares_says_when_there_is_no_minimum():
    with pytest.raises(ConvexSolverError, match="unbounded"):
        least_squares(np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))


def test_dither_density_is_the_derivative_of_its_distribution():
    u, w, h = np.linspace(-1.2, 1.2, 1001), 0.7, 1e-6
    slopes = (expected_spike(u + h, w) - expected_spike(u - h, w)) / (2 * h)
    assert np.abs(density(u, w) - slopes).max() < 1e-5
    sampled = w * (np.random.default_rng(0).random((2, 100_000)).sum(0) - 1)
    assert abs(np.mean(sampled < 0.2) - expected_spike(np.array(0.2), w)) < 0.01
