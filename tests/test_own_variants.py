"""Variants written by decorator: the shipped six say the same that way; damping, inner passes, orders, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import ALGORITHMS, Algorithm, KeptAlgorithm, Net, OwnKept, OwnRollout, Word
from snnopt.algorithms.words import Layer
from snnopt.runtime import Wiring
from snnopt.runtime.batch import Batch
from snnopt.runtime.kept import KeptSweeper
from snnopt.runtime.sweeper import Sweeper
from tests.sweeps import F64, one_hidden, random_state, random_weights, series, small

# ---- the shipped six, written by decorator


def contract(net: Any) -> Any:
    """The example of the public contract, word for word."""
    yield net.rollout
    yield net.readout
    yield net.demands
    for layer in reversed(net.hidden):
        yield layer.spikes
        yield layer.potentials
        yield layer.weights
    yield net.duals


def from_rollout(net: Any) -> Any:
    yield net.rollout
    yield net.readout
    yield net.demands
    for layer in reversed(net.hidden):
        yield layer.potentials
        yield layer.weights


def backward(net: Any) -> Any:
    yield net.readout
    for layer in reversed(net.hidden):
        yield layer.spikes
        yield layer.potentials
        yield layer.weights
    yield net.duals


def step_by_step(net: Any) -> Any:
    for layer in net.shuffled(net.hidden):
        yield layer.weights
        for t in net.times():
            yield layer.spikes_at(t)
            yield layer.potentials_at(t)
    for output in net.outputs:
        yield output.weights
        for t in net.times():
            yield output.potentials_at(t)
    yield net.duals


CONSENSUS = {"duals": "step", "dual_step": 1.0, "warm_up": 0}
SIX: dict[str, tuple[Any, dict[str, Any]]] = {
    "online": (from_rollout, {"form": "trace"}),
    "rollout": (from_rollout, {"form": "trace", "step_rule": "exact"}),
    "perin2025": (step_by_step, {"form": "difference"}),
    "exact_block": (backward, {"form": "difference"}),
    "full_dual": (backward, {"form": "trace"}),
    "consensus": (backward, {"form": "trace", **CONSENSUS}),
}


def two_hidden(**more: Any) -> so.Problem:
    x = so.Input(4, name="x")
    h1 = so.LIF(beta=0.8, name="h1")(so.Dense(7)(x))
    h2 = so.LIF(beta=0.7, threshold=0.9, name="h2")(so.Dense(6)(h1))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h2))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y) + 1e-3 * so.L2(h1.weights), **more)


def own(write: Any, **settings: Any) -> Any:
    return so.algorithm(**settings)(write)


def solved(algorithm: Any, problem: so.Problem | None = None, seed: int = 0) -> so.Result:
    return so.compile(problem or two_hidden(), algorithm).solve(*series(), seed=seed)


def same(a: so.Result, b: so.Result) -> bool:
    pairs = [(a.weights, b.weights), (a.last_weights, b.last_weights)]
    return all(np.array_equal(first[n], second[n]) for first, second in pairs for n in first)


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("name", SIX)
def test_a_shipped_sweep_written_by_decorator_is_the_shipped_algorithm(name: str, seed: int) -> None:
    """With the same settings bit for bit, and with no settings the same defaults but for the ones that tell the six apart."""
    write, settings = SIX[name]
    length: Any = {"epochs": 3} if name == "online" else {"max_iter": 5}
    shipped: Any = ALGORITHMS[name](**length)
    made = own(write, **settings, **length)
    kept = OwnKept if isinstance(shipped, KeptAlgorithm) else OwnRollout
    assert type(made) is kept and issubclass(kept, Algorithm)
    ours, theirs = (solved(a, seed=seed) for a in (made, shipped))
    assert same(ours, theirs)
    columns = ["loss", "accuracy", "firing_rate", "lagrangian", "primal", "dual", "penalty", "step", "ridge"]
    for a, b in zip(ours.history, theirs.history, strict=True):
        assert repr([getattr(a, c) for c in columns]) == repr([getattr(b, c) for c in columns])
    own_settings = made.settings()
    for f in fields(shipped):
        if f.name in own_settings:
            assert own_settings[f.name] == getattr(shipped, f.name)


def test_published_settings_are_there_too() -> None:
    mine = own(step_by_step, form="difference", box="published", last_step="published", max_iter=5)
    published = so.Perin2025(clip="published", last_step="published", max_iter=5)
    assert same(solved(mine, small()), solved(published, small()))
    mine = own(backward, form="difference", order="coloured", start="rollout", max_iter=5)
    assert same(solved(mine), solved(so.ExactBlock(chain="coloured", start="rollout", max_iter=5)))


def test_the_contract_trains_on_digits() -> None:
    x = so.Input(64, name="pixels")
    h = so.LIF(beta=0.9, threshold=1.0, name="hidden")(so.Dense(100)(x))
    y = so.LI(beta=0.9, name="readout")(so.Dense(10)(h))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y, over="mean") + 1e-3 * so.L2(h.weights))
    d = so.data.digits()
    backward_sweep = own(contract, form="trace", epochs=4)
    plan = so.compile(problem, backward_sweep)
    result = plan.solve(d.X_train, d.y_train, timesteps=10, seed=0)
    assert result.score(d.X_test, d.y_test) > 0.95
    plain = so.compile(problem, so.Online(epochs=4)).solve(d.X_train, d.y_train, timesteps=10, seed=0)
    assert same(result, plain), "spikes and duals have nothing left to do"
    assert "spikes move with the demands; duals of copies with the weights" in plan.explain()


# ---- what a decorated sweep is


@pytest.mark.parametrize("name", SIX)
def test_a_variant_is_an_algorithm_like_any_other(name: str, tmp_path: Path) -> None:
    write, settings = SIX[name]
    length: Any = {"epochs": 2} if name == "online" else {"max_iter": 2}
    mine = own(write, **settings, **length)
    plan = so.compile(two_hidden(), mine)
    assert mine.name == write.__name__ and plan.explain().startswith(f"algorithm  {write.__name__}: ")
    assert repr(mine).startswith(f"{write.__name__}(") and "ridge=" in repr(mine) and "form=" in repr(mine)
    assert so.latex(plan)
    so.verify(plan, seed=0, trials=1).raise_if_failed()
    X, labels = series()
    result = plan.solve(X, labels)
    result.save(tmp_path / "own.npz")
    loaded = so.load(tmp_path / "own.npz")
    assert loaded.algorithm == write.__name__
    np.testing.assert_array_equal(loaded.predict(X), result.predict(X))


def test_random_orders_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    plan, path = (
        so.compile(two_hidden(), own(step_by_step, form="difference", max_iter=4, warm_up=1)),
        tmp_path / "run.npz",
    )
    seen: list[so.Record] = []

    def stop(record: so.Record) -> None:
        seen.append(record)
        if len(seen) == 2:
            raise KeyboardInterrupt

    whole = plan.solve(*series())
    assert plan.solve(*series(), checkpoint=path, callback=stop).status is so.Status.INTERRUPTED
    assert same(plan.solve(*series(), resume=path), whole)


def test_settings_are_changed_on_a_copy() -> None:
    first = own(backward, form="trace", sigma=0.5, duals="step")
    second = first(rho=2.0, max_iter=3)
    assert isinstance(first, OwnKept) and isinstance(second, OwnKept)
    assert (second.rho, second.sigma, second.max_iter, second.duals) == (2.0, 0.5, 3, "step")
    assert first.rho == 1.0 and same(solved(second), solved(second()))
    assert first(form="difference").settings() | {"form": 0} == own(
        backward, form="difference", sigma=0.5, duals="step"
    ).settings() | {"form": 0}
    exact = own(from_rollout, form="trace")(step_rule="exact", flips=0.1)
    assert isinstance(exact, OwnRollout) and exact.step_coupling == so.Rollout(flips=0.1).step_coupling
    assert own(from_rollout)(dtype="float64").dtype == "float64"


def test_what_a_sweep_says_of_itself_is_explained() -> None:
    @so.algorithm(form="trace", duals="none")
    def frozen(net: Net) -> Any:
        """Only the last hidden layer learns.

        The others rest.
        """
        yield net.readout
        yield net["h2"].spikes
        yield net["h2"].potentials
        yield net["h2"].weights

    text = so.compile(two_hidden(), frozen).explain()
    assert text.startswith(
        "algorithm  frozen: Only the last hidden layer learns; trace form from a rollout, no duals\n"
    )
    assert "duals      none" in text
    for block in ("h1.weights", "h1.potentials", "h1.spikes"):
        assert f"rests      {block}: no word of the sweep updates it" in text
    assert text.count("rests ") == 3 and "rests" not in so.compile(two_hidden(), "full_dual").explain()
    result = solved(frozen(max_iter=2))
    start = solved(frozen(max_iter=1))
    np.testing.assert_array_equal(result.last_weights["h1.weight"], start.last_weights["h1.weight"])
    assert not np.array_equal(result.last_weights["h2.weight"], start.last_weights["h2.weight"])


def test_no_duals_means_that_none_move() -> None:
    plain = own(lambda net: [w for w in backward(net) if w.kind != "duals"], max_iter=4)
    assert plain.duals == "none" and plain.name == "<lambda>"
    assert same(solved(plain), solved(own(backward, duals="none", max_iter=4)))
    assert not same(solved(plain), solved(own(backward, max_iter=4, warm_up=0)))


# ---- layers and times


NET = Net((Layer("a"), Layer("b"), Layer("c")), (Layer("y"),), 5, np.random.default_rng(0))


def test_layers_by_name_and_times_in_order() -> None:
    assert NET["b"] == NET.hidden[1] and NET["y"] == NET.outputs[0]
    assert NET.forward_times() == [0, 1, 2, 3, 4] and NET.backward_times() == [4, 3, 2, 1, 0]
    assert sorted(NET.times()) == NET.forward_times() and NET.times()[-1] == 4
    with pytest.raises(so.UnknownNameError, match="'hiden'") as caught:
        Net((Layer("hidden"),), (Layer("y"),))["hiden"]
    assert "did you mean 'hidden'" in caught.value.fix
    assert any(NET.shuffled(NET.hidden) != list(NET.hidden) for _ in range(9))


@pytest.mark.parametrize("layers", ["hidden", "reversed", "shuffled"])
@pytest.mark.parametrize("times", ["times", "forward_times", "backward_times"])
def test_orders_are_the_same_for_the_same_seed(layers: str, times: str) -> None:
    asked: list[list[tuple[str, str | None, int | None]]] = []

    @so.algorithm(form="difference", max_iter=3, warm_up=1)
    def sweep(net: Net) -> Any:
        asked.append([])
        order = {"hidden": list, "reversed": lambda x: list(reversed(x)), "shuffled": net.shuffled}[layers](net.hidden)
        for layer in (*order, *net.outputs):
            for t in getattr(net, times)():
                for word in [] if layer in net.outputs else [layer.spikes_at(t)]:
                    asked[-1].append((word.kind, word.layer, word.step))
                    yield word
                asked[-1].append(("potentials", layer.name, t))
                yield layer.potentials_at(t)
            yield layer.weights
        yield net.duals

    plan, found = so.compile(two_hidden(), sweep), []
    for seed in (0, 0, 1):
        asked.clear()
        found.append((plan.solve(*series(), seed=seed), [list(a) for a in asked]))
    assert same(found[0][0], found[1][0]) and found[0][1] == found[1][1]
    random = layers == "shuffled" or times == "times"
    assert (found[0][1] != found[2][1]) == random
    assert (found[0][1][0] != found[0][1][1]) == random


# ---- inner passes


@pytest.mark.parametrize("form", ["trace", "difference"])
def test_a_word_twice_is_two_words(form: Any) -> None:
    """Twice the sweep in one iteration is two iterations; the last of the kept state counts."""

    def twice(net: Any) -> Any:
        for _ in range(2):
            yield from backward(net)

    once = own(backward, form=form, warm_up=0, max_iter=4)
    again = own(twice, form=form, warm_up=0, max_iter=2)
    a, b = solved(once), solved(again)
    assert all(np.array_equal(a.last_weights[n], b.last_weights[n]) for n in a.weights)


@pytest.mark.parametrize("algorithm", [so.Online(dtype="float64"), so.Rollout(dtype="float64")], ids=lambda a: a.name)
def test_a_second_rollout_in_a_sweep_begins_anew(algorithm: Any) -> None:
    """Two sweeps on one batch do what they do on a batch and then a fresh one of the same samples."""
    X, labels = series()
    plan = so.compile(two_hidden(), algorithm)
    found: list[Any] = []
    for fresh in (True, False):
        sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, algorithm, random_weights(plan), len(X))
        batch = Batch({"x": X}, {"y": labels})
        net = Net((Layer("h1"), Layer("h2")), (Layer("y"),), len(X))
        for _ in range(2):
            batch = batch.again() if fresh else batch
            for word in algorithm.updates(net):
                sweeper.run(word, batch)
        found.append((sweeper.weights, (batch.promised, batch.loss)))
    (w, numbers), (again, others) = found
    assert numbers == others and all(np.array_equal(w[n], again[n]) for n in w)


def test_inner_passes_train() -> None:
    def inner(net: Any) -> Any:
        for _ in range(2):
            yield from from_rollout(net)

    for rule in ("dithered", "exact"):
        result = solved(own(inner, step_rule=rule))
        losses: Any = result.history["loss"]
        assert min(losses) < 0.8 * losses[0] and result.status is not so.Status.DIVERGED


# ---- damping


def between(old: Any, new: Any, damping: float) -> Any:
    return {n: old[n] + damping * (new[n] - old[n]) for n in new}


def word_of(kind: Any, layer: str, step: int | None = None) -> Word:
    return Word(kind, layer, step)


KEPT_WORDS = [Word("spikes", "h"), Word("potentials", "h"), Word("weights", "h"), Word("weights", "y")]
CASES = [("full_dual", w) for w in (*KEPT_WORDS, Word("potentials", "y"))]
CASES += [("exact_block", w) for w in (*KEPT_WORDS, Word("potentials", "y"))]
CASES += [
    ("perin2025", word_of(k, n, t))
    for k, n in (("spikes", "h"), ("potentials", "h"), ("potentials", "y"))
    for t in (1, 4)
]


@pytest.mark.parametrize("damping", [0.3, 1.0])
@pytest.mark.parametrize(("name", "word"), CASES, ids=str)
def test_a_damped_word_goes_a_part_of_the_way(name: str, word: Word, damping: float) -> None:
    algorithm: Any = ALGORITHMS[name](sigma=0.4, dtype="float64")  # type: ignore[call-arg]

    def state_of(s: KeptSweeper) -> list[dict[str, np.ndarray]]:
        return [dict(s.state.weights), *({n: x.copy() for n, x in d.items()} for d in (s.state.v, s.state.a))]

    whole, part = random_state(small(), algorithm), random_state(small(), algorithm)
    before = state_of(part)
    whole.run(word)
    part.run(word.damped(damping))
    changed = 0
    for old, new, got in zip(before, state_of(whole), state_of(part), strict=True):
        for n, expected in between(old, new, damping).items():
            np.testing.assert_allclose(got[n], expected, rtol=1e-12, atol=1e-12)
            changed += not np.array_equal(old[n], new[n])
    assert changed == (2 if word.kind == "weights" else 1), "weight and bias; or one layer's variables"


def test_a_damped_readout_damps_each_of_its_blocks() -> None:
    algorithm = so.FullDual(dtype="float64")
    whole, parts = random_state(small(), algorithm), random_state(small(), algorithm)
    whole.run(Word("readout").damped(0.3))
    parts.run(Word("weights", "y").damped(0.3))
    parts.run(Word("potentials", "y").damped(0.3))
    np.testing.assert_array_equal(whole.state.v["y"], parts.state.v["y"])
    np.testing.assert_array_equal(whole.state.weights["y.weight"], parts.state.weights["y.weight"])


START = [Word("rollout"), Word("readout"), Word("demands")]


@pytest.mark.parametrize("algorithm", [so.Online(dtype="float64"), so.Rollout(dtype="float64")], ids=lambda a: a.name)
@pytest.mark.parametrize("kind", ["readout", "potentials", "weights"])
def test_a_damped_word_goes_a_part_of_the_way_from_a_rollout(algorithm: Any, kind: str) -> None:
    """Of potentials the move that weights then make; halves of what is left make 3/4."""
    (X, labels), damping = series(), 0.3
    plan, start = so.compile(one_hidden("subtract"), algorithm), random_weights(so.compile(one_hidden(), algorithm))

    def after(*words: Word) -> tuple[dict[str, np.ndarray], Batch]:
        sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, algorithm, start, len(X))
        batch = Batch({"x": X}, {"y": labels})
        for word in words:
            sweeper.run(word, batch)
        return sweeper.weights, batch

    v, w, r = Word("potentials", "h"), Word("weights", "h"), Word("readout")
    if kind == "potentials":
        moved = [after(*START, *words)[1] for words in ([v], [v.damped(damping)], [v.damped(0.5), v.damped(0.5)])]
        for share, batch in zip((damping, 0.75), moved[1:], strict=True):
            full, got = (b.wanted["h"].potentials / b.rho["h"] for b in (moved[0], batch))
            assert np.any(full)
            np.testing.assert_allclose(got, share * full, rtol=1e-12)
        words = [[*START], [*START, v, w], [*START, v.damped(damping), w]]
    elif kind == "weights":
        words = [[*START], [*START, v, w], [*START, v, w.damped(damping)]]
    else:
        words = [[START[0]], [START[0], r], [START[0], r.damped(damping)]]
    (old, _), (new, _), (reached, batch) = (after(*ws) for ws in words)
    for n, expected in between(old, new, damping).items():
        np.testing.assert_allclose(reached[n], expected, rtol=1e-9, atol=1e-12)
    assert any(not np.array_equal(old[n], new[n]) for n in old)
    if kind == "readout":
        seen = after(START[0], r.damped(damping), START[0])[1]
        assert batch.solved_loss == pytest.approx(seen.loss, rel=1e-9), "what the losses see is of the damped weights"


def test_a_damped_readout_promises_its_own_decrease() -> None:
    X, labels = series()
    x = so.Input(4, name="x")
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(x))
    problem = so.Problem(so.Network(x, y), so.SquaredError(y) + 0.4 * so.L2(y.weights))
    algorithm = so.Rollout(readout_step=1.0, readout_ridge=1e-12, dtype="float64")
    plan = so.compile(problem, algorithm)
    sweeper = Sweeper(Wiring(plan.program, F64), plan.bindings, algorithm, random_weights(plan), len(X))
    batch = Batch({"x": X}, {"y": labels})
    sweeper.run(Word("rollout"), batch)
    sweeper.run(Word("readout").damped(0.3), batch)
    assert batch.loss - batch.solved_loss == pytest.approx(batch.promised, rel=1e-6)


@pytest.mark.parametrize(
    ("write", "settings"), [(from_rollout, {}), (from_rollout, {"step_rule": "exact"}), (backward, {})]
)
def test_damped_weights_keep_their_constraints(write: Any, settings: Any) -> None:
    def damped(net: Any) -> Any:
        for word in write(net):
            yield word.damped(0.4) if word.kind in ("weights", "readout") else word

    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(7)(x))
    y = so.LI(beta=0.8, name="y")(so.Dense(3)(h))
    constraints = [so.Box(h.weights, -0.1, 0.2), so.Grid(y.weights, bits=2)]
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y), constraints=constraints)
    result = solved(own(damped, **settings), problem)
    for weights in (result.weights, result.last_weights):
        assert weights["h.weight"].min() >= np.float32(-0.1) and weights["h.weight"].max() <= np.float32(0.2)
        assert len(np.unique(np.abs(weights["y.weight"]))) <= 2
    assert not same(result, solved(own(write, **settings), problem))


def test_damped_weights_make_their_copy_of_what_they_reach() -> None:
    """``W = W_0 + d dW``, ``V = prox(W + U)``, ``U += W - V``."""
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, threshold=0.9, name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h))
    problem = so.Problem(so.Network(x, y), so.SquaredError(y), constraints=[so.Box(h.weights, -0.1, 0.1)])
    whole, part = (random_state(problem, so.FullDual(dtype="float64")) for _ in range(2))
    w0 = part.state.weights["h.weight"]
    whole.run(Word("weights", "h"))
    part.run(Word("weights", "h").damped(0.3))
    expected = w0 + 0.3 * (whole.state.weights["h.weight"] - w0)
    np.testing.assert_allclose(part.state.weights["h.weight"], expected, rtol=1e-12)
    (solver,) = part.weights["h"]
    assert solver.split is not None
    copy = np.clip(expected, -0.1, 0.1)  # U was zero
    np.testing.assert_allclose(solver.split.v[:, :4], copy, rtol=1e-12)
    np.testing.assert_allclose(solver.split.u[:, :4], expected - copy, rtol=1e-12)


@pytest.mark.parametrize("damping", [0, -0.5, 1.5, float("nan"), True, "half", None])
def test_damping_is_a_share(damping: Any) -> None:
    with pytest.raises(so.ModelError, match=r"damped\(") as caught:
        Layer("h").weights.damped(damping)
    assert caught.value.where == "'weights' of 'h'" and "(0, 1]" in caught.value.fix


@pytest.mark.parametrize(("word", "fix"), [("rollout", "whole"), ("demands", "potentials"), ("duals", "dual_step")])
def test_what_is_no_block_is_not_damped(word: str, fix: str) -> None:
    with pytest.raises(so.ModelError, match=word) as caught:
        getattr(NET, word).damped(0.5)
    assert fix in caught.value.fix


# ---- what is refused when a sweep is decorated


def mixed(net: Any) -> Any:
    yield net.readout
    yield net.hidden[0].spikes_at(0)


def endless(net: Any) -> Any:
    while True:
        yield net.readout


def nothing(net: Any) -> None:
    net.rollout  # noqa: B018 - the forgotten yield


def three(net: Any) -> Any:
    yield net.readout
    yield 3


def no_weights(net: Any) -> Any:
    yield net.hidden[0].potentials


DECORATED: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "form": (backward, {"form": "traces"}, "form = 'traces'", "form='trace'"),
    "name for form": (backward, {"form": "online"}, "form = 'online'", "compile"),
    "demands in difference form": (contract, {"form": "difference"}, "net.demands", 'form="trace"'),
    "setting of the other kind": (
        contract,
        {"rho": 2.0},
        "'rho' is a setting of a sweep without net.demands",
        "epochs",
    ),
    "setting of the other rule": (contract, {"flips": 0.1}, 'step_rule="exact"', "epochs"),
    "epochs of a kept one": (backward, {"epochs": 3}, "'epochs' is a setting of a sweep with net.demands", "max_iter"),
    "rule of a kept one": (backward, {"step_rule": "exact"}, "step_rule", "net.demands"),
    "rule": (contract, {"step_rule": "hard"}, "step_rule = 'hard'", "'dithered' or 'exact'"),
    "unknown": (backward, {"sigm": 2.0}, "'sigm'", "did you mean 'sigma'"),
    "negative": (backward, {"rho": -1.0}, "rho = -1.0", "positive"),
    "fraction": (contract, {"refresh": 2.5}, "refresh = 2.5", "whole number"),
    "choice": (backward, {"duals": "some"}, "duals = 'some'", "'none'"),
    "start": (backward, {"start": "zero"}, "start = 'zero'", "'rollout' or 'uniform'"),
    "dtype": (contract, {"dtype": "float16"}, "dtype = 'float16'", "'float64'"),
    "box in trace form": (backward, {"box": "exact"}, "box = 'exact'", 'form="difference"'),
    "coloured in trace form": (backward, {"order": "coloured"}, "order = 'coloured'", '"together"'),
    "single steps in trace form": (step_by_step, {}, "single steps", 'form="difference"'),
    "order one": (backward, {"form": "difference", "order": "one"}, "order = 'one'", '"together" or "coloured"'),
    "order together": (step_by_step, {"form": "difference", "order": "together"}, "order = 'together'", '"one"'),
    "published": (backward, {"form": "difference", "last_step": "published"}, "last_step", "potentials_at"),
    "mixed": (mixed, {"form": "difference"}, "both 'spikes_at' and 'readout'", "one step after the other"),
    "endless": (endless, {}, "100000 words", "let it end"),
    "no generator": (nothing, {}, "returns None", "yield"),
    "no word": (three, {}, "yields 3", "net.readout"),
    "no weights": (no_weights, {}, "never solves for weights", "layer.weights"),
    "no function": (3, {}, "3 is not a function", "def sweep"),
}


@pytest.mark.parametrize("case", DECORATED)
def test_what_does_not_fit_is_refused_with_what_to_write(case: str) -> None:
    write, settings, says, fix = DECORATED[case]
    with pytest.raises(so.ModelError if case != "unknown" else so.UnknownNameError) as caught:
        own(write, **settings)
    assert says in str(caught.value) and fix in caught.value.fix
    if callable(write) and not case.endswith("form"):
        assert repr(write.__name__) in caught.value.where


def test_duals_without_their_word_are_refused() -> None:
    def still(net: Any) -> Any:
        yield net.readout

    with pytest.raises(so.ModelError, match=r"never yields net\.duals"):
        own(still, duals="all")
    assert own(still).duals == "none"


def test_the_decorator_wants_its_parentheses() -> None:
    with pytest.raises(so.ModelError, match="'backward'") as caught:
        so.algorithm(backward)  # type: ignore[arg-type]
    assert '@so.algorithm(form="trace")' in caught.value.fix


def test_a_sweep_that_is_not_decorated_is_told_how() -> None:
    with pytest.raises(so.ModelError, match="neither") as caught:
        so.compile(two_hidden(), backward)  # type: ignore[arg-type]
    assert "@so.algorithm" in caught.value.fix


def test_a_users_own_mistake_is_shown_as_it_is() -> None:
    def broken(net: Any) -> Any:
        yield net.readout
        yield net.hidden[99].weights

    with pytest.raises(IndexError):
        own(broken)

    def misspelt(net: Any) -> Any:
        yield net.redout

    with pytest.raises(AttributeError, match="redout"):
        own(misspelt)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_sweep_may_count_on_its_layers(count: int) -> None:
    """It is tried on nets of several sizes, and need not run on all."""

    def counted(net: Any) -> Any:
        layers = list(net.hidden)
        if len(layers) != count:
            raise ValueError("another net")
        yield net.readout
        for layer in layers:
            yield layer.weights

    assert own(counted).name == "counted"


# ---- what is refused when it is compiled


def refused(write: Any, **settings: Any) -> Any:
    algorithm = own(write, **settings)
    with pytest.raises((so.CompileError, so.UnknownNameError)) as caught:
        so.compile(two_hidden(), algorithm)
    return caught.value


ORDER: dict[str, tuple[Callable[[Any], list[Any]], str, str]] = {
    "demands first": (lambda n: [n.demands, n.readout], "'demands' before net.rollout", "yield net.rollout first"),
    "readout first": (lambda n: [n.readout, n.rollout, n.demands], "'readout' before net.rollout", "net.rollout first"),
    "potentials first": (
        lambda n: [n.rollout, n.readout, n["h1"].potentials, n.demands],
        "'potentials' of 'h1' before net.demands",
        "net.demands first",
    ),
    "spikes first": (lambda n: [n.rollout, n.readout, n["h1"].spikes, n.demands], "'spikes' of 'h1'", "net.demands"),
    "weights first": (
        lambda n: [n.rollout, n.readout, n.demands, n["h1"].weights],
        "'weights' of 'h1' before the potentials of 'h1'",
        "first",
    ),
    "stale": (
        lambda n: [n.rollout, n.readout, n.demands, n["h1"].potentials, n.rollout, n["h1"].weights],
        "'weights' of 'h1'",
        "first",
    ),
    "no readout": (
        lambda n: [n.rollout, n.demands, n["h1"].potentials, n["h1"].weights],
        "never solves for the read-out",
        "net.readout",
    ),
    "damped spikes": (
        lambda n: [n.rollout, n.readout, n.demands, n["h1"].spikes.damped(0.5)],
        "damps 'spikes' of 'h1'",
        "potentials",
    ),
    "an output's weights": (
        lambda n: [n.rollout, n.readout, n.demands, n["y"].weights],
        "'y', which is an output",
        "net.readout",
    ),
    "steps": (lambda n: [n.rollout, n.readout, n.demands, n["h1"].potentials_at(1)], "'potentials_at'", "potentials"),
    "a layer made up": (lambda n: [n.rollout, n.readout, n.demands, Layer("h9").potentials], "'h9'", "h1, h2, y"),
    "unknown": (lambda n: [n.rollout, n.readout, n.demands, n["hx"].potentials], "'hx'", "h1"),
}


@pytest.mark.parametrize("case", ORDER)
def test_words_before_their_time_are_refused(case: str) -> None:
    write, says, fix = ORDER[case]
    error = refused(write)
    assert says in str(error) and fix in error.fix


def test_words_that_the_program_has_no_layer_for_are_refused() -> None:
    def spiking_output(net: Any) -> Any:
        yield net.readout
        yield net.outputs[0].spikes

    assert "'y', which is an output" in str(refused(spiking_output))

    def by_name(net: Any) -> Any:
        yield net.readout
        yield net["h3"].weights

    assert "'h3'" in str(refused(by_name))


def test_words_that_come_with_the_net_are_refused_by_name() -> None:
    def late(net: Any) -> Any:
        yield net.readout
        if len(net.hidden) == 2:
            yield net.demands

    assert "'demands', for which it has no block" in str(refused(late))


def test_weights_shared_by_layers_wait_for_both() -> None:
    def forward(net: Any) -> Any:
        yield net.rollout
        yield net.readout
        yield net.demands
        for layer in net.hidden:
            yield layer.potentials
            yield layer.weights

    x = so.Input(5, name="x")
    share = so.Dense(5, name="w")
    h1 = so.LIF(beta=0.8, name="h1")(share(x))
    h2 = so.LIF(beta=0.8, name="h2")(share(h1))
    y = so.LI(name="y")(so.Dense(3)(h2))
    problem = so.Problem(so.Network(x, y), so.CrossEntropy(y))
    with pytest.raises(so.CompileError, match="'weights' of 'h1' before the potentials of 'h2'"):
        so.compile(problem, own(forward))
    rng = np.random.default_rng(0)
    plan = so.compile(problem, own(from_rollout, epochs=1))
    assert plan.solve(rng.random((4, 30, 5)), rng.integers(0, 3, 30)).status is so.Status.COMPLETED


def test_every_shipped_algorithm_is_at_the_top() -> None:
    for kind in ALGORITHMS.values():
        assert getattr(so, kind.__name__) is getattr(so.algorithms, kind.__name__) is kind
