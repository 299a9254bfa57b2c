"""Linearised dynamics: what blocks of spikes see of them, on any graph; what they lift, and what stays refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import snnopt as so
from snnopt.algorithms import ALGORITHMS, Word
from snnopt.runtime.kept import KeptSweeper, measure
from snnopt.split import kernel, reset_kernel
from tests.graphs import Drawn, networks
from tests.residuals import difference_residual, trace_residual
from tests.sweeps import KEPT, random_state
from tests.test_kept import Any_, Difference, OneByOne, Trace, lagrangian, sweeper_of

SOME = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
FORMS: list[Any] = [Difference, Trace]
Array = np.ndarray[Any, Any]


def linear_layers(drawn: Drawn, which: int) -> dict[str, Any]:
    """All layers (which 0), or those that its bits tell."""
    names = [p.name for p in drawn.problem.network.populations]
    return {str(n): so.Linearised(1.0) for k, n in enumerate(names) if which == 0 or which >> k & 1}


def put(s: KeptSweeper, name: str, x: Array) -> None:
    s.state.a = s.state.a | {name: x}


class Model:
    """The augmented Lagrangian of a state's spikes, with the linearised couplings replaced as documented.

    From residuals as the definitions read: slopes are differences of squares, tau is prox rho c^2 with c by its formula.
    """

    def __init__(self, s: KeptSweeper, name: str) -> None:
        self.s, self.name, self.form, self.start = s, name, s.algorithm.form, s.state.a[name].copy()
        self.linear = [q.coupling for q in s.spikes[name].binding.block.quadratics if q.linearised]
        self.tau = {n: s.penalties.prox(n) * s.penalties.rho(n) * self.reach(n) ** 2 for n in self.linear}

    def reach(self, layer: str) -> float:
        """c: the sum over lags of norms of what the residual falls by."""
        s, c = self.s, self.s.program.by_name[layer]
        d, steps, own = c.dynamics, s.state.steps, layer == self.name
        heard: dict[int, Array] = {}
        for wire in s.wiring.incoming[layer]:
            if wire.map.source == self.name:
                eye = np.eye(s.state.a[self.name].shape[2])
                weight = None if wire.map.weight is None else s.state.weights[wire.map.weight]
                heard[wire.map.lag] = heard.get(wire.map.lag, 0) + wire.current(eye, weight, None).T
        if self.form == "trace":
            kappa, eta = kernel(d, steps), reset_kernel(d, steps)
            total = np.abs(eta).sum(0).max() if own else 0.0
            for lag, w in heard.items():
                total += np.linalg.norm(w, 2) * np.abs(kappa[: max(steps - lag, 0)]).sum(0).max()
            return float(total)
        gain, reset = np.broadcast_to(d.C[0] * d.B[0], c.size), np.broadcast_to(d.C[0] * d.R[0], c.size)
        pulls = {lag: gain[:, None] * w for lag, w in heard.items()}
        if own and np.any(reset):
            pulls[1] = pulls.get(1, 0) + np.diag(reset)
        return float(sum(np.linalg.norm(g, 2) for g in pulls.values()))

    def coupling(self, layer: str, x: Array) -> float:
        """``rho/2 ||e + u||^2`` at spikes x, mean over samples."""
        s, residual = self.s, difference_residual if self.form == "difference" else trace_residual
        signals = s.state.signals | {self.name: x}
        e = residual(s.wiring, s.program.by_name[layer], s.state.weights, signals, s.state.v[layer])
        return s.penalties.rho(layer) / 2 * float(((e + s.state.u[layer]) ** 2).sum()) / s.state.count

    def __call__(self, x: Array) -> float:
        """The model at spikes x, which are left in the state."""
        put(self.s, self.name, x)
        total, move = lagrangian(self.s), x - self.start
        for n in self.linear:
            here, ahead, behind = (self.coupling(n, self.start + k * move) for k in (0, 1, -1))
            near = self.tau[n] / 2 * float((move**2).sum()) / self.s.state.count
            total += here + (ahead - behind) / 2 + near - ahead
        return total


def is_least(model: Model, a: Array, seed: int, at: int | None = None, boxed: bool = False) -> None:
    """No point near a or far from it (of step ``at`` alone) is lower in the model."""
    best, rng = model(a), np.random.default_rng(seed)
    for size in (1e-3, 1e-1, 3.0):
        for sign in (1, -1, 1, -1):
            step = sign * size * rng.standard_normal(a.shape) * (rng.random(a.shape) < rng.choice([1.0, 0.2]))
            if at is not None:
                step[np.arange(len(a)) != at] = 0
            other = np.clip(a + step, 0, 1) if boxed else a + step
            if at is not None:
                other[np.arange(len(a)) != at] = a[np.arange(len(a)) != at]
            assert model(other) >= best - 1e-8 * (1 + abs(best))
    model(a)


@pytest.mark.parametrize("kind", FORMS)
@SOME
@given(networks(), st.integers(0, 15))
def test_spikes_are_the_models_minimiser_and_the_lagrangian_does_not_rise(
    kind: type[Any_], drawn: Drawn, which: int
) -> None:
    s = sweeper_of(drawn, kind(), linear_layers(drawn, which))
    for name in s.spikes:
        model, before = Model(s, name), lagrangian(s)
        s.run(Word("spikes", name))
        assert lagrangian(s) <= before + 1e-9 * (1 + abs(before))
        is_least(model, s.state.a[name], drawn.seed)


@SOME
@given(networks(), st.integers(0, 15), st.booleans())
def test_spikes_in_a_box(drawn: Drawn, which: int, published: bool) -> None:
    """With every coupling linearised the published clip is the exact minimiser too."""
    s = sweeper_of(drawn, Difference(given_box="published" if published else "exact"), linear_layers(drawn, which))
    for name in s.spikes:
        if published and not s.spikes[name].uncoupled:
            continue
        model, before = Model(s, name), lagrangian(s)
        s.run(Word("spikes", name))
        a = s.state.a[name]
        assert a.min() >= 0 and a.max() <= 1 and lagrangian(s) <= before + 1e-9 * (1 + abs(before))
        is_least(model, a, drawn.seed, boxed=True)


@SOME
@given(networks(), st.integers(0, 15))
def test_one_step_at_a_time(drawn: Drawn, which: int) -> None:
    s = sweeper_of(drawn, OneByOne(given_box="exact"), linear_layers(drawn, which))
    rng = np.random.default_rng(drawn.seed)
    for name in s.spikes:
        for t in map(int, rng.permutation(drawn.steps)[:3]):
            for kind in ("spikes", "potentials"):
                model, before = Model(s, name), lagrangian(s)
                s.run(Word(kind, name, t))
                assert lagrangian(s) <= before + 1e-9 * (1 + abs(before))
                if kind == "spikes":
                    a, passing = s.state.a[name].copy(), s.state.a[name]
                    is_least(model, a, drawn.seed, t, boxed=True)
                    put(s, name, passing)


def units(steps: int, neurons: int) -> list[Array]:
    """No spikes, then each unit spike, [T, 1, n]."""
    each = np.eye(steps * neurons).reshape(-1, steps, 1, neurons)
    return [np.zeros_like(each[0]), *each]


@pytest.mark.parametrize("kind", FORMS)
@SOME
@given(networks(), st.integers(0, 15))
def test_slopes_and_bounds(kind: type[Any_], drawn: Drawn, which: int) -> None:
    """Gradients are those of finite differences; no curvature exceeds its bound; what a model is off by is what is told."""
    s = sweeper_of(drawn, kind(), linear_layers(drawn, which))
    state, rng = s.state, np.random.default_rng(drawn.seed)
    for name, solver in s.spikes.items():
        model, a = Model(s, name), state.a[name]
        for tangent in solver.tangents(state):
            move = rng.standard_normal(a.shape)
            here, ahead, behind = (state.count * model.coupling(tangent.name, a + k * move) for k in (0, 1, -1))
            found = float((tangent.gradient(state) * move).sum())
            assert found == pytest.approx((ahead - behind) / 2, rel=1e-8, abs=1e-8 * (1 + here))
            assert tangent.tau == pytest.approx(model.tau[tangent.name], rel=1e-9)
            c = s.program.by_name[tangent.name]
            residual = trace_residual if s.algorithm.form == "trace" else difference_residual
            one = {n: np.zeros_like(x[:, :1]) for n, x in state.signals.items()}
            v = np.zeros((state.steps, 1, c.size))
            rows = [residual(s.wiring, c, state.weights, one | {name: x}, v) for x in units(a.shape[0], a.shape[2])]
            matrix = np.array([(rows[0] - r).ravel() for r in rows[1:]]).T
            assert np.linalg.norm(matrix, 2) <= tangent.response.bound() * (1 + 1e-9)
            later = a + move
            put(s, name, later)
            at_new = tangent.gradient(state)
            put(s, name, a)
            off = at_new - tangent.gradient(state) - tangent.tau * move
            np.testing.assert_allclose(tangent.mismatch(move), off, rtol=1e-8, atol=1e-8 * (1 + np.abs(off).max()))
            energy = (matrix**2).sum() / matrix.shape[1]
            parts = len(solver.linearised[[t.name for t in solver.tangents(state)].index(tangent.name)]) + 1
            assert tangent.response.energy() >= energy / parts - 1e-9


def test_bounds_are_met() -> None:
    """One wire in difference form, many steps of one sign in trace form: no smaller bound would do."""
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.9, reset_mechanism="none", name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.5, name="y")(so.Dense(3)(h))
    problem = so.Problem(so.Network(x, y), so.SquaredError(y))
    for name, least in (("exact_block", 1 - 1e-12), ("full_dual", 0.8)):
        algorithm: Any = ALGORITHMS[name](dtype="float64")
        s = random_state(problem, algorithm, penalties={"y": so.Linearised(1.0)})
        (tangent,) = s.spikes["h"].tangents(s.state)
        matrix = np.array([tangent.response.of(x).ravel() for x in units(5, 5)])
        assert least <= np.linalg.norm(matrix, 2) / tangent.response.bound() <= 1 + 1e-12


# ------------------------------------------------------------------------------------------------- what it lifts


def skips() -> so.Problem:
    """Three layers read the first one."""
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(5)(x))
    g = so.LIF(beta=0.8, name="g")(so.Dense(5)(h))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(g) + so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))


def recurrent() -> so.Problem:
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h", recurrent=so.Dense())(so.Dense(5)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))


def lags() -> so.Problem:
    x = so.Input(4, name="x")
    h = so.LIF(beta=0.8, name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h) + so.Dense(3)(so.Delay(2)(h)))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))


def mixed() -> so.Problem:
    """Neurons of several time constants."""
    x = so.Input(4, name="x")
    h = so.LIF(beta=np.linspace(0.5, 0.9, 5), name="h")(so.Dense(5)(x))
    y = so.LI(beta=0.7, name="y")(so.Dense(3)(h))
    return so.Problem(so.Network(x, y), so.CrossEntropy(y))


X = np.random.default_rng(0).random((6, 30, 4))
LABELS = np.random.default_rng(1).integers(0, 3, 30)
LIFTED: list[tuple[Any, str, list[str]]] = [
    (skips, "full_dual", ["y"]),
    (skips, "consensus", ["g"]),
    (recurrent, "full_dual", ["h"]),
    (lags, "full_dual", ["y"]),
    (lags, "exact_block", ["y"]),
    (lags, "perin2025", ["y"]),
    (mixed, "full_dual", ["h"]),
]


@pytest.mark.parametrize(("make", "name", "layers"), LIFTED)
def test_refusals_are_lifted_and_name_the_remedy(make: Any, name: str, layers: list[str]) -> None:
    with pytest.raises(so.CompileError) as caught:
        so.compile(make(), name)
    assert "so.Linearised(1.0)" in caught.value.fix
    plan = so.compile(make(), name, penalties={n: so.Linearised(0.7) for n in layers})
    so.verify(plan, trials=2).raise_if_failed()
    algorithm: Any = ALGORITHMS[name](max_iter=8, warm_up=1, dtype="float64")  # type: ignore[call-arg]
    result = so.compile(make(), algorithm, penalties={n: so.Linearised(0.7) for n in layers}).solve(X, LABELS)
    assert len(result.history) == 8 and np.isfinite(result.history[-1].loss)


@pytest.mark.parametrize(
    ("make", "layers", "says"),
    [
        (skips, ["h"], "'g', 'y' read its spikes"),
        (recurrent, ["y"], "reads itself"),
        (lags, ["h"], "lags"),
        (mixed, ["y"], "neurons differ"),
    ],
)
def test_the_wrong_layer_lifts_nothing(make: Any, layers: list[str], says: str) -> None:
    with pytest.raises(so.CompileError, match=says):
        so.compile(make(), "full_dual", penalties={n: so.Linearised(1.0) for n in layers})


def test_what_is_linearised_is_settled_when_compiling() -> None:
    plan = so.compile(skips(), so.FullDual(max_iter=3), penalties={"y": so.Linearised(1.0)})
    other = {"y": so.Linearised(0.3, prox=2.0, control=so.ResidualBalancing()), "h": so.Quadratic(2.0)}
    assert plan.solve(X, LABELS, penalties=other).history[0].penalty["y"] == 0.3
    refused: list[tuple[Any, str]] = [
        ({"h": so.Linearised(1.0), "y": so.Linearised(1.0)}, "'h'"),
        ({"step": so.ExactStep(1.0)}, "'y'"),
    ]
    for given_, layer in refused:
        with pytest.raises(so.ModelError, match=f"(?s){layer}.*compile with it"):
            plan.solve(X, LABELS, penalties=given_)


@pytest.mark.parametrize("name", KEPT)
def test_nearer_proximal_terms_take_shorter_steps(name: str) -> None:
    algorithm: Any = ALGORITHMS[name](dtype="float64")
    moved = []
    for prox in (0.5, 1.0, 4.0, 1e9):
        s = random_state(lags(), algorithm, penalties={"dynamics": so.Linearised(1.0, prox=prox)})
        a = s.state.a["h"]
        s.run(Word("spikes", "h", 1 if algorithm.order == "one" else None))
        moved.append(float(np.linalg.norm(s.state.a["h"] - a)))
    assert moved == sorted(moved, reverse=True) and moved[-1] < 1e-6


@pytest.mark.parametrize("name", KEPT)
def test_dual_residuals_have_what_the_models_are_off_by(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``hypot(rho rms(dv), rms of [g(a) - g(a_k)] - tau (a - a_k))``, over all spikes that the dynamics read."""
    seen: list[Any] = []

    def watched(sweeper: KeptSweeper) -> Any:
        off = {n: dict(solver.mismatch) for n, solver in sweeper.spikes.items()}
        seen.append((dict(sweeper.state.v.items()), off))
        return measure(sweeper)

    monkeypatch.setattr("snnopt.runtime.loops.kept.measure", watched)
    algorithm: Any = ALGORITHMS[name](max_iter=3, dtype="float64")  # type: ignore[call-arg]
    plan = so.compile(lags(), algorithm, penalties={"dynamics": so.Linearised(0.7)})
    records = plan.solve(X, LABELS).history.records
    for k in (1, 2):
        for n in ("h", "y"):
            change = 0.7 * np.sqrt(np.mean((seen[k][0][n] - seen[k - 1][0][n]) ** 2))
            off = np.sqrt(np.mean(seen[k][1]["h"][n] ** 2))
            assert off > 0 and records[k].dual[n] == pytest.approx(np.hypot(change, off), rel=1e-9)


