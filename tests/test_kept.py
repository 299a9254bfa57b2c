"""ADMM on a kept state: every word of a sweep moves its block to the minimiser of the augmented Lagrangian, on any graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

import snnopt as so
from snnopt.algorithms import ALGORITHMS, KeptAlgorithm, Word
from snnopt.blocks import Binding
from snnopt.errors import CompileError
from snnopt.lower import lower
from snnopt.runtime import Wiring, check_weights
from snnopt.runtime.kept import KeptSweeper, State, measure
from snnopt.split import Box, Form, Order
from tests.graphs import Drawn, networks
from tests.residuals import difference_residual, trace_residual

F64 = np.dtype(np.float64)
MANY = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Any_(KeptAlgorithm):
    """A kept algorithm in a given form, for its blocks only."""

    rho: float = 0.7
    sigma: float = 0.4
    ridge: float = 1e-9
    given_box: Box = field(default="none", metadata={"choices": ("none", "exact", "published")})

    name: ClassVar[str] = "any"
    start = "rollout"
    duals = "all"
    summary: ClassVar[str] = ""

    @property
    def box(self) -> Box:
        return self.given_box

    def sweep(self, net: Any) -> Any:
        """For the compiler's check alone: words are run one by one."""
        for layer in (*net.hidden, *net.outputs):
            yield layer.weights


class Difference(Any_):
    form: ClassVar[Form] = "difference"
    order: ClassVar[Order] = "together"


class Trace(Any_):
    form: ClassVar[Form] = "trace"
    order: ClassVar[Order] = "together"


class OneByOne(Any_):
    form: ClassVar[Form] = "difference"
    order: ClassVar[Order] = "one"


def sweeper_of(drawn: Drawn, algorithm: KeptAlgorithm, chosen: Any = None) -> KeptSweeper:
    """A sweeper on a random state: nothing is feasible, all duals are on."""
    try:
        plan = so.compile(drawn.problem, algorithm, penalties=chosen)
    except CompileError:
        assume(False)
    program, rng = plan.program, np.random.default_rng(drawn.seed)
    wiring = Wiring(program, F64)
    data = {n: x.reshape(*x.shape[:2], -1) for n, x in drawn.data(program).items()}
    state = State(check_weights(program, drawn.weights(program), F64), data, drawn.targets(program), drawn.steps)
    state.scatter(wiring, rng)
    for name, v in state.v.items():
        state.v[name] = 2 * v + rng.standard_normal(v.shape)
        state.u[name] = 0.3 * rng.standard_normal(v.shape)
    for name, a in state.a.items():
        state.w[name] = 0.3 * rng.standard_normal(a.shape)
    weights = [0.1, 1.0, 3.0]
    penalties = {n: dataclasses.replace(f, weight=float(rng.choice(weights))) for n, f in plan.penalties.items()}
    return KeptSweeper(wiring, plan.bindings, algorithm, state, penalties)


def lagrangian(s: KeptSweeper) -> float:
    return measure(s).lagrangian


def is_minimal(s: KeptSweeper, put: Callable[[np.ndarray], None], x: np.ndarray, feasible: Any = None) -> None:
    """No nearby or distant point does better. ``put`` sets the variable; it is left at x."""
    rng, best = np.random.default_rng(0), lagrangian(s)
    for size in (1e-3, 1e-1, 3.0):
        for _ in range(4):
            step = size * rng.standard_normal(x.shape) * (rng.random(x.shape) < rng.choice([1.0, 0.1]))
            for sign in (1, -1):
                other = x + sign * step
                put(other if feasible is None else feasible(other))
                assert lagrangian(s) >= best - 1e-9 * (1 + abs(best)), "a better point was found"
    put(x)


def at_the_peak(s: KeptSweeper, name: str) -> bool:
    """Whether a loss on the largest potential judges the layer: its step is frozen, so a step may raise another one."""
    return any(t.over == ("max", 0) for t in s.program.losses if t.owner == name)


