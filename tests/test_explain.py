"""``plan.explain()``: every block says what it minimises, as the code that runs has it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import snnopt as so

ALGORITHMS = ["online", "rollout", "perin2025", "exact_block", "full_dual", "consensus"]
KEPT = ALGORITHMS[2:]
X = so.Input(4, name="x")
H = so.LIF(beta=0.9, name="h")(so.Dense(5)(X))
G = so.LIF(beta=0.8, threshold=0.7, name="g")(so.Dense(4)(H))
Y = so.LI(beta=0.95, name="y")(so.Dense(3)(G))
PENALTIES = 0.2 * so.SpikeCost(H) + 0.3 * so.L1(G.weights) + 0.5 * so.L2(H.weights)


def plan_of(algorithm: Any, loss: so.Objective | None = None, **options: Any) -> so.Plan:
    objective = (so.CrossEntropy(Y) if loss is None else loss) + PENALTIES
    return so.compile(
        so.Problem(so.Network(X, Y), objective, constraints=[so.Box(H.weights, -1, 1)]), algorithm, **options
    )


def blocks_of(plan: so.Plan) -> dict[str, dict[str, str]]:
    """The lines of each block by their first word, e.g. ``["h: spikes"]["minimises"]``."""
    out: dict[str, dict[str, str]] = {}
    for paragraph in plan.explain().split("\n\n")[1:-1]:
        head, *lines = paragraph.split("\n")
        out[head.partition("->")[0].strip()] = {line[4:15].strip(): line[15:] for line in lines}
    return out


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_two_terms_of_a_block_are_the_same(algorithm: str) -> None:
    found = blocks_of(plan_of(algorithm))
    assert len(found) == len(plan_of(algorithm).bindings)
    for lines in found.values():
        squares = re.findall(r"[^ ]+/2 \|\|.*?\|\|\^2", lines["minimises"])
        assert len(squares) == len(set(squares))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_residual_is_of_the_form_that_runs(algorithm: str) -> None:
    residual = {
        "online": "v[g] - kappa[g] * (W[g] s[h] + b[g]) - eta[g] * s[g]",
        "rollout": "v[g] - kappa[g] * (W[g] s[h] + b[g]) - eta[g] * s[g]",
        "perin2025": "v[g,t] - 0.8 v[g,t-1] - (W[g] a[h,t] + b[g]) + 0.7 a[g,t-1]",
        "exact_block": "v[g,t] - 0.8 v[g,t-1] - (W[g] a[h,t] + b[g]) + 0.7 a[g,t-1]",
        "full_dual": "v[g] - kappa[g] * (W[g] a[h] + b[g]) - eta[g] * a[g] + u[g]",
        "consensus": "v[g] - kappa[g] * (W[g] a[h] + b[g]) - eta[g] * a[g]",
    }[algorithm]
    found = blocks_of(plan_of(algorithm))
    pulled = "m/2 ||W[g] - V[g] + U[g]||^2"
    assert found["g: weights"]["minimises"] == f"rho[g]/2 ||{residual}||^2 + {pulled} + mu/2 ||W - W_0||^2"
    assert found["g: copy"]["minimises"] == f"0.3 l1(V[g]) + {pulled}"
    assert found["g: potentials"]["minimises"].startswith(f"rho[g]/2 ||{residual}||^2")


STEP = {
    "perin2025": "sigma[h]/2 ||a[h,t] - H(v[h,t] - 1)||^2",
    "exact_block": "sigma[h]/2 ||a[h,t] - H(v[h,t] - 1)||^2",
    "full_dual": "sigma[h]/2 ||a[h] - H(v[h] - 1) + w[h]||^2",
    "consensus": "sigma[h]/2 ||a[h] - H(v[h] - 1) + w[h]||^2",
}


@pytest.mark.parametrize("algorithm", KEPT)
def test_kept_spikes_meet_their_readers_and_their_step(algorithm: str) -> None:
    found = blocks_of(plan_of(algorithm))
    spikes = found["h: spikes"]["minimises"]
    t = ",t" if algorithm in ("perin2025", "exact_block") else ""
    assert spikes.startswith("rho[h]/2 ||") and " + rho[g]/2 ||" in spikes and STEP[algorithm] in spikes
    assert f" + 0.2 spike_cost(a[h{t}])" in spikes and ("0 <= a[h" in spikes) == bool(t)
    assert found["h: potentials"]["minimises"].endswith(STEP[algorithm])
    assert ("u[y" in found["y: outputs"]["minimises"]) == (algorithm != "consensus")
    heads = plan_of(algorithm).explain().split("\n\n")[0]
    assert ("zero before t = T" in heads) == bool(t)
    last = "one step at a time" if algorithm == "perin2025" else "all steps together"
    assert found["h: spikes"]["over"] == f"a[h]: {last}"


def test_demands() -> None:
    online, rollout = (blocks_of(plan_of(a)) for a in ("online", "rollout"))
    dithered = "E H(v[h] - 1 - xi)"
    assert online["h: potentials"]["minimises"].endswith(
        f" - <demand[h], {dithered}> (linearised) + 0.2 spike_cost({dithered})"
    )
    assert rollout["h: spikes"]["minimises"] == (
        "-<demand[h], a[h]> + sigma[h]/2 ||a[h] - s[h]||^2 + 0.2 spike_cost(a[h])"
    )
    assert rollout["h: potentials"]["minimises"].endswith(" + sigma[h]/2 ||a[h] - H(v[h] - 1)||^2")
    analogue = so.LI(0.9, name="ana")(so.Dense(5)(X))
    y = so.LI(name="y")(so.Dense(2)(so.LIF(name="s")(so.Dense(4)(analogue))))
    found = blocks_of(so.compile(so.Problem(so.Network(X, y), so.CrossEntropy(y))))
    assert found["ana: potentials"]["minimises"] == (
        "rho[ana]/2 ||v[ana] - kappa[ana] * (W[ana] x + b[ana])||^2 - <demand[ana], v[ana]>"
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_constraints_are_of_the_copy(algorithm: str) -> None:
    found = blocks_of(plan_of(algorithm))
    copy, weights = found["h: copy"], found["h: weights"]
    assert copy["over"] == "V[h]" and copy["minimises"].endswith("   s.t. box(V[h], low = -1, high = 1)")
    kept = algorithm in KEPT
    assert ("||W[h] - V[h] + U[h]||^2" in weights["minimises"]) == kept
    assert copy["minimises"].startswith("m/2 ||W[h] - V[h] + U[h]||^2" if kept else "1/2 ||W[h] - V[h]||^2")
    assert copy["with"].startswith("C = W + U" if kept else "C = W,")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_hinge_is_smoothed_unless_its_prox_is_taken(algorithm: str) -> None:
    loss = so.Hinge(Y, over="max")
    found = blocks_of(plan_of(algorithm, loss))
    block = found["y: outputs" if algorithm in KEPT else "y: readout"]["minimises"]
    assert ("(smoothed by a Moreau envelope, gamma = 0.25)" in block) != (algorithm in KEPT)
    assert ("its step frozen at the present one" if algorithm in KEPT else "its step frozen at the rollout's") in block


def test_published_updates_are_said_to_be_so() -> None:
    algorithm = so.algorithms.Perin2025(clip="published", last_step="published")
    found = blocks_of(so.compile(so.Problem(so.Network(X, Y), so.SquaredError(Y, over="last")), algorithm))
    assert found["h: spikes"]["then"] == "a[h] is clipped to [0, 1], as published"
    assert "s.t." not in found["h: spikes"]["minimises"]


def test_a_fallback_does_not_change_by_solving() -> None:
    problem = so.Problem(so.Network(X, Y), so.CrossEntropy(Y), constraints=[so.cvx(H.weights, lambda w: w >= 0)])
    plan = so.compile(problem, so.algorithms.Online(epochs=1), on_missing="cvxpy")
    before = plan.explain()
    rng = np.random.default_rng(0)
    plan.solve(rng.random((5, 64, 4)), rng.integers(0, 3, 64))
    assert plan.explain() == before
    lines = blocks_of(plan)["h: copy"]
    assert lines["minimises"] == "1/2 ||W[h] - V[h]||^2   s.t. cvx(V[h])"
    assert "BY CVXPY, A SOLVE IN EVERY SWEEP" in lines["update"]
    assert "CVXPY FALLBACK FOR h.copy" in before
