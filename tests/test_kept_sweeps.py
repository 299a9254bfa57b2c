"""What each word of a sweep on a kept state does, against its formula written out."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import ALGORITHMS, Net, Word
from snnopt.algorithms.words import Layer
from snnopt.runtime import Wiring, check_weights
from snnopt.runtime.kept import KeptSweeper, State, measure
from tests.sweeps import BETA, BETA_OUT, F64, KEPT, THETA, naive_residuals, random_state, small


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("duals", [True, False])
def test_the_lagrangian_is_what_its_formula_says(name: str, duals: bool) -> None:
    algorithm = ALGORITHMS[name](rho=0.7, sigma=0.4, dtype="float64")  # type: ignore[call-arg]
    s = random_state(small(), algorithm, duals)
    state, e, found = s.state, naive_residuals(s, algorithm.form), measure(s)
    H = (state.v["h"] > THETA).astype(float)
    gap = state.a["h"] - H
    total = 0.6 * ((state.v["y"][-1] - np.eye(3)[state.targets["y"]]) ** 2).sum() / 2
    total += 0.3 * state.a["h"].sum()
    for n in ("h", "y"):
        u = state.u.get(n, 0 * e[n])
        total += 0.7 / 2 * (((e[n] + u) ** 2).sum() - (u**2).sum())
        assert found.primal[n] == pytest.approx(np.sqrt((e[n] ** 2).mean()), rel=1e-12)
    w = state.w.get("h", 0 * gap)
    total += 0.4 / 2 * (((gap + w) ** 2).sum() - (w**2).sum())
    assert found.primal["h.step"] == pytest.approx(np.sqrt((gap**2).mean()), rel=1e-12)
    expected = total / 6 + 0.2 / 2 * (state.weights["h.weight"] ** 2).sum()
    assert found.lagrangian == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", KEPT)
def test_duals_move_along_the_residuals(name: str) -> None:
    """All in full_dual, the step's alone in consensus, the output's last step else; by dual_step, whatever rho."""
    algorithm = ALGORITHMS[name](rho=0.7, sigma=0.4, dual_step=0.3, dtype="float64")  # type: ignore[call-arg]
    s = random_state(small(), algorithm)
    e, gap = naive_residuals(s, algorithm.form), s.state.a["h"] - (s.state.v["h"] > THETA)
    u, w = dict(s.state.u), dict(s.state.w)
    s.run(Word("duals"))
    assert all(s.state.u[n] is u[n] for n in u) and s.state.w["h"] is w["h"], "they rest until they may move"
    s.moving = True
    s.run(Word("duals"))
    move = {n: np.zeros_like(x) for n, x in e.items()}
    if name == "full_dual":
        move = e
    elif name != "consensus":
        move["y"][-1] = e["y"][-1]
    for n in u:
        np.testing.assert_allclose(s.state.u[n], u[n] + 0.3 * move[n], rtol=1e-12, atol=1e-12)
    step = gap if name in ("full_dual", "consensus") else 0 * gap
    np.testing.assert_allclose(s.state.w["h"], w["h"] + 0.3 * step, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("over", ["last", "count"])
@pytest.mark.parametrize("name", ["exact_block", "full_dual"])
def test_spikes_pay_their_price_and_answer_counts(name: str, over: str) -> None:
    """Without readers, reset or box the spikes are ``H - w - price/sigma - gradient of the loss on counts / sigma``."""
    x = so.Input(4, name="x")
    h = so.LIF(beta=BETA, threshold=THETA, reset_mechanism="none", name="h")(so.Dense(3)(x))
    y = so.LI(name="y")(so.Dense(3)(x))
    objective = so.SquaredError(y) + 0.02 * so.SpikeCost(h) + 0.01 * so.SquaredError(h, over="count")
    outputs = [y, h]
    algorithm: Any = ALGORITHMS[name](sigma=0.4, dtype="float64")  # type: ignore[call-arg]
    plan, rng = so.compile(so.Problem(so.Network(x, outputs), objective), algorithm), np.random.default_rng(0)
    wiring = Wiring(plan.program, F64)
    raw = {v.name: rng.standard_normal(v.shape) for v in plan.program.variables if v.kind in ("weight", "bias")}
    labels = rng.integers(0, 3, 6)
    data = {"x": rng.standard_normal((5, 6, 4))}
    state = State(check_weights(plan.program, raw, F64), data, {"y": labels, "h": labels}, 5)
    state.roll_out(wiring)
    state.w = {"h": 0.1 * rng.standard_normal(state.a["h"].shape)}
    s = KeptSweeper(wiring, plan.bindings, algorithm, state)
    count = state.a["h"].sum(0)
    expected = (state.v["h"] > THETA) - state.w["h"] - (0.02 + 0.01 * (count - np.eye(3)[labels])) / 0.4
    s.run(Word("spikes", "h"))
    if name == "exact_block":
        expected = np.clip(expected, 0, 1)
    np.testing.assert_allclose(state.a["h"], expected, rtol=1e-9, atol=1e-9)


def late() -> so.Problem:
    """A layer that hears its own spikes two steps later."""
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, reset_mechanism="none", name="h")(so.Dense(5)(x))
    y = so.LI(name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y, feedback={h: so.Dense()(so.Delay(2)(h))}), so.SquaredError(y, over="last"))


def test_a_layer_that_hears_itself_late_is_still_minimised() -> None:
    s = random_state(late(), so.algorithms.ExactBlock(sigma=0.4, dtype="float64"))
    s.run(Word("spikes", "h"))
    a, best, rng = s.state.a["h"], measure(s).lagrangian, np.random.default_rng(0)
    for _ in range(50):
        s.state.a = s.state.a | {"h": np.clip(a + 0.1 * rng.standard_normal(a.shape), 0, 1)}
        assert measure(s).lagrangian >= best - 1e-9


@pytest.mark.parametrize("kind", ["spikes", "potentials"])
@pytest.mark.parametrize("step", range(5))
def test_a_layer_that_hears_itself_late_is_minimised_step_by_step(
    kind: Literal["spikes", "potentials"], step: int
) -> None:
    s = random_state(late(), so.algorithms.Perin2025(sigma=0.4, dtype="float64"))
    s.run(Word(kind, "h", step))
    held = s.state.a if kind == "spikes" else s.state.v
    best, x, rng = measure(s).lagrangian, held["h"], np.random.default_rng(0)
    for _ in range(50):
        moved = x.copy()
        moved[step] += 0.1 * rng.standard_normal(x[step].shape)
        if kind == "spikes":
            s.state.a = s.state.a | {"h": np.clip(moved, 0, 1)}
        else:
            s.state.v = s.state.v | {"h": moved}
        assert measure(s).lagrangian >= best - 1e-9


NET = Net((Layer("a"), Layer("b")), (Layer("y"),), 4)


@pytest.mark.parametrize("name", ["exact_block", "full_dual", "consensus"])
def test_sweeps_go_backward(name: str) -> None:
    kinds = ["spikes", "potentials", "weights"]
    expected = [("readout", None), *[(k, n) for n in "ba" for k in kinds], ("duals", None)]
    assert [(w.kind, w.layer) for w in ALGORITHMS[name]().sweep(NET)] == expected


def test_the_published_sweep() -> None:
    words = [(w.kind, w.layer, w.step) for w in ALGORITHMS["perin2025"]().sweep(NET)]
    assert words[-1] == ("duals", None, None) and len(words) == 2 * (1 + 2 * 4) + 1 + 4 + 1
    for at in (0, 9):
        layer = words[at][1]
        assert words[at] == ("weights", layer, None)
        times = [words[at + 1 + 2 * k][2] or 0 for k in range(4)]
        assert sorted(times) == [0, 1, 2, 3] and times[-1] == 3
        for k, t in enumerate(times):
            assert words[at + 1 + 2 * k : at + 3 + 2 * k] == [("spikes", layer, t), ("potentials", layer, t)]
    assert words[18] == ("weights", "y", None)
    assert [w[0] for w in words[19:23]] == ["potentials"] * 4 and words[22][2] == 3


@pytest.mark.parametrize("name", KEPT)
def test_records_of_a_kept_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Duals rest in the warm-up; dual residuals are ``rho rms(dv)`` and ``sigma rms(dH)``; losses are of rollouts."""
    seen: list[Any] = []
    rng = np.random.default_rng(0)
    x, labels = rng.random((6, 30, 4)), rng.integers(0, 3, 30)

    def watched(sweeper: KeptSweeper) -> Any:
        found, state = measure(sweeper), sweeper.state
        seen.append((found.fires["h"], {n: v.copy() for n, v in state.v.items()}, bool(state.u or state.w)))
        return found

    monkeypatch.setattr("snnopt.runtime.loops.kept.measure", watched)
    algorithm = ALGORITHMS[name](max_iter=4, warm_up=2, rho=0.7, sigma=0.4, dtype="float64")  # type: ignore[call-arg]
    result = so.compile(small(), algorithm).solve(x, labels)
    assert [moved for *_, moved in seen] == [False, False, True, True]
    records = result.history.records
    for k in range(1, 4):
        for n in ("h", "y"):
            change = np.sqrt(np.mean((seen[k][1][n] - seen[k - 1][1][n]) ** 2))
            assert records[k].dual[n] == pytest.approx(0.7 * change, rel=1e-9)
        flipped = np.mean(seen[k][0] != seen[k - 1][0])
        assert records[k].dual["h.step"] == pytest.approx(0.4 * np.sqrt(flipped), rel=1e-9)
    traces = so.simulate(result, result.last_weights, x)
    m, spikes = traces["y"].potentials[-1], traces["h"].spikes
    assert spikes is not None
    loss = 0.6 * ((m - np.eye(3)[labels]) ** 2).sum(1).mean() / 2 + 0.3 * spikes.sum((0, 2)).mean()
    loss += 0.2 / 2 * (result.last_weights["h.weight"] ** 2).sum()
    assert records[-1].loss == pytest.approx(loss, rel=1e-9)


