"""Every controller of a penalty: the same conformance suite for all, then each rule against its formula."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import snnopt as so
from snnopt.penalties import CONTROLLERS, Controller, Secant, Seen
from snnopt.penalties.controllers import (
    Fixed,
    FlipShare,
    Geometric,
    OSQPRule,
    RelativeBalancing,
    ResidualBalancing,
    Spectral,
)

ANY = st.one_of(st.floats(0, 1e12), st.sampled_from([0.0, math.inf, math.nan, 1e-300, 1e300]))
SECANTS = st.one_of(st.none(), st.builds(Secant, ANY, st.one_of(ANY, ANY.map(lambda x: -x)), ANY))
SEEN = st.builds(Seen, st.integers(1, 1000), st.floats(1e-12, 1e12), ANY, ANY, ANY, ANY, ANY, SECANTS, SECANTS)


@pytest.mark.parametrize("kind", CONTROLLERS)
@given(SEEN)
def test_penalties_stay_finite_positive_and_in_bounds(kind: type[Controller], seen: Seen) -> None:
    after = kind(least=1e-3, most=1e3).after(seen)
    assert min(1e-3, seen.penalty) <= after <= max(1e3, seen.penalty)


@pytest.mark.parametrize("kind", CONTROLLERS)
@given(SEEN)
def test_penalties_rest_between_changes_and_after_the_last(kind: type[Controller], seen: Seen) -> None:
    assert kind(every=1001).after(seen) == seen.penalty
    assert kind(every=1, until=5).after(replace(seen, iteration=6)) == seen.penalty


@pytest.mark.parametrize("kind", CONTROLLERS)
@pytest.mark.parametrize("field", ["every", "until", "least", "most"])
@pytest.mark.parametrize("value", [0, -1.0, math.nan, "2", True])
def test_wrong_settings_are_refused(kind: type[Controller], field: str, value: object) -> None:
    with pytest.raises(so.ModelError, match=rf"{kind.__name__}: {field} = "):
        kind(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [c for c in CONTROLLERS if not c.steps_only and c is not Geometric])
def test_balanced_residuals_are_left_alone(kind: type[Controller]) -> None:
    assert kind(every=1).after(Seen(20, 3.0, 0.4, 0.4)) == 3.0


@pytest.mark.parametrize("kind", [ResidualBalancing, RelativeBalancing, OSQPRule])
def test_the_larger_residual_is_the_one_that_is_fought(kind: type[Controller]) -> None:
    assert kind(every=1).after(Seen(20, 3.0, 0.9, 1e-3)) > 3.0
    assert kind(every=1).after(Seen(20, 3.0, 1e-3, 0.9)) < 3.0
    assert kind(every=1).after(Seen(20, 3.0, 0.9, 0.0)) > 3.0
    assert kind(every=1).after(Seen(20, 3.0, 0.0, 0.9)) < 3.0


@pytest.mark.parametrize("kind", [RelativeBalancing, OSQPRule])
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_relative_rules_do_not_depend_on_units(kind: type[Controller], r: float, s: float, unit: float) -> None:
    plain, scaled = Seen(10, 2.0, r, s, 1.5, 0.7), Seen(10, 2.0, r * unit, s * unit, 1.5 * unit, 0.7 * unit)
    assert math.isclose(kind().after(plain), kind().after(scaled), rel_tol=1e-9)


def test_each_rule_is_its_formula() -> None:
    assert Fixed().after(Seen(1, 2.0, 1.0, 0.0)) == 2.0
    assert Geometric(growth=2.0, cap=5.0).after(Seen(1, 2.0, 1.0, 0.0)) == 4.0
    assert Geometric(growth=2.0, cap=5.0).after(Seen(1, 4.0, 1.0, 0.0)) == 5.0
    assert Geometric(growth=2.0, cap=5.0).after(Seen(1, 7.0, 1.0, 0.0)) == 7.0
    assert Geometric(growth=0.5).after(Seen(1, 7.0, 1.0, 0.0)) == 3.5
    assert ResidualBalancing(apart=10, by=3).after(Seen(1, 2.0, 1.0, 0.11)) == 2.0
    assert ResidualBalancing(apart=10, by=3).after(Seen(1, 2.0, 1.0, 0.09)) == 6.0
    assert ResidualBalancing(apart=10, by=4).after(Seen(1, 2.0, 0.09, 1.0)) == 0.5
    relative = RelativeBalancing(xi=2.0, apart=1.5, most_by=10.0)
    assert math.isclose(relative.after(Seen(1, 2.0, 3.2, 1.0)), 2.0 * math.sqrt(1.6))
    assert relative.after(Seen(1, 2.0, 2.9, 1.0)) == 2.0
    assert relative.after(Seen(1, 2.0, 1.4, 1.0)) == 2.0
    assert math.isclose(relative.after(Seen(1, 2.0, 1.2, 1.0)), 2.0 * math.sqrt(0.6))
    assert OSQPRule(every=1).after(Seen(1, 2.0, 24.0, 1.0)) == 2.0
    assert math.isclose(OSQPRule(every=1).after(Seen(1, 2.0, 26.0, 1.0)), 2.0 * math.sqrt(26.0))
    assert math.isclose(FlipShare(share=0.01).after(Seen(1, 2.0, 1, 1, flips=0.016)), 2.0 * math.sqrt(1 / 1.6))
    assert FlipShare(share=0.01, most_by=2.0).after(Seen(1, 2.0, 1, 1, flips=0.0)) == 4.0
    assert FlipShare(share=0.01, most_by=2.0).after(Seen(1, 2.0, 1, 1, flips=0.5)) == 1.0
    assert FlipShare().after(Seen(1, 2.0, 1, 1)) == 2.0


def test_spectral_finds_the_curvature_of_quadratics_and_doubts_what_does_not_correlate() -> None:
    rng = np.random.default_rng(0)
    moved = rng.normal(size=50)

    def secant(curvatures: np.ndarray | float) -> Secant:
        priced = curvatures * moved
        return Secant(float(moved @ moved), float(moved @ priced), float(priced @ priced))

    spectral, seen = Spectral(every=1), Seen(2, 1.0, 1.0, 1.0)
    assert math.isclose(spectral.after(replace(seen, first=secant(3.0), last=secant(12.0))), 6.0)
    assert math.isclose(spectral.after(replace(seen, last=secant(12.0))), 12.0)
    assert spectral.after(replace(seen, first=secant(3.0), last=secant(-12.0))) == pytest.approx(3.0)
    assert spectral.after(replace(seen, last=Secant(1.0, 0.19, 1.0))) == 1.0
    assert spectral.after(replace(seen, last=Secant(1.0, 0.21, 1.0))) == pytest.approx(1 / 0.21 - 0.21 / 2)
    mixed = rng.uniform(1, 3, 50)
    least, steepest = (
        (mixed * moved**2).sum() / (moved**2).sum(),
        (mixed**2 * moved**2).sum() / (mixed * moved**2).sum(),
    )
    assert 2 * least > steepest
    assert math.isclose(spectral.after(replace(seen, last=secant(mixed))), least)
    late = Spectral(every=1, bound=100.0).after(replace(seen, iteration=20, last=secant(12.0)))
    assert math.isclose(late, 1.25)


@pytest.mark.parametrize("kind", [c for c in CONTROLLERS if not c.steps_only])
@pytest.mark.parametrize("start", [0.1, 1.0, 10.0])
def test_a_convex_problem_ends_in_the_same_solution(kind: type[Controller], start: float) -> None:
    """min 1/2 ||M x - b||^2 + ||z||_1, x = z; the dual is rescaled with the penalty, as the engine does."""
    rng = np.random.default_rng(3)
    m, b, rho = rng.normal(size=(12, 8)), 3 * rng.normal(size=12), start
    x, z, u = [np.linalg.solve(np.eye(8), np.zeros(8)) for _ in range(3)]
    control, old = kind(until=100, least=0.1, most=100), None
    for k in range(1, 4001):
        x = np.linalg.solve(m.T @ m + rho * np.eye(8), m.T @ b + rho * (z - u))
        before, half = z, u + x - z
        z = np.sign(x + u) * np.maximum(np.abs(x + u) - 1 / rho, 0)
        u += x - z
        now = (x, -rho * half, -z, -rho * u)
        first = last = None
        if old is not None:
            (dx, dhalf), (dz, du) = ((now[i] - old[i], now[i + 1] - old[i + 1]) for i in (0, 2))
            first, last = (Secant(float(d @ d), float(d @ e), float(e @ e)) for d, e in ((dx, dhalf), (dz, du)))
        if k % control.every == 0:
            old = now
        scale = max(float(np.linalg.norm(x)), float(np.linalg.norm(z)))
        r, s = float(np.linalg.norm(x - z)), rho * float(np.linalg.norm(z - before))
        new = control.after(Seen(k, rho, r, s, scale, rho * float(np.linalg.norm(u)), math.nan, first, last))
        u, rho = u * rho / new, new
    gradient = m.T @ (m @ z - b)
    assert np.abs(gradient[z != 0] + np.sign(z[z != 0])).max() < 1e-7
    assert np.abs(gradient).max() < 1 + 1e-7