@pytest.mark.parametrize("kind", [Difference, Trace])
@MANY
@given(networks())
def test_every_word_finds_its_blocks_minimiser(kind: type[Any_], drawn: Drawn) -> None:
    s = sweeper_of(drawn, kind())
    state = s.state
    for name in [*s.spikes, *s.outputs]:
        before = lagrangian(s)
        s.run(Word("potentials", name))

        def put_v(x: np.ndarray, name: str = name) -> None:
            state.v = state.v | {name: x}

        if not at_the_peak(s, name):
            assert lagrangian(s) <= before + 1e-9 * (1 + abs(before))
            is_minimal(s, put_v, state.v[name])
    for name in s.spikes:
        before = lagrangian(s)
        s.run(Word("spikes", name))
        assert lagrangian(s) <= before + 1e-9 * (1 + abs(before))

        def put_a(x: np.ndarray, name: str = name) -> None:
            state.a = state.a | {name: x}

        is_minimal(s, put_a, state.a[name])
    for layer, solvers in s.weights.items():
        for solver in solvers:
            before = lagrangian(s)
            solver.update(state)
            assert lagrangian(s) <= before + 1e-7 * (1 + abs(before)), layer
            for variable in solver.block.variables:
                mask = next((c.mask for c in solver.columns if c.weight == variable), None)

                def put_w(x: np.ndarray, variable: str = variable, mask: Any = mask) -> None:
                    state.weights = state.weights | {variable: x if mask is None else x * mask}

                rng, best, w = np.random.default_rng(1), lagrangian(s), state.weights[variable]
                for size in (1e-3, 1.0):
                    for sign in (1, -1):
                        put_w(w + sign * size * rng.standard_normal(w.shape))
                        assert lagrangian(s) >= best - 1e-6 * (1 + abs(best)), variable
                put_w(w)


@MANY
@given(networks())
def test_spikes_in_a_box_are_its_minimiser(drawn: Drawn) -> None:
    s = sweeper_of(drawn, Difference(given_box="exact"))
    state = s.state
    for name in s.spikes:
        s.run(Word("spikes", name))
        a = state.a[name]
        assert a.min() >= 0 and a.max() <= 1

        def put(x: np.ndarray, name: str = name) -> None:
            state.a = state.a | {name: x}

        is_minimal(s, put, a, lambda x: np.clip(x, 0, 1))


@MANY
@given(networks())
def test_one_step_at_a_time(drawn: Drawn) -> None:
    """Each step's spikes and potentials are minimisers given all others, in any order of steps."""
    s = sweeper_of(drawn, OneByOne(given_box="exact"))
    state, rng = s.state, np.random.default_rng(drawn.seed)
    for name in [*s.spikes, *s.outputs]:
        for t in map(int, rng.permutation(drawn.steps)[:4]):
            for kind in ("spikes", "potentials") if name in s.spikes else ("potentials",):
                before = lagrangian(s)
                s.run(Word(kind, name, t))
                after = lagrangian(s)
                if at_the_peak(s, name):
                    continue
                assert after <= before + 1e-9 * (1 + abs(before))
                spikes = kind == "spikes"

                def put(x: np.ndarray, t: int = t, spikes: bool = spikes, name: str = name) -> None:
                    held = state.a if spikes else state.v
                    held[name][t] = x
                    state.a = state.a | ({name: state.a[name][:]} if spikes else {})

                x = (state.a if spikes else state.v)[name][t].copy()
                for size in (1e-3, 0.3):
                    for _ in range(3):
                        moved = x + size * rng.standard_normal(x.shape)
                        put(np.clip(moved, 0, 1) if spikes else moved)
                        assert lagrangian(s) >= after - 1e-9 * (1 + abs(after))
                put(x)


@pytest.mark.parametrize("form", ["difference", "trace"])
@MANY
@given(networks())
def test_residuals_of_a_kept_state(form: Form, drawn: Drawn) -> None:
    s = sweeper_of(drawn, (Difference if form == "difference" else Trace)())
    residual = difference_residual if form == "difference" else trace_residual
    for c in s.program.couplings:
        expected = residual(s.wiring, c, s.state.weights, s.state.signals, s.state.v[c.name])
        np.testing.assert_allclose(s.dynamics[c.name].residual(s.state), expected, atol=1e-10)
    s.state.roll_out(s.wiring)
    for name, value in measure(s).primal.items():
        assert value < 1e-10, name


def problem(depth: int = 2, loss: Any = so.SquaredError, over: Any = "last", **more: Any) -> so.Problem:
    x = so.Input(6, name="x")
    signal: Any = x
    for k in range(depth):
        signal = so.LIF(beta=0.9, name=f"h{k}")(so.Dense(12)(signal))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(signal))
    return so.Problem(so.Network(x, y), loss(y, over=over) + 1e-3 * so.L2(y.weights))


