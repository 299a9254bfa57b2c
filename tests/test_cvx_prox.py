"""The prox of terms in CVXPY's language: against closed forms, and every way of writing one wrongly."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

import snnopt as so
from snnopt.cvx_bridge.prox import CvxProx, ProxError

Array = np.ndarray[Any, Any]

SHAPE = (4, 6)
C = np.random.default_rng(0).normal(size=SHAPE)
MASK = np.random.default_rng(1).random(SHAPE) < 0.6
PENALTIES = [1e-6, 0.1, 1.0, 30.0, 1e6]


def soft(c: Array, threshold: float) -> Array:
    return np.sign(c) * np.maximum(np.abs(c) - threshold, 0)


@pytest.mark.parametrize("m", PENALTIES)
@pytest.mark.parametrize("scale", [1e-3, 0.5, 20.0])
def test_nuclear_norm_shrinks_singular_values(m, scale):
    u, s, vt = np.linalg.svd(C, full_matrices=False)
    v = CvxProx(cp.normNuc, SHAPE, False, "h").solve(C, m, scale)
    np.testing.assert_allclose(v, (u * np.maximum(s - scale / m, 0)) @ vt, atol=1e-7)


def test_one_problem_is_solved_again_with_new_numbers():
    prox = CvxProx(lambda w: cp.norm1(w) + cp.sum_squares(w) / 2, SHAPE, False, "h")
    for m in PENALTIES:
        for scale in (0.1, 1.0, 5.0):
            for c in (C, -3 * C, 0 * C):
                elastic = soft(c, scale / m) * m / (m + scale)
                np.testing.assert_allclose(prox.solve(c, m, scale), elastic, atol=1e-6 * max(1.0, np.abs(c).max()))


def test_building_happens_once():
    calls = []

    def build(w):
        calls.append(w.shape)
        return cp.norm1(w)

    prox = CvxProx(build, SHAPE, False, "h")
    for m in PENALTIES:
        prox.solve(C, m)
    assert calls == [SHAPE]


@pytest.mark.parametrize("m", PENALTIES)
def test_a_linear_constraint_between_two_synapses_is_a_projection(m):
    prox = CvxProx(lambda w: w[0, 0] == 2 * w[1, 1], SHAPE, True, "h")
    wanted = C.copy()
    gap = (C[0, 0] - 2 * C[1, 1]) / 5
    wanted[0, 0], wanted[1, 1] = C[0, 0] - gap, C[1, 1] + 2 * gap
    np.testing.assert_allclose(prox.solve(C, m), wanted, atol=1e-9)


def test_several_constraints_are_a_list():
    prox = CvxProx(lambda w: [w >= -0.3, w <= 0.5, cp.sum(w[0]) <= 10], SHAPE, True, "h")
    np.testing.assert_allclose(prox.solve(C, 1.0), np.clip(C, -0.3, 0.5), atol=1e-8)


@pytest.mark.parametrize("constraint", [True, False])
def test_absent_synapses_are_exactly_zero(constraint):
    def build(w: Any) -> Any:
        return cp.sum(w, axis=1) == 1 if constraint else cp.norm1(w)

    v = CvxProx(build, SHAPE, constraint, "h", MASK).solve(C, 2.0)
    assert not v[~MASK].any()
    if constraint:
        share = (1 - np.where(MASK, C, 0).sum(1)) / MASK.sum(1)
        np.testing.assert_allclose(v, np.where(MASK, C + share[:, None], 0), atol=1e-8)
    else:
        np.testing.assert_allclose(v, np.where(MASK, soft(C, 0.5), 0), atol=1e-8)


def test_a_term_of_scale_zero_is_left_out():
    prox = CvxProx(cp.norm1, SHAPE, False, "h", MASK)
    np.testing.assert_array_equal(prox.solve(C, 3.0, 0.0), np.where(MASK, C, 0))


def test_single_precision_stays_single():
    v = CvxProx(cp.norm1, SHAPE, False, "h", MASK).solve(C.astype(np.float32), 2.0)
    assert v.dtype == np.float32
    np.testing.assert_allclose(v, np.where(MASK, soft(C, 0.5), 0), atol=1e-6)


@pytest.mark.parametrize(
    ("build", "constraint", "status", "advice"),
    [
        (lambda w: [w >= 1, w <= 0], True, "infeasible", "loosen the constraint"),
        (lambda w: cp.norm1(w) + cp.Variable(), False, "unbounded", "bound the variables"),
    ],
    ids=["infeasible", "unbounded"],
)
def test_without_a_solution_the_status_is_told(build, constraint, status, advice):
    with pytest.raises(ProxError, match="layer 'hidden'") as caught:
        CvxProx(build, (2, 2), constraint, "hidden").solve(np.ones((2, 2)), 1.0)
    assert caught.value.status.removesuffix("_inaccurate") == status
    assert advice in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def raises(w: Any) -> Any:
    raise KeyError("groups")


OBJECTIVE: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "a concave term": (lambda w: -cp.norm1(w), "is not convex", "convex expression"),
    "neither convex nor concave": (lambda w: cp.sum(cp.multiply(w, w)) - cp.norm(w), "is not convex", "cp."),
    "a complex term": (lambda w: cp.sum(w) * 1j, "is not convex", "real"),
    "a matrix": (lambda w: cp.abs(w), r"returned \(2, 3\) numbers", "cp.sum"),
    "a constraint": (lambda w: w >= 0, "returned the constraint 0.0 <= W", "constraints="),
    "a list": (lambda w: [cp.norm1(w)], "returned ", "scalar CVXPY expression"),
    "a number": (lambda w: 3.0, "returned 3.0", "scalar CVXPY expression"),
    "nothing": (lambda w: None, "returned None", "scalar CVXPY expression"),
    "minimise": (lambda w: cp.Minimize(cp.norm1(w)), "returned ", "scalar CVXPY expression"),
    "the weights unused": (lambda w: cp.norm1(cp.Variable(3)), "does not use the weights", "its argument"),
    "whole-number variables": (
        lambda w: cp.norm1(w) + cp.sum(cp.Variable(2, boolean=True)),
        "whole-number variables",
        "so.Cardinality",
    ),
    "a function that raises": (raises, "raised KeyError: 'groups'", "cvxpy.Variable"),
    "numpy on a variable": (lambda w: np.linalg.norm(w), "raised ", "cvxpy.Variable"),
    "no arguments": (lambda: 0, "raised TypeError", "cvxpy.Variable"),  # type: ignore[dict-item,misc]
}
CONSTRAINT: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "the outside of a ball": (
        lambda w: cp.norm1(w) >= 1,
        "the constraint 1.0 <= .* is not convex",
        "convex <= concave",
    ),
    "a curved equality": (lambda w: [w >= 0, cp.norm1(w) == 1], "is not convex", "affine == affine"),
    "a term": (lambda w: cp.norm1(w), "returned the expression norm1", "objective"),
    "an empty list": (lambda w: [], r"returned \[\]", "list of them"),
    "a truth value": (lambda w: True, "returned True", "list of them"),
    "a chain": (lambda w: -1 <= w <= 1, "raised .*chain constraints", "cvxpy.Variable"),
    "the weights unused": (lambda w: cp.Variable() >= 0, "does not use the weights", "its argument"),
    "whole-number variables": (lambda w: w <= cp.Variable((2, 3), integer=True), "whole-number variables", "so.Grid"),
}


@pytest.mark.parametrize(
    ("build", "constraint", "cause", "fix"),
    [
        *(pytest.param(b, False, c, f, id=f"objective: {name}") for name, (b, c, f) in OBJECTIVE.items()),
        *(pytest.param(b, True, c, f, id=f"constraint: {name}") for name, (b, c, f) in CONSTRAINT.items()),
    ],
)
def test_what_is_written_wrongly_is_named(build, constraint, cause, fix):
    with pytest.raises(so.CompileError, match=cause) as caught:
        CvxProx(build, (2, 3), constraint, "hidden")
    assert caught.value.where == f"cvx {'constraint' if constraint else 'term'} on layer 'hidden'"
    assert fix in caught.value.fix and "\n" not in caught.value.cause
