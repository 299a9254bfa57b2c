"""Penalties as parts of a plan: chosen by kind and by coupling, moved by controllers, duals rescaled with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.algorithms import ALGORITHMS
from snnopt.penalties import CONTROLLERS, Controller, Seen
from snnopt.runtime.kept import PenaltyControl
from tests.sweeps import KEPT, small

X = np.random.default_rng(0).random((6, 30, 4))
LABELS = np.random.default_rng(1).integers(0, 3, 30)


def configured(name: str, **more: Any) -> Any:
    return ALGORITHMS[name](**{"max_iter": 12, "warm_up": 2, "dtype": "float64", **more})


def everywhere(
    control: Controller, rho: float = 1.0, sigma: float = 0.1, dynamics: Any = so.Quadratic
) -> dict[str, Any]:
    steps_only = control.steps_only
    return {
        "dynamics": dynamics(rho) if steps_only else dynamics(rho, control=control),
        "step": so.ExactStep(sigma, control=control),
    }


@dataclass(frozen=True, kw_only=True)
class Wild(Controller):
    """Moves every penalty in every iteration."""

    name = "wild"

    def wanted(self, seen: Seen) -> float:
        return seen.penalty * (3.0 if seen.iteration % 2 else 0.2)


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("kind", [*CONTROLLERS, Wild])
@pytest.mark.parametrize("dynamics", [so.Quadratic, so.Linearised])
def test_every_controller_runs_every_kept_algorithm(
    dynamics: Any, kind: type[Controller], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Multipliers, penalty times scaled dual, are the same before and after a change; so are all other variables."""
    changes, after = 0, PenaltyControl.after

    def watched(self: PenaltyControl, *args: Any) -> None:
        nonlocal changes
        state, values = self.sweeper.state, self.sweeper.penalties.values
        old, u, w, v, a = dict(values), dict(state.u), dict(state.w), dict(state.v), dict(state.a)
        after(self, *args)
        for n in u:
            np.testing.assert_allclose(values[n] * state.u[n], old[n] * u[n], rtol=1e-12)
        for n in w:
            np.testing.assert_allclose(values[f"{n}.step"] * state.w[n], old[f"{n}.step"] * w[n], rtol=1e-12)
        assert all(state.v[n] is v[n] for n in v) and all(state.a[n] is a[n] for n in a)
        changes += values != old

    monkeypatch.setattr(PenaltyControl, "after", watched)
    plan = so.compile(small(), configured(name), penalties=everywhere(kind(), dynamics=dynamics))
    result = plan.solve(X, LABELS)
    column = result.history["penalty"]
    assert isinstance(column, dict) and set(column) == {"h", "y", "h.step"}
    values = np.array(list(column.values()))
    assert np.isfinite(values).all() and (values > 0).all() and values[:, 0].tolist() == [1.0, 1.0, 0.1]
    assert (changes > 0) == bool((values[:, 1:] != values[:, :-1]).any()) or changes == 1
    assert all(np.isfinite(w).all() for w in result.weights.values())
    if kind is Wild:
        assert changes == 11, "nothing is known to compare with in the first iteration"


@pytest.mark.parametrize("name", KEPT)
def test_chosen_penalties_are_those_of_the_algorithm(name: str) -> None:
    by_field = so.compile(small(), configured(name, rho=0.7, sigma=0.3)).solve(X, LABELS)
    chosen = {"dynamics": so.Quadratic(0.7), "step": so.ExactStep(9.0), "h.step": so.ExactStep(0.3)}
    plan = so.compile(small(), configured(name, rho=5.0))
    for result in (
        so.compile(small(), configured(name), penalties=chosen).solve(X, LABELS),
        plan.solve(X, LABELS, penalties=chosen),
    ):
        assert all(np.array_equal(result.weights[n], w) for n, w in by_field.weights.items())
    assert plan.penalties["h"].weight == 5.0