def data(steps: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    return (rng.random((steps, 60, 6)) < 0.2 + 0.6 * np.eye(6)[labels]).astype(float), labels


@pytest.mark.parametrize("begin", ["uniform", "rollout"])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("over", ["last", "mean", so.Window(3)])
def test_the_lagrangian_of_exact_block_never_rises_while_duals_rest(begin: str, depth: int, over: Any) -> None:
    algorithm = ALGORITHMS["exact_block"](max_iter=15, start=begin, warm_up=15, dtype="float64")  # type: ignore[call-arg]
    result = so.compile(problem(depth, over=over), algorithm).solve(*data())
    found = np.asarray(result.history["lagrangian"])
    assert len(found) == 15
    assert np.all(np.diff(found) <= 1e-9 * np.abs(found[:-1]))
    assert found[-1] < 0.9 * found[0]


KEPT = [n for n, a in ALGORITHMS.items() if issubclass(a, KeptAlgorithm)]


def spiking(over: Any = "count", penalty: Any = None, **more: Any) -> so.Problem:
    """A problem that is judged by the counts of its output's spikes."""
    x = so.Input(6, name="x")
    h = so.LIF(beta=0.9, name="h0")(so.Dense(12)(x))
    y = so.LIF(beta=0.9, name="y")(so.Dense(3)(h))
    objective = so.CrossEntropy(y, over=over) + 0.1 * so.L2(h.weights) + 1e-3 * so.SpikeCost(h)
    return so.Problem(so.Network(x, y), objective if penalty is None else objective + penalty(h.weights), **more)


PENALTIES: dict[str, Any] = {
    "none": None,
    "l1": lambda w: 0.2 * so.L1(w),
    "group lasso": lambda w: 0.2 * so.GroupLasso(w),
}


@pytest.mark.parametrize("kind", [Difference, Trace])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_lagrangian_of_a_feasible_state_is_the_objective(kind: type[Any_], penalty: str) -> None:
    """Losses on counts, penalties at the copies and prices among it; once W = V is broken, its terms too."""
    algorithm = kind(max_iter=1, dtype="float64")
    plan = so.compile(spiking(penalty=PENALTIES[penalty]), algorithm)
    x, labels = data()
    wiring, rng = Wiring(plan.program, F64), np.random.default_rng(0)
    weights = {n: w.reshape(len(w), -1) if w.ndim > 1 else w for n, w in random_weights(plan, rng).items()}
    state = State(weights, {"x": x}, {"y": labels}, len(x))
    state.roll_out(wiring)
    s = KeptSweeper(wiring, plan.bindings, algorithm, state)
    counts = state.a["y"].sum(0)
    loss = np.mean(np.log(np.exp(counts).sum(1)) - counts[np.arange(60), labels])
    w = weights["h0.weight"]
    sizes = {"none": 0.0, "l1": np.abs(w).sum(), "group lasso": np.linalg.norm(w, axis=0).sum()}
    costs = 1e-3 * state.a["h0"].sum() / 60 + 0.2 * sizes[penalty]
    assert lagrangian(s) == pytest.approx(loss + 0.05 * (w**2).sum() + costs, rel=1e-12)
    split = s.weights["h0"][0].split
    if split is not None:
        before = lagrangian(s)
        split.m, split.u = 0.7, rng.standard_normal(split.u.shape)
        state.weights = state.weights | {"h0.weight": w + 1}
        u = split.u[:, :6]
        more = 0.05 * ((w + 1) ** 2 - w**2).sum() + 0.35 * ((1 + u) ** 2 - u**2).sum()
        more += algorithm.rho / 2 * (s.dynamics["h0"].residual(state) ** 2).sum() / 60
        assert lagrangian(s) == pytest.approx(before + more, rel=1e-12)


def random_weights(plan: so.Plan, rng: np.random.Generator) -> dict[str, np.ndarray]:
    names = [v for v in plan.program.variables if v.kind in ("weight", "bias")]
    return {v.name: rng.standard_normal(v.shape) / np.sqrt(6) for v in names}


@pytest.mark.parametrize("depth", [0, 1])
def test_dual_residuals_are_those_of_the_sweep(depth: int) -> None:
    """One step at a time potentials are written in place, and what they were must be kept."""
    record = so.compile(problem(depth), so.algorithms.Perin2025(max_iter=4, dtype="float64")).solve(*data()).history[-1]
    assert record.dual["y"] > 0


def test_a_published_plan_runs_the_rules_it_shows() -> None:
    plan = so.compile(problem(1), so.algorithms.Perin2025(max_iter=1, last_step="published"))
    outputs = {b.block.at: b.title for b in plan.bindings if b.block.kind == "outputs"}
    assert outputs == {"before last": "OutputStep", "last": "PublishedOutputStep"}
    calls: dict[str, int] = {}
    counted = tuple(watched(b, calls) for b in plan.bindings)
    dataclasses.replace(plan, bindings=counted).solve(*data())
    assert calls["y.outputs"] == 8 and calls["y.outputs[T]"] == 1


BUDGETED: dict[str, KeptAlgorithm] = {
    "perin2025": so.algorithms.Perin2025(max_iter=20, warm_up=5),
    "exact_block": so.algorithms.ExactBlock(max_iter=60, start="rollout"),
    "full_dual": so.algorithms.FullDual(max_iter=90),
    "consensus": so.algorithms.Consensus(max_iter=60),
}


@pytest.mark.parametrize("name", BUDGETED)
def test_a_spike_budget_prices_spikes_and_holds_in_the_end(name: str) -> None:
    rates, given = {}, problem(1)
    for rate in (1.0, 0.05):
        budget = so.SpikeBudget(given.network.populations[0], rate)
        constrained = so.Problem(given.network, given.objective, constraints=[budget])
        result = so.compile(constrained, BUDGETED[name]).solve(*data())
        rates[rate] = result.history[-1].firing_rate["h0"]
        spikes = so.simulate(result, result.weights, data()[0].astype(np.float32))["h0"].spikes
        assert spikes is not None and spikes.mean() <= rate
        assert spikes.any()
    assert name == "perin2025" or rates[0.05] < 0.8 * rates[1.0]


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("loss", [so.SquaredError, so.CrossEntropy, so.Hinge])
def test_histories_tell_everything(name: str, loss: Any) -> None:
    algorithm = ALGORITHMS[name](max_iter=4, warm_up=1, dtype="float64")  # type: ignore[call-arg]
    plan = so.compile(problem(1, loss), algorithm)
    assert all(b.block.name in plan.explain() or b.title in plan.explain() for b in plan.bindings)
    result = plan.solve(*data())
    assert result.status is so.Status.MAX_ITER, result.message
    record = result.history.records[-1]
    assert set(record.primal) == {"h0", "y", "h0.step"} and all(v >= 0 for v in record.primal.values())
    assert set(record.dual) >= {"h0", "y", "h0.step"}
    assert np.isfinite(record.lagrangian) and np.isfinite(record.loss)
    assert 0 <= record.rollout_gap["h0"] <= 1 and 0 <= record.flips["h0"] <= 1
    again = plan.solve(*data())
    for n, w in result.weights.items():
        np.testing.assert_array_equal(again.weights[n], w)


def watched(binding: Binding, calls: dict[str, int]) -> Binding:
    """The binding, whose rule counts its calls by block."""
    assert isinstance(binding.rule, type)
    what = "prepare" if binding.block.kind == "weights" else "solve"
    update: Any = getattr(binding.rule, what)

    def count(*arguments: Any) -> Any:
        calls[binding.block.name] = calls.get(binding.block.name, 0) + 1
        return update(*arguments)

    return dataclasses.replace(binding, rule=type("Mine", (binding.rule,), {what: staticmethod(count)}))


@pytest.mark.parametrize("name", KEPT)
def test_the_bound_closed_forms_are_those_that_run(name: str) -> None:
    plan = so.compile(problem(1), ALGORITHMS[name](max_iter=1))  # type: ignore[call-arg]
    calls: dict[str, int] = {}
    dataclasses.replace(plan, bindings=tuple(watched(b, calls) for b in plan.bindings)).solve(*data())
    assert set(calls) == {b.block.name for b in plan.bindings}


@pytest.mark.parametrize("name", KEPT)
def test_they_learn_beyond_chance(name: str) -> None:
    algorithm = ALGORITHMS[name](max_iter=30)  # type: ignore[call-arg]
    assert so.compile(problem(1), algorithm).solve(*data()).score(*data()) > 0.45


REFUSED: dict[str, tuple[Callable[[], so.Problem], str, str]] = {
    "two states": (
        lambda: deep(so.ALIF(name="h")),
        "exact_block",
        "states m, adaptation",
    ),
    "recurrence in trace form": (lambda: deep(so.LIF(name="h", recurrent=so.Dense())), "consensus", "reads itself"),
    "several time constants in trace form": (
        lambda: deep(so.LIF(beta=np.linspace(0.5, 0.9, 4), name="h")),
        "full_dual",
        "neurons differ",
    ),
    "two lags": (lambda: two_lags(), "exact_block", "lags \\[0, 2\\]"),
    "a layer that does not spike": (lambda: deep(so.LI(name="h")), "perin2025", "does not spike and feeds"),
}


def deep(neuron: so.Neuron) -> so.Problem:
    x = so.Input(6, name="x")
    h = neuron(so.Dense(4)(x))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.SquaredError(y))


