"""Losses, penalties and constraints: declared, printed, checked, and refused by name where they have no solver."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.blocks import Binding

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
def test_constraints_print(kind: str) -> None:
    constraint, text = CONSTRAINTS[kind]
    assert text in str(so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[constraint]))


@pytest.mark.parametrize("kind", TERMS)
def test_penalties_print(kind: str) -> None:
    term, text = TERMS[kind]
    problem = str(so.Problem(NETWORK, so.CrossEntropy(Y) + 0.5 * term))
    assert text in problem and "0.5" in problem


def test_cvx_terms_are_refused_by_name_unless_asked_for() -> None:
    for problem in (
        so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[CONSTRAINTS["cvx"][0]]),
        so.Problem(NETWORK, so.CrossEntropy(Y) + 0.5 * TERMS["cvx"][0]),
    ):
        with pytest.raises(so.CompileError, match=r"'hidden'.*cvx") as caught:
            so.compile(problem)
        assert "on_missing='cvxpy'" in caught.value.fix


# ---- trained: every constraint is exact in the returned weights


def on_grid(w: np.ndarray) -> bool:
    levels = np.unique(np.abs(w))
    step = levels[levels > 0].min(initial=1.0)
    return len(np.unique(w)) <= 3 and bool(np.all(w / step == np.round(w / step)))


KEPT: dict[str, Callable[[np.ndarray], bool]] = {
    "box": lambda w: bool(np.all((w >= -1) & (w <= 0.5))),
    "sign": lambda w: bool(np.all(w <= 0)),
    "cardinality": lambda w: int(np.count_nonzero(w)) <= 7,
    "fan_in": lambda w: int(np.count_nonzero(w, axis=1).max()) <= 2,
    "grid": on_grid,
}
ALGORITHMS = {
    "online": so.Online(epochs=3),
    "rollout": so.Rollout(max_iter=5),
    "consensus": so.algorithms.Consensus(max_iter=3),
    "exact_block": so.algorithms.ExactBlock(max_iter=3, start="rollout"),
}


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    return rng.random((60, 4)) + np.eye(4)[labels], labels


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("on", ["hidden", "out"])
def test_constraints_hold_in_the_returned_weights(kind: str, algorithm: str, on: str) -> None:
    layer = {"hidden": H, "out": Y}[on]
    arguments = {
        "box": lambda: so.Box(layer.weights, -1, 0.5),
        "sign": lambda: so.Sign(layer.weights, -1),
        "cardinality": lambda: so.Cardinality(layer.weights, 7),
        "fan_in": lambda: so.FanIn(layer.weights, 2),
        "grid": lambda: so.Grid(layer.weights, bits=2),
    }
    plan = so.compile(so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[arguments[kind]()]), ALGORITHMS[algorithm])
    result = plan.solve(*data(), timesteps=5)
    for weights in (result.weights, result.last_weights):
        assert KEPT[kind](weights[f"{on}.weight"])
        assert np.any(weights[f"{on}.bias"] != np.round(weights[f"{on}.bias"])), "biases are free"


def test_constraints_hold_from_any_start_and_when_interrupted() -> None:
    plan = so.compile(so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[so.Box(H.weights, -0.1, 0.1)]))
    free = so.compile(so.Problem(NETWORK, so.CrossEntropy(Y))).solve(*data(), timesteps=5)
    assert np.abs(free.weights["hidden.weight"]).max() > 0.1

    def stop(record: object) -> None:
        raise KeyboardInterrupt

    for result in (
        plan.solve(*data(), timesteps=5, weights=free),
        plan.solve(*data(), timesteps=5, weights=free, time_limit=1e-9),
        plan.solve(*data(), timesteps=5, weights=free, callback=stop),
    ):
        assert np.abs(result.weights["hidden.weight"]).max() <= np.float32(0.1)


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_a_spike_budget_holds_on_the_training_set(algorithm: str) -> None:
    x, labels = data()
    free = so.compile(so.Problem(NETWORK, so.CrossEntropy(Y)), algorithm).solve(x, labels, timesteps=8)
    rate = rate_of(free, x)
    problem = so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[so.SpikeBudget(H, rate / 2)])
    result = so.compile(problem, algorithm).solve(x, labels, timesteps=8)
    assert rate_of(result, x) <= rate / 2
    assert result.score(x, labels) > 0.9


def rate_of(result: so.Result, x: np.ndarray, layer: str = "hidden") -> float:
    spikes = so.simulate(result, result.weights, x.astype(np.float32), timesteps=8)[layer].spikes
    assert spikes is not None
    return float(spikes.mean(dtype=np.float64))


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_a_spike_budget_holds_where_current_lowers_potentials(algorithm: str) -> None:
    x, labels = data()
    h = so.Neuron.from_equations(v="0.9*v - i - s", threshold=1.0, name="hidden")(so.Dense(5)(X))
    y = so.LI(beta=0.9, name="out")(so.Dense(3)(h))
    problem = so.Problem(so.Network(X, y), so.CrossEntropy(y), constraints=[so.SpikeBudget(h, 0.02)])
    result = so.compile(problem, algorithm).solve(x, labels, timesteps=8)
    assert 0 < rate_of(result, x) <= 0.02


def test_budgets_of_several_layers_hold_whatever_their_order() -> None:
    """The first layer silences the second; once it has a budget itself, the second fires more."""
    x, labels = data()
    first = so.LIF(beta=0.9, name="first")(so.Dense(6)(X))
    h = so.LIF(beta=0.9, name="hidden")(so.Dense(5, name="drive")(X) + so.Dense(5, bias=False, name="hush")(first))
    y = so.LI(beta=0.9, name="out")(so.Dense(3)(h))
    budgets = [so.SpikeBudget(h, 0.1), so.SpikeBudget(first, 0.05)]
    plan = so.compile(so.Problem(so.Network(X, y), so.CrossEntropy(y), constraints=budgets), so.Rollout(max_iter=1))
    shapes = {v.name: v.shape for v in plan.program.variables if v.kind in ("weight", "bias")}
    start = {n: np.full(shape, {"hush.weight": -0.05, "drive.weight": 0.13}.get(n, 0.2)) for n, shape in shapes.items()}
    result = plan.solve(x, labels, timesteps=8, weights={n: w * (w.ndim > 1) for n, w in start.items()})
    assert 0 < rate_of(result, x) <= 0.1 and 0 < rate_of(result, x, "first") <= 0.05


@pytest.mark.parametrize("algorithm", ["online", "rollout"])
def test_a_budget_that_no_bias_keeps_is_noted(algorithm: str) -> None:
    """These neurons see how their current changes from step to step, whatever its level."""
    h = so.Neuron.from_equations(w="i", v="i - w", threshold=1e-3, potential="v", name="hidden")(so.Dense(5)(X))
    y = so.LI(beta=0.9, name="out")(so.Dense(3)(h))
    problem = so.Problem(so.Network(X, y), so.CrossEntropy(y), constraints=[so.SpikeBudget(h, 0.01)])
    x = np.random.default_rng(0).random((8, 60, 4))
    result = so.compile(problem, algorithm).solve(x, data()[1])
    assert any("'hidden'" in note and "its budget" in note for note in result.notes)
    assert all(np.abs(w).max() < 1e3 for w in result.weights.values())


def test_biases_move_each_neuron_towards_firing() -> None:
    from snnopt.runtime.revive import revive

    gains = np.array([1.0, -1.0, 2.0, -0.5, 1.0])
    h = so.Neuron.from_equations(v="0.9*v + g*i - s", threshold=2.0, parameters={"g": gains}, name="hidden")
    y = so.LI(name="out")(so.Dense(3)(h(so.Dense(5)(X))))
    coupling = so.compile(so.Problem(so.Network(X, y), so.CrossEntropy(y))).program.by_name["hidden"]
    weights = {"hidden.weight": np.ones((5, 4)), "hidden.bias": np.zeros(5)}
    for up in (True, False):
        moved = revive(coupling, weights, up, 8)["hidden.bias"]
        np.testing.assert_allclose(moved, (0.1 if up else -0.1) * np.sign(gains))


def test_a_budget_needs_a_bias() -> None:
    h = so.LIF(name="bare")(so.Dense(5, bias=False)(X))
    y = so.LI(name="out")(so.Dense(3)(h))
    problem = so.Problem(so.Network(X, y), so.CrossEntropy(y), constraints=[so.SpikeBudget(h, 0.1)])
    with pytest.raises(so.CompileError, match=r"'bare'.*no bias"):
        so.compile(problem)


def linear_problem(penalty: Any, beta: Any = 0.5) -> tuple[so.Problem, np.ndarray, np.ndarray]:
    """A regression without spikes, so that the minimiser can be computed."""
    rng = np.random.default_rng(1)
    x = so.Input(6, name="x")
    y = so.LI(beta=beta, name="y")(so.Dense(2)(x))
    X = rng.standard_normal((80, 6))
    target = X @ rng.standard_normal((6, 2)) * np.array([1, 0.1]) + 0.3 * rng.standard_normal((80, 2))
    return so.Problem(so.Network(x, y), so.SquaredError(y) + penalty(y)), X, target


@pytest.mark.parametrize("beta", [[0.5, 0.5], [0.6, 0.3]])
@pytest.mark.parametrize("kind", ["l1", "group_lasso"])
def test_penalties_are_minimised(kind: str, beta: list[float]) -> None:
    """Against CVXPY on the whole problem: a read-out of constant inputs is a lasso."""
    import cvxpy as cp

    term, scale = {"l1": so.L1, "group_lasso": so.GroupLasso}[kind], 0.3
    problem, X, target = linear_problem(lambda y: scale * term(y.weights), beta)
    algorithm = so.Rollout(max_iter=400, readout_step=1.0, readout_ridge=1e-3, patience=400, dtype="float64")
    result = so.compile(problem, algorithm).solve(X, target, timesteps=6)
    gain = np.mean(np.cumsum(np.power.outer(beta, np.arange(6)), 1), 1)  # of a constant current in the mean potential
    w, b = cp.Variable((2, 6)), cp.Variable((1, 2))
    loss = cp.sum_squares((X @ w.T + np.ones((80, 1)) @ b) @ np.diag(gain) - target) / 2 / len(X)
    size = cp.sum(cp.abs(w)) if kind == "l1" else cp.sum(cp.norm(w, 2, axis=0))
    best = cp.Problem(cp.Minimize(loss + scale * size)).solve(solver=cp.CLARABEL)
    found = result.weights["y.weight"], result.weights["y.bias"]
    miss = gain * (X @ found[0].T + found[1]) - target
    norm = np.abs(found[0]).sum() if kind == "l1" else np.linalg.norm(found[0], axis=0).sum()
    objective = (miss**2).sum() / 2 / len(X) + scale * norm
    assert best * (1 - 1e-6) <= objective <= best * (1 + 1e-4)
    if beta[0] == beta[1]:
        exact_zeros = np.abs(w.value) < 1e-6
        assert exact_zeros.any()
        np.testing.assert_array_equal(found[0] == 0, exact_zeros)


def test_the_fallback_does_what_the_closed_form_does() -> None:
    import cvxpy as cp

    pair = {
        "closed form": (so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[so.Box(H.weights, -0.2, 0.3)]), "error"),
        "cvxpy": (
            so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[so.cvx(H.weights, lambda w: [w >= -0.2, w <= 0.3])]),
            "cvxpy",
        ),
    }
    found = {}
    for name, (problem, missing) in pair.items():
        plan = so.compile(problem, so.Online(epochs=2, dtype="float64"), on_missing=missing)  # type: ignore[arg-type]
        found[name] = plan.solve(*data(), timesteps=5).weights["hidden.weight"]
        assert ("CVXPY FALLBACK" in plan.explain()) == (name == "cvxpy")
        so.verify(plan, trials=1).raise_if_failed()
    np.testing.assert_allclose(found["cvxpy"], found["closed form"], atol=1e-4)
    assert cp is not None


@pytest.mark.parametrize("algorithm", ["rollout", "exact_block"])
def test_a_cvx_penalty_counts_in_the_objective_as_its_closed_form_does(algorithm: str) -> None:
    import cvxpy as cp

    def bound_by_a_variable(w: Any) -> Any:
        largest = cp.Variable(nonneg=True)
        return largest + cp.pos(cp.norm_inf(w) - largest)

    losses = {}
    chosen = {
        "rollout": so.Rollout(max_iter=2, dtype="float64"),
        "exact_block": so.algorithms.ExactBlock(max_iter=2, start="rollout", dtype="float64"),
    }[algorithm]
    terms = {
        "l1": so.L1(H.weights),
        "cvx": so.cvx(H.weights, cp.norm1),
        "largest": so.cvx(H.weights, bound_by_a_variable),
    }
    for name, term in terms.items():
        plan = so.compile(so.Problem(NETWORK, so.SquaredError(Y) + 0.5 * term), chosen, on_missing="cvxpy")
        result = plan.solve(*data(), timesteps=5)
        losses[name] = np.min(result.history["loss"]), result.weights  # type: ignore[arg-type]
    assert losses["cvx"][0] == pytest.approx(losses["l1"][0], rel=1e-6)
    loss, weights = losses["largest"]
    potentials = so.simulate(NETWORK, weights, data()[0], timesteps=5)["out"].potentials.mean(0)
    error = 0.5 * ((potentials - np.eye(3)[data()[1]]) ** 2).sum(1).mean()
    assert loss == pytest.approx(error + 0.5 * np.abs(weights["hidden.weight"]).max(), rel=1e-5)


def test_penalties_without_a_value_are_bugs() -> None:
    from snnopt.program import InvalidProgram, Term
    from snnopt.runtime.copies import WeightPenalties

    plan = so.compile(so.Problem(NETWORK, so.CrossEntropy(Y) + so.L1(H.weights)))
    stranger = Term("elastic_net", "penalty", "hidden", ("hidden.weight",))
    program = dataclasses.replace(plan.program, terms=(*plan.program.terms, stranger))
    with pytest.raises(InvalidProgram, match="elastic_net"):
        WeightPenalties(program, plan.bindings)


def test_a_failing_fallback_ends_in_a_status_that_names_the_layer() -> None:
    from snnopt.cvx_bridge.prox import ProxError
    from snnopt.errors import BlockError

    assert issubclass(ProxError, BlockError)
    calls = []

    def fickle(w: Any) -> Any:
        calls.append(w)
        return w >= 0

    problem = so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[so.cvx(H.weights, fickle)])
    plan = so.compile(problem, so.Online(epochs=2), on_missing="cvxpy")
    rule: Any = next(b.rule for b in plan.bindings if b.block.kind == "copy")

    solve, count = rule.prox.solve, []

    def fails(center: Any, penalty: float, scale: float = 1.0) -> Any:
        count.append(penalty)
        if len(count) > 2:
            raise ProxError("hidden", "solver_error")
        return solve(center, penalty, scale)

    rule.prox.solve = fails
    result = plan.solve(*data(), timesteps=5)
    assert result.status is so.Status.NUMERICAL_ERROR and "hidden" in result.message
    assert len(calls) == 1, "the problem is built once"


@pytest.mark.parametrize("name", so.algorithms.ALGORITHMS)
@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("failure", ["not finite", "not finite at once", "not solved"])
def test_a_run_that_breaks_down_leaves_finite_weights(name: str, boxed: bool, failure: str) -> None:
    """A weight rule gives NaN, or gives NaN once and then cannot be prepared."""
    box, calls = so.Box(H.weights, -0.5, 0.5), list[int]()
    problem = so.Problem(NETWORK, so.SquaredError(Y, over="last"), constraints=[box] if boxed else [])
    every = {"refresh": 1} if name == "online" else {}
    plan = so.compile(problem, dataclasses.replace(so.algorithms.ALGORITHMS[name](), dtype="float64", **every))

    def broken(binding: Binding) -> Binding:
        if binding.block.kind != "weights":
            return binding
        assert isinstance(binding.rule, type)
        prepare: Any = binding.rule.prepare  # type: ignore[attr-defined]

        def fails(*arguments: Any) -> Any:
            calls.append(1)
            late = len(calls) - (0 if "once" in failure else 4)
            if late > 1 and failure == "not solved":
                raise np.linalg.LinAlgError("Singular matrix")
            found = prepare(*arguments)
            return dataclasses.replace(found, lam=found.lam * (np.nan if late > 0 else 1.0))

        return dataclasses.replace(binding, rule=type("Broken", (binding.rule,), {"prepare": staticmethod(fails)}))

    result = dataclasses.replace(plan, bindings=tuple(map(broken, plan.bindings))).solve(*data(), timesteps=5)
    assert result.status in (so.Status.DIVERGED, so.Status.NUMERICAL_ERROR)
    for weights in (result.weights, result.last_weights):
        assert all(np.isfinite(w).all() for w in weights.values())
        assert not boxed or np.abs(weights["hidden.weight"]).max() <= 0.5


@pytest.mark.parametrize(
    ("term", "says"),
    [
        (lambda w: [w >= 1, w <= 0], "infeasible"),
        (lambda w: w**2 >= 1, "CVXPY"),
        (lambda w: 3, "."),
    ],
)
def test_impossible_cvx_terms_are_refused_at_compile(term: Any, says: str) -> None:
    problem = so.Problem(NETWORK, so.CrossEntropy(Y), constraints=[so.cvx(H.weights, term)])
    with pytest.raises(so.CompileError, match=says) as caught:
        so.compile(problem, on_missing="cvxpy")
    assert "hidden" in caught.value.where


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
