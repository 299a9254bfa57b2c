"""The verifier verified: wrong closed forms, planted on purpose, must all be caught."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import snnopt as so
from snnopt.blocks import LOSS_FUNCTIONS, Binding, ClosedForm
from snnopt.blocks.dithered_step import DitheredStep
from snnopt.blocks.exact_step import ExactStep
from snnopt.blocks.fixed_readout import FixedReadout
from snnopt.blocks.linearised_spikes import LinearisedSpikes
from snnopt.blocks.losses.cross_entropy import CrossEntropyFunction
from snnopt.blocks.losses.squared_error import SquaredErrorFunction
from snnopt.blocks.majorised_readout import MajorisedReadout
from snnopt.blocks.masked_ridge_weights import MaskedRidgeWeights
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.oracles import verify, verify_rule
from snnopt.oracles.catalogue import catalogue
from snnopt.program import Term

TRIALS = 10


def planted(base: type[ClosedForm], **methods: Callable[..., Any]) -> type[ClosedForm]:
    """The closed form ``base`` with some of its methods replaced by wrong ones."""
    return type(f"Wrong{base.__name__}", (base,), {k: staticmethod(f) for k, f in methods.items()})


ridge: Callable[..., Any] = RidgeWeights.solve
masked: Callable[..., Any] = MaskedRidgeWeights.solve
spikes = LinearisedSpikes.solve
passed_on = FixedReadout.solve
step, density, dither, readout = ExactStep.move, DitheredStep.slope, DitheredStep.move, MajorisedReadout.solve


def flip(pays, v, s, theta):
    """Cross the threshold where it pays, as the exact step does."""
    return np.where(pays, np.where(s > 0, theta, np.nextafter(theta, np.inf)) - v, 0.0)


def transposed(g, c, w, lam, mu):
    return np.linalg.solve(g + np.diag(lam + mu), c - lam[:, None] * w.T).reshape(w.shape)


def on_wrong_side(v, s, da, rho, sigma, theta):
    return np.where(step(v, s, da, rho, sigma, theta) != 0, theta - v, 0.0)


def with_a_margin(v, s, da, rho, sigma, theta):
    dv = step(v, s, da, rho, sigma, theta)
    return np.where((dv != 0) & (s == 0), theta + 1e-3 - v, dv)


WRONG = {
    # ridge
    "Gram matrix twice": planted(RidgeWeights, solve=lambda g, c, *rest: ridge(2 * g, c, *rest)),
    "demand twice": planted(RidgeWeights, solve=lambda g, c, *rest: ridge(g, 2 * c, *rest)),
    "demand's sign": planted(RidgeWeights, solve=lambda g, c, *rest: ridge(g, -c, *rest)),
    "L2 on biases": planted(
        RidgeWeights, solve=lambda g, c, w, lam, mu: ridge(g, c, w, np.full_like(lam, lam.max()), mu)
    ),
    "L2 left out": planted(RidgeWeights, solve=lambda g, c, w, lam, mu: ridge(g, c, w, 0 * lam, mu)),
    "lam W_0 forgotten on the right": planted(
        RidgeWeights, solve=lambda g, c, w, lam, mu: ridge(g, c, np.zeros_like(w), lam, mu)
    ),
    "lam W_0 added instead of taken": planted(RidgeWeights, solve=lambda g, c, w, lam, mu: ridge(g, c, -w, lam, mu)),
    "damped around zero": planted(RidgeWeights, solve=lambda g, c, w, lam, mu: ridge(g, c - mu * w.T, w, lam, mu)),
    "damping left out": planted(
        RidgeWeights,
        solve=lambda g, c, w, lam, mu: (np.linalg.pinv(g + np.diag(lam)) @ (c - lam[:, None] * w.T)).T,
    ),
    "damping halved": planted(RidgeWeights, solve=lambda g, c, w, lam, mu: ridge(g, c, w, lam, mu / 2)),
    "transposed": planted(RidgeWeights, solve=transposed),
    "W instead of its change": planted(RidgeWeights, solve=lambda g, c, w, *rest: w + ridge(g, c, w, *rest)),
    "clipped after the solve": planted(RidgeWeights, solve=lambda *a: np.clip(ridge(*a), -1, 1)),
    "one part in ten thousand": planted(RidgeWeights, solve=lambda *a: 1.0001 * ridge(*a)),
    "single precision": planted(RidgeWeights, solve=lambda *a: ridge(*a).astype(np.float32)),
    "not finite": planted(RidgeWeights, solve=lambda *a: np.nan * ridge(*a)),
    "wrong beyond 192 features": planted(RidgeWeights, solve=lambda *a: ridge(*a) * (1 + 0.01 * (len(a[0]) > 192))),
    # masked ridge
    "masked after a dense solve": planted(
        MaskedRidgeWeights, solve=lambda g, c, w, lam, mu, mask: ridge(g, c, w, lam, mu) * mask
    ),
    "mask ignored": planted(MaskedRidgeWeights, solve=lambda g, c, w, lam, mu, mask: ridge(g, c, w, lam, mu)),
    "one mask for all neurons": planted(
        MaskedRidgeWeights, solve=lambda *a: masked(*a[:-1], np.broadcast_to(a[-1][:1], a[-1].shape))
    ),
    "mask inverted": planted(MaskedRidgeWeights, solve=lambda *a: masked(*a[:-1], ~a[-1])),
    # spikes
    "spikes: demand's sign": planted(LinearisedSpikes, solve=lambda s, da, sigma: spikes(s, -da, sigma)),
    "spikes: sigma for sigma/2": planted(LinearisedSpikes, solve=lambda s, da, sigma: spikes(s, da, sigma / 2)),
    "spikes: sigma left out": planted(LinearisedSpikes, solve=lambda s, da, sigma: s + da),
    "spikes: clipped to a box": planted(LinearisedSpikes, solve=lambda *a: np.clip(spikes(*a), 0, 1)),
    # exact step
    "lands on the wrong side": planted(ExactStep, move=on_wrong_side),
    "lands 1e-3 above": planted(ExactStep, move=with_a_margin),
    "distance ignored": planted(
        ExactStep, move=lambda v, s, da, rho, sigma, th: flip((1 - 2 * s) * da > sigma / 2, v, s, th)
    ),
    "demand must only agree in sign": planted(
        ExactStep, move=lambda v, s, da, rho, sigma, th: flip((1 - 2 * s) * da >= 0, v, s, th)
    ),
    "sigma for sigma/2": planted(ExactStep, move=lambda v, s, da, rho, sigma, th: step(v, s, da, rho, 2 * sigma, th)),
    "rho left out": planted(ExactStep, move=lambda v, s, da, rho, sigma, th: step(v, s, da, 1.0, sigma, th)),
    "rho for rho/2": planted(ExactStep, move=lambda v, s, da, rho, sigma, th: step(v, s, da, 2 * rho, sigma, th)),
    "silent and active treated alike": planted(
        ExactStep, move=lambda v, s, da, rho, sigma, th: flip(da - rho / 2 * (v - th) ** 2 > sigma / 2, v, s, th)
    ),
    "spike at v = theta": planted(
        ExactStep, move=lambda v, s, da, rho, sigma, th: step(v, 1.0 * (v >= th), da, rho, sigma, th)
    ),
    # dithered step
    "density of height 1": planted(DitheredStep, slope=lambda v, th, w: w * density(v, th, w)),
    "rectangular density": planted(DitheredStep, slope=lambda v, th, w: (np.abs(v - th) < w) / (2 * w)),
    "density not cut at zero": planted(DitheredStep, slope=lambda v, th, w: (1 - np.abs(v - th) / w) / w),
    "density of half the width": planted(DitheredStep, slope=lambda v, th, w: density(v, th, w / 2)),
    "dither: rho left out": planted(DitheredStep, move=lambda da, p, rho: da * p),
    "dither: demand's sign": planted(DitheredStep, move=lambda da, p, rho: dither(-da, p, rho)),
    # read-out without weights
    "fixed read-out: the gradient, not minus it": planted(FixedReadout, solve=lambda *a: -passed_on(*a)),
    "fixed read-out: scale left out": planted(FixedReadout, solve=lambda loss, m, y, s: passed_on(loss, m, y, 1.0)),
    "fixed read-out: mean over samples": planted(FixedReadout, solve=lambda *a: passed_on(*a) / len(a[1])),
    # read-out
    "curvature halved": planted(
        MajorisedReadout, solve=lambda g, s, w, lam, b, mu, eta: readout(g, s, w, lam, b / 2, mu, eta)
    ),
    "curvature left out": planted(
        MajorisedReadout, solve=lambda g, s, w, lam, b, mu, eta: readout(g, s, w, lam, 1.0, mu, eta)
    ),
    "step left out": planted(
        MajorisedReadout, solve=lambda g, s, w, lam, b, mu, eta: readout(g, s, w, lam, b, mu, 1.0)
    ),
    "read-out: damping without curvature": planted(
        MajorisedReadout, solve=lambda g, s, w, lam, b, mu, eta: readout(g, s, w, lam, b, mu / b, eta)
    ),
    "read-out: lam W_0 forgotten": planted(
        MajorisedReadout, solve=lambda g, s, w, lam, b, mu, eta: readout(g, s, 0 * w, lam, b, mu, eta)
    ),
    "read-out: uphill": planted(MajorisedReadout, solve=lambda *a: -readout(*a)),
}


@pytest.mark.parametrize("error", WRONG)
def test_wrong_closed_form_is_caught(error):
    report = verify_rule(WRONG[error], seed=1, trials=TRIALS)
    assert not report.passed
    with pytest.raises(so.VerificationError):
        report.raise_if_failed()


class TooSharp(CrossEntropyFunction):
    curvature = 0.45


class WrongGradient(SquaredErrorFunction):
    def gradient(self, m, target):
        return 2 * super().gradient(m, target)


class WrongValues(CrossEntropyFunction):
    def values(self, m, target):
        return super().values(m, target) + 1


@pytest.mark.parametrize(
    ("kind", "wrong", "finding"),
    [
        ("cross_entropy", TooSharp(), "does not lie above the loss"),
        ("squared_error", WrongGradient(), ""),
        ("cross_entropy", WrongValues(), "values of cross_entropy differ"),
    ],
    ids=["curvature bound too small", "gradient twice", "values shifted"],
)
def test_wrong_loss_is_caught(kind, wrong, finding, monkeypatch):
    monkeypatch.setitem(LOSS_FUNCTIONS, kind, wrong)
    report = verify_rule(MajorisedReadout, seed=1, trials=TRIALS)
    assert any(finding in row.failure.reason for row in report.failures if row.failure)


def test_a_rule_that_raises_is_a_failure_not_a_crash():
    def broken(*args):
        raise np.linalg.LinAlgError("Singular matrix")

    report = verify_rule(planted(RidgeWeights, solve=broken), trials=1)
    assert "Singular matrix" in str(report)
    assert not report.passed


def test_a_rule_that_writes_into_its_arguments_is_caught():
    def overwriting(s, da, sigma):
        s += da / sigma
        return s

    report = verify_rule(planted(LinearisedSpikes, solve=overwriting), trials=1)
    assert not report.passed


class UnknownBlock(RidgeWeights):
    """A rule for a block that no oracle knows."""

    @classmethod
    def matches(cls, block):
        return None if any(t.kind == "elastic_net" for t in block.terms) else "it needs an elastic net"


def test_a_rule_without_an_oracle_fails():
    alone = verify_rule(UnknownBlock)
    assert not alone.passed and "no oracle" in str(alone)

    block = next(b for b in catalogue() if b.kind == "weights")
    boxed = replace(block, terms=(*block.terms, Term("box", "constraint", "h", ("h.weight",))))

    class Plan:
        bindings = (Binding(block, RidgeWeights, ()), Binding(boxed, RidgeWeights, ()))

    report = verify(Plan(), trials=1)
    assert [row.failure is None for row in report.rows] == [True, False]
    assert "no oracle" in str(report) and "box(h)" in str(report)
    with pytest.raises(so.VerificationError, match="1 of 2 closed forms failed"):
        report.raise_if_failed()


class Halved(RidgeWeights):
    """Importable, so that what the report prints can be run."""

    @staticmethod
    def solve(gram, cross, weights, lam, damping):
        return RidgeWeights.solve(gram, cross, weights, lam, damping) / 2


def test_a_failure_prints_a_small_instance_that_runs(capsys):
    failure = verify_rule(Halved, seed=3, trials=TRIALS).failures[0].failure
    assert failure is not None
    found: dict[str, Any] = {}
    exec(failure.code, found)
    assert "fault=" in capsys.readouterr().out
    assert found["case"].features.size <= 2 and found["case"].moves.size == 1
