"""Losses, penalties and constraints: declared, printed, checked, and refused by name where they have no solver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import snnopt as so

X = so.Input(4, name="x")
H = so.LIF(beta=0.9, name="hidden")(so.Dense(5)(X))
Y = so.LI(beta=0.9, name="out")(so.Dense(3)(H))
NETWORK = so.Network(X, Y)

CONSTRAINTS: dict[str, tuple[Any, str]] = {
    "box": (so.Box(H.weights, -1, 0.5), "-1 <= W[hidden] <= 0.5"),
    "sign": (so.Sign(H.weights, -1), "W[hidden] <= 0"),
    "cardinality": (so.Cardinality(H.weights, 7), "card(W[hidden]) <= 7"),
    "fan_in": (so.FanIn(H.weights, 2), "card(W[hidden][i,:]) <= 2"),
    "grid": (so.Grid(H.weights, bits=2), "{-1, .., 1}"),
    "spike_budget": (so.SpikeBudget(H, 0.1), "mean s[hidden] <= 0.1"),
    "cvx": (so.cvx(H.weights, lambda w: w >= 0), "W[hidden]"),
}
TERMS: dict[str, tuple[Any, str]] = {
    "l1": (so.L1(H.weights), "||W[hidden]||_1"),
    "group_lasso": (so.GroupLasso(H.weights), "||W[hidden][:,j]||"),
    "cvx": (so.cvx(H.weights, lambda w: w), "W[hidden]"),
}


def test_the_tables_of_the_tests_hold_every_constraint() -> None:
    assert {c.kind for c in so.model.CONSTRAINTS} == set(CONSTRAINTS)


@pytest.mark.parametrize("kind", CONSTRAINTS)
@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_constraints_print_and_are_refused_by_name(kind: str, algorithm: str) -> None:
    constraint, text = CONSTRAINTS[kind]
    problem = so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[constraint])
    assert text in str(problem)
    with pytest.raises(so.CompileError, match=f"'hidden'.*{kind}"):
        so.compile(problem, algorithm)


@pytest.mark.parametrize("kind", TERMS)
def test_penalties_without_a_solver_print_and_are_refused_by_name(kind: str) -> None:
    term, text = TERMS[kind]
    problem = so.Problem(NETWORK, so.CrossEntropy(Y) + 0.5 * term)
    assert text in str(problem) and "0.5" in str(problem)
    with pytest.raises(so.CompileError, match=f"'hidden'.*{kind}"):
        so.compile(problem)


def test_losses_without_a_solver_are_refused_by_name() -> None:
    with pytest.raises(so.CompileError, match=r"'out'.*hinge"):
        so.compile(so.Problem(NETWORK, so.Hinge(Y)))


WRONG: dict[str, Callable[[], Any]] = {
    "box upside down": lambda: so.Box(H.weights, 1, -1),
    "box of text": lambda: so.Box(H.weights, "a", 1),  # type: ignore[arg-type]
    "box on a layer": lambda: so.Box(H, -1, 1),  # type: ignore[arg-type]
    "sign of zero": lambda: so.Sign(H.weights, 0),
    "no synapses": lambda: so.Cardinality(H.weights, 0),
    "half a synapse": lambda: so.FanIn(H.weights, 0.5),  # type: ignore[arg-type]
    "one bit": lambda: so.Grid(H.weights, 1),
    "a rate above one": lambda: so.SpikeBudget(H, 1.5),
    "a budget on a read-out": lambda: so.SpikeBudget(Y, 0.1),
    "a price on a read-out": lambda: so.SpikeCost(Y),
    "cvx without a function": lambda: so.cvx(H.weights, 3),  # type: ignore[arg-type]
    "not a constraint": lambda: so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[3]),  # type: ignore[list-item]
    "another network's layer": lambda: so.Problem(
        NETWORK,
        so.CrossEntropy(Y),
        constraints=[so.Box(so.LIF(name="stranger")(so.Dense(5)(X)).weights, -1, 1)],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_terms_say_what_to_write(name: str) -> None:
    with pytest.raises(so.ModelError) as caught:
        WRONG[name]()
    assert caught.value.fix