@SOME
@given(networks(), st.integers(0, 15))
def test_step_by_step_mismatches_are_those_of_each_step(drawn: Drawn, which: int) -> None:
    s = sweeper_of(drawn, OneByOne(), linear_layers(drawn, which))
    assume(any(solver.linearised for solver in s.spikes.values()))
    for name, solver in s.spikes.items():
        before = s.state.a[name].copy()
        s.run(Word("spikes", name, drawn.steps - 1))
        change = s.state.a[name] - before
        for tangent in solver.tangents(s.state):
            expected = tangent.mismatch(change)[-1]
            np.testing.assert_allclose(solver.mismatch[tangent.name][-1], expected, rtol=1e-7, atol=1e-9)


# ---------------------------------------------------------------------------------------------------- what is shown


def test_explain_says_what_is_linearised() -> None:
    plan = so.compile(skips(), "full_dual", penalties={"y": so.Linearised(2.0, prox=1.5, control=so.Spectral())})
    text = plan.explain()
    assert "rho[y] = 2 (linearised, prox 1.5, spectral)" in text and "rho[h] = 1," in text
    part = next(p for p in text.split("\n\n") if p.startswith("h: spikes"))
    assert "->  TraceSpikes" in part and "linearised rho[y]" in part
    assert "rho[h]/2 ||v[h]" in part and "rho[g]/2 ||v[g]" in part and "<grad rho[y]/2 ||v[y]" in part
    assert "a[h] - a_k[h]> + tau[y]/2 ||a[h] - a_k[h]||^2" in part
    assert "<grad" not in next(p for p in text.split("\n\n") if p.startswith("y: weights"))
    all_of_them = so.compile(skips(), "full_dual", penalties={"dynamics": so.Linearised(1.0)}).explain()
    assert all_of_them.count("->  ProximalGradientSpikes") == 2 and "(sigma + sum tau)" in all_of_them


def test_pictures_say_what_is_linearised() -> None:
    plan = so.compile(skips(), "full_dual", penalties={"y": so.Linearised(1.0)})
    assert so.mermaid(plan).count("dynamics, linearised") == 1
    assert "linearised" not in so.mermaid(so.compile(recurrent(), "exact_block"))