def test_dual_residuals_without_hidden_layers() -> None:
    """A lone output's potentials are not written in place from one sweep to the next."""
    x = so.Input(4, name="x")
    y = so.LI(name="y")(so.Dense(3)(x))
    rng = np.random.default_rng(0)
    algorithm = so.algorithms.Perin2025(max_iter=3, dtype="float64")
    result = so.compile(so.Problem(so.Network(x, y), so.SquaredError(y)), algorithm).solve(
        rng.random((6, 30, 4)), rng.integers(0, 3, 30)
    )
    assert all(r.dual["y"] > 0 for r in result.history.records[1:])


def test_the_published_last_step() -> None:
    """``v = (q + s y - rho u)/(1 + s)``, q without the dual."""
    algorithm = so.algorithms.Perin2025(last_step="published", rho=2.0, dtype="float64")
    s = random_state(small(), algorithm)
    state = s.state
    i = state.a["h"][-1] @ state.weights["y.weight"].T + state.weights["y.bias"]
    q = BETA_OUT * state.v["y"][-2] + i
    expected = (q + 0.6 * np.eye(3)[state.targets["y"]] - 2.0 * state.u["y"][-1]) / 1.6
    s.run(Word("potentials", "y", 4))
    np.testing.assert_allclose(s.state.v["y"][-1], expected, rtol=1e-12)


def test_the_lagrangian_judges_the_copies() -> None:
    """Penalties are of the weights that a user gets, as are constraints; the weights themselves are pulled to them."""
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, threshold=0.9, name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h))
    term = 0.6 * so.SquaredError(y, over="last") + 0.2 * so.L2(h.weights)
    problem = so.Problem(so.Network(x, y), term, constraints=[so.Box(h.weights, -0.1, 0.1)])
    s = random_state(problem, ALGORITHMS["exact_block"](dtype="float64"))
    (solver,) = s.weights["h"]
    assert solver.split is not None and solver.split.dual
    solver.update(s.state)
    split = solver.split
    w = np.column_stack([s.state.weights["h.weight"], s.state.weights["h.bias"]])
    np.testing.assert_allclose(split.u[:, :4], (w - split.v)[:, :4], rtol=1e-9)
    assert np.any(split.u) and np.abs(w[:, :4]).max() > 0.1
    assert s.penalties_of_weights() == pytest.approx(0.1 * (split.v[:, :4] ** 2).sum(), rel=1e-12)
    assert np.isfinite(measure(s).lagrangian)