def test_controllers_see_what_the_history_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Seen] = []

    def watched(self: so.Spectral, s: Seen) -> float:
        seen.append(s)
        return s.penalty

    monkeypatch.setattr(so.Spectral, "after", watched)
    control = so.Spectral(every=1)
    plan = so.compile(small(), configured("full_dual", warm_up=0, dual_step=1.0), penalties=everywhere(control))
    history = plan.solve(X, LABELS).history
    names = ["h", "y", "h.step"]
    assert len(seen) == 3 * 11
    for k, s in enumerate(seen):
        record, name = history[1 + k // 3], names[k % 3]
        assert (s.iteration, s.primal, s.dual) == (record.iteration, record.primal[name], record.dual[name])
        if k < 3:
            assert s.first is None and s.last is None
        else:
            assert s.first is not None and s.last is not None
            assert s.last.moved >= 0 and abs(s.last.both) <= np.sqrt(s.last.moved * s.last.priced) * (1 + 1e-9)
        if name == "h.step" and s.last is not None:  # the step's last side is -H: as many as crossed
            crossed = s.dual / s.penalty
            assert s.last.moved == pytest.approx(crossed**2 * 6 * 30 * 5, abs=1e-9)
            assert s.flips == pytest.approx(crossed**2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"dynamic": so.Quadratic(1.0)}, r"dynamic.*did you mean 'dynamics'"),
        ({"hidden.step": so.ExactStep(1.0)}, r"hidden\.step.*h\.step"),
        ({"y.step": so.ExactStep(1.0)}, r"y\.step"),
        ({"dynamics": so.ExactStep(1.0)}, r"penalties\['dynamics'\].*so\.Quadratic.*so\.Linearised"),
        ({"step": so.Linearised(1.0)}, r"penalties\['step'\].*use so\.ExactStep\(\.\.\.\),"),
        ({"step": 0.1}, r"penalties\['step'\].*so\.ExactStep"),
        ([so.Quadratic(1.0)], r"penalties: .*no dict"),
    ],
)
def test_wrong_penalties_are_refused(given: Any, words: str) -> None:
    plan = so.compile(small(), "full_dual")
    for attempt in (
        lambda: so.compile(small(), "full_dual", penalties=given),
        lambda: plan.solve(X, LABELS, penalties=given),
    ):
        with pytest.raises(so.SnnoptError, match=f"(?s){words}"):
            attempt()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: so.Quadratic(0.0), "weight = 0"),
        (lambda: so.ExactStep(np.inf), "weight = inf"),
        (lambda: so.Linearised(-1.0), "weight = -1"),
        (lambda: so.Linearised(1.0, 0.0), "prox = 0"),
        (lambda: so.Linearised(1.0, prox=np.nan), "prox = nan"),
        (lambda: so.Linearised(1.0, prox="2"), "prox = '2'"),  # type: ignore[arg-type]
        (lambda: so.Linearised(1.0, prox=True), "prox = True"),
        (lambda: so.Linearised(1.0, control=so.FlipShare()), "ExactStep"),
        (lambda: so.Quadratic(1.0, control=so.Fixed), r"make one: Fixed\(\)"),  # type: ignore[arg-type]
        (lambda: so.Quadratic(1.0, control=2.0), "give a controller"),  # type: ignore[arg-type]
        (lambda: so.Quadratic(1.0, control=so.FlipShare()), "ExactStep"),
    ],
)
def test_wrong_functions_are_refused(make: Any, words: str) -> None:
    with pytest.raises(so.ModelError, match=f"(?s){words}"):
        make()


@pytest.mark.parametrize(
    ("name", "step", "field"),
    [
        ("online", so.DitheredStep(0.3, 0.4), {"dither": 0.3, "step": 4.0}),
        ("rollout", so.FlippedStep(0.1, 30.0), {"flips": 0.1, "distance": 30.0}),
    ],
)
def test_steps_of_rolled_out_algorithms_are_chosen_too(name: str, step: Any, field: dict[str, Any]) -> None:
    by_field = so.compile(small(), ALGORITHMS[name](**field)).solve(X, LABELS)
    for key in ("step", "h.step"):
        chosen = so.compile(small(), name, penalties={key: step}).solve(X, LABELS)
        assert all(np.array_equal(chosen.weights[n], w) for n, w in by_field.weights.items())
    with pytest.raises(so.ModelError, match=rf"use so\.{type(step).__name__}"):
        so.compile(small(), name, penalties={"step": so.ExactStep(0.1)})
    with pytest.raises(so.ModelError, match="share in"):
        type(step)(1.5, 1.0)


def test_explain_shows_penalties_and_what_moves_them() -> None:
    text = so.compile(small(), "full_dual", penalties=everywhere(so.ResidualBalancing(), rho=2.0)).explain()
    assert (
        "rho[h] = 2 (residual balancing), rho[y] = 2 (residual balancing), sigma[h] = 0.1 (residual balancing)" in text
    )
