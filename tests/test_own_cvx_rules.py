"""Closed forms of a user's own for ``so.cvx`` terms: held against CVXPY's solution of what the user wrote, and used in a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

import snnopt as so
from snnopt.blocks import ClosedForm
from snnopt.oracles import judge

X = np.random.default_rng(0).random((6, 20, 6))
LABELS = np.arange(20) % 2
MASK = np.random.default_rng(1).random((4, 6)) < 0.6


def balanced(w: Any) -> Any:
    """Excitation and inhibition of every neuron cancel."""
    return cp.sum(w, axis=1) == 0


def spread(w: Any) -> Any:
    """A penalty without a name."""
    return cp.sum_squares(w - 1) / 2


def rule(about: Callable[[Any], Any], solve: Callable[..., Any], value: Callable[..., Any] | None = None) -> Any:
    """A closed form for the copy under ``so.cvx(..., about)``."""

    def matches(cls: type, block: Any) -> str | None:
        if block.kind != "copy":
            return f"it solves copies, not {block.kind}"
        return None if [t.build for t in block.terms] == [about] else f"it is for {about.__name__}"

    members = {
        "__module__": "__main__",
        "formula": "V = ...",
        "matches": classmethod(matches),
        "solve": staticmethod(solve),
    }
    own = {} if value is None else {"value": staticmethod(value)}
    return type("Own", (ClosedForm,), members | own)


def without_mean(center: Any, penalty: float, scale: float, parameters: Any, parts: Any, mask: Any) -> Any:
    """The projection on rows that sum to zero."""
    there = np.ones(center.shape, bool) if mask is None else mask
    mean = (center * there).sum(1, keepdims=True) / np.maximum(there.sum(1, keepdims=True), 1)
    return np.where(there, center - mean, 0.0).astype(center.dtype)


def towards_one(center: Any, penalty: float, scale: float, *others: Any) -> Any:
    """The prox of ``spread``."""
    return (penalty * center + scale) / (penalty + scale)


def half_distance(w: Any) -> float:
    """``spread`` at W."""
    return float(np.sum((w - 1) ** 2)) / 2


def problem(about: Callable[[Any], Any], penalty: bool = False, sparse: bool = False) -> so.Problem:
    """Six inputs, four neurons, a term on what lies between."""
    x = so.Input(6, name="x")
    h = so.LIF(beta=0.9, name="hidden")((so.Sparse(MASK) if sparse else so.Dense(4))(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(2)(h))
    term, loss = so.cvx(h.weights, about), so.CrossEntropy(y)
    if penalty:
        return so.Problem(so.Network(x, y), loss + 0.3 * term)
    return so.Problem(so.Network(x, y), loss, constraints=[term])


OWN = rule(balanced, without_mean)
PENALTY = rule(spread, towards_one, half_distance)


def copy_row(plan: so.Plan, trials: int = 5) -> Any:
    return next(row for row in so.verify(plan, trials=trials).rows if row.block == "hidden.copy")


@pytest.mark.parametrize(
    ("of", "own"),
    [(problem(balanced), OWN), (problem(balanced, sparse=True), OWN), (problem(spread, penalty=True), PENALTY)],
    ids=["constraint", "masked constraint", "penalty"],
)
def test_a_right_formula_passes_and_trains_as_the_fallback_does(of: so.Problem, own: Any) -> None:
    mine, theirs = so.compile(of, "online", rules=[own]), so.compile(of, "online", on_missing="cvxpy")
    assert "Own" in mine.explain() and "CVXPY FALLBACK" not in mine.explain()
    row = copy_row(mine)
    assert row.rule == "Own" and row.instances and row.failure is None
    first, second = (plan.solve(X, LABELS, seed=0) for plan in (mine, theirs))
    np.testing.assert_allclose(first.weights["hidden.weight"], second.weights["hidden.weight"], atol=2e-4)
    np.testing.assert_allclose(np.asarray(first.history["loss"]), np.asarray(second.history["loss"]), rtol=1e-3)


WRONG = {
    "the other axis": rule(balanced, lambda c, *rest: c - c.mean(0, keepdims=True)),
    "half of the mean": rule(balanced, lambda c, *rest: c - c.mean(1, keepdims=True) / 2),
    "feasible, not nearest": rule(balanced, lambda c, *rest: np.zeros_like(c)),
    "nothing": rule(balanced, lambda c, *rest: c),
    "single precision": rule(balanced, lambda c, *rest: (c - c.mean(1, keepdims=True)).astype(np.float32)),
    "another shape": rule(balanced, lambda c, *rest: c[:1]),
    "not finite": rule(balanced, lambda c, *rest: c * np.nan),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_formula_is_caught(name: str) -> None:
    row = copy_row(so.compile(problem(balanced), rules=[WRONG[name]]))
    assert row.failure is not None and "build=balanced" in row.failure.code
    found: dict[str, Any] = {"balanced": balanced, "Own": OWN, "judge": judge}
    exec(row.failure.code, found)
    assert judge(found["case"], OWN).passed, "the right formula is right where the wrong one fails"


def test_a_mask_left_out_is_caught() -> None:
    plan = so.compile(problem(balanced, sparse=True), rules=[WRONG["the other axis"]])
    assert copy_row(plan).failure is not None
    dense = rule(balanced, lambda c, m, s, p, parts, mask: c - c.mean(1, keepdims=True))
    assert copy_row(so.compile(problem(balanced), rules=[dense])).failure is None
    assert copy_row(so.compile(problem(balanced, sparse=True), rules=[dense])).failure is not None


@pytest.mark.parametrize(
    "own",
    [
        rule(spread, lambda c, m, s, *rest: (m * c + 1) / (m + 1), half_distance),
        rule(spread, lambda c, m, s, *rest: (s * c + m) / (m + s), half_distance),
        rule(spread, towards_one, lambda w: 2 * half_distance(w)),
    ],
    ids=["without its factor", "factors exchanged", "twice its value"],
)
def test_a_wrong_penalty_is_caught(own: Any) -> None:
    assert copy_row(so.compile(problem(spread, penalty=True), rules=[own])).failure is not None


def bound(w: Any) -> Any:
    """With a variable of its own: the first row's sum of sizes is at most 1."""
    t = cp.Variable()
    return [cp.norm1(w[0]) <= t, t <= 1]