def two_lags() -> so.Problem:
    x = so.Input(6, name="x")
    h = so.LIF(name="h")(so.Dense(4)(x))
    y = so.LI(beta=0.9, name="y")(so.Dense(3)(h) + so.Dense(3)(so.Delay(2)(h)))
    return so.Problem(so.Network(x, y), so.SquaredError(y))


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_form_cannot_hold_is_refused_by_name(case: str) -> None:
    make, algorithm, says = REFUSED[case]
    with pytest.raises(CompileError, match=says) as caught:
        so.compile(make(), algorithm)
    assert "'h'" in caught.value.where and caught.value.fix


def test_lengths_are_refused() -> None:
    x, y = data()
    with pytest.raises(so.DataError, match="keeps potentials"):
        so.compile(problem(), "exact_block").solve(x, y, lengths=np.full(60, 9))


def test_published_variants_differ_from_the_exact_ones() -> None:
    found = {}
    for settings_ in ({}, {"clip": "published"}, {"last_step": "published", "rho": 2.0}, {"rho": 2.0}):
        more: Any = settings_
        algorithm = so.algorithms.Perin2025(max_iter=3, warm_up=1, dtype="float64", **more)
        found[str(settings_)] = so.compile(problem(1), algorithm).solve(*data()).last_weights["h0.weight"]
    a, clip, last, two = found.values()
    assert np.any(a != clip) and np.any(last != two)
    assert lower(problem()).losses