TERMS: dict[str, tuple[Callable[[Any], Any], bool, Callable[..., Any], Callable[..., Any] | None]] = {
    "ball": (lambda w: cp.norm(w, "fro") <= 1, False, lambda c, *r: c / max(1.0, float(np.linalg.norm(c))), None),
    "orthant": (lambda w: w >= 0, False, lambda c, *r: np.maximum(c, 0), None),
    "l1": (cp.norm1, True, lambda c, m, s, *r: c - np.clip(c, -s / m, s / m), lambda w: float(np.abs(w).sum())),
}


@pytest.mark.parametrize("name", TERMS)
def test_known_proxes_agree_with_cvxpy(name: str) -> None:
    about, penalty, solve, value = TERMS[name]
    row = copy_row(so.compile(problem(about, penalty), rules=[rule(about, solve, value)]), trials=15)
    assert row.failure is None, row.failure


def test_constraints_with_variables_of_their_own_are_judged() -> None:
    row = copy_row(so.compile(problem(bound), rules=[rule(bound, lambda c, *rest: c)]))
    assert row.failure is not None and "breaks a constraint" in row.failure.reason


def test_two_cvx_constraints_on_one_layer_train() -> None:
    x = so.Input(6)
    h = so.LIF(beta=0.9, name="hidden")(so.Dense(4)(x))
    y = so.LI(beta=0.9)(so.Dense(2)(h))
    both = [so.cvx(h.weights, lambda w: w >= 0), so.cvx(h.weights, lambda w: w <= 0.2)]
    plan = so.compile(so.Problem(so.Network(x, y), so.CrossEntropy(y), constraints=both), on_missing="cvxpy")
    w = plan.solve(X, LABELS, seed=0).weights["hidden.weight"]
    assert w.min() >= -1e-6 and w.max() <= 0.2 + 1e-6 and w.max() > 0.19


def test_a_penalty_whose_value_nothing_knows_is_refused() -> None:
    with pytest.raises(so.ModelError, match="it has no value"):
        so.compile(problem(spread, penalty=True), rules=[rule(spread, towards_one)])