class MyRollout(so.Rollout):
    mine: ClassVar[Any]

    def sweep(self, net: Any) -> Any:
        return type(self).mine(net)


class MyExactBlock(so.algorithms.ExactBlock):
    mine: ClassVar[Any]

    def sweep(self, net: Any) -> Any:
        return type(self).mine(net)


class MyPerin2025(so.algorithms.Perin2025):
    mine: ClassVar[Any]

    def sweep(self, net: Any) -> Any:
        return type(self).mine(net)


WORDS: dict[str, tuple[Any, Callable[[Any], list[Any]], str, str]] = {
    "spikes": (MyRollout, lambda net: [net.rollout, net.hidden[0].spikes], "'spikes'", "demands"),
    "duals": (MyRollout, lambda net: [net.duals], "'duals'", "potentials"),
    "steps": (MyRollout, lambda net: [net.hidden[0].potentials_at(0)], "'potentials_at'", "potentials"),
    "read-out": (MyRollout, lambda net: [net.outputs[0].weights], "'y', which is an output", "net.readout"),
    "demands": (MyExactBlock, lambda net: [net.demands], "'demands'", "duals"),
    "steps together": (MyExactBlock, lambda net: [net.hidden[0].spikes_at(1)], "'spikes_at'", "spikes"),
    "spikes of an output": (MyExactBlock, lambda net: [net.outputs[0].spikes], "'y', which is an output", "potentials"),
    "together one by one": (MyPerin2025, lambda net: [net.readout], "'readout'", "potentials_at"),
    "late": (MyPerin2025, lambda net: [net.hidden[0].weights, net.hidden[0].spikes_at(9)], "step 9", "0 to 8"),
    "no word": (MyPerin2025, lambda net: [3], "3, which is no word", "spikes_at"),
}


@pytest.mark.parametrize("case", WORDS)
def test_words_that_an_algorithm_has_no_block_for_are_refused(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, sweep, says, fix = WORDS[case]
    monkeypatch.setattr(kind, "mine", sweep, raising=False)
    with pytest.raises(CompileError, match=says) as caught:
        so.compile(problem(1), kind()).solve(*data())
    assert repr(kind.name) in caught.value.where and fix in caught.value.fix
