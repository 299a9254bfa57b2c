"""Oracle of spikes whose every coupling is linearised: a quadratic in one entry at a time, in a box or not, solved by CVXPY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.cvx_bridge import least_squares
from snnopt.cvx_bridge.box_least_squares import box_least_squares
from snnopt.oracles.case import relative_distance, relative_excess
from snnopt.oracles.modelled import ModelledCase, draw_models
from snnopt.oracles.oracle import SPIKE_PENALTIES, Extreme, Oracle, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class ProximalGradientSpikesCase(ModelledCase):
    """The models, ``sigma/2 ||a - H + w||^2 - <linear, a>``, and ``0 <= a <= 1`` where ``boxed``. x is a [T, N, n].

    Attributes
    ----------
    spikes, dual, linear : H, w and the linear term, [T, N, n].
    sigma : the step's penalty.
    majorised : whether tau is known to be large enough for descent.
    """

    spikes: Array
    dual: Array
    linear: Array
    sigma: float
    boxed: bool
    majorised: bool

    axes: ClassVar = ModelledCase.axes | dict.fromkeys(("spikes", "dual", "linear"), ("time", "sample", "neuron"))

    @property
    def sound(self) -> bool:
        """Whether penalties are still positive."""
        return self.sigma > 0 and bool((self.rhos > 0).all() and (self.taus >= 0).all())

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's a."""
        right = self.sigma * (self.spikes - self.dual) + self.linear + self.pulled
        right.setflags(write=False)
        return rule.solve(self.sigma + self.held, right, self.boxed)  # type: ignore[attr-defined]

    def rest(self, x: Array) -> float:
        """All that is not a coupling, at a = x."""
        gap = x - self.spikes + self.dual
        return self.sigma / 2 * float((gap**2).sum()) - float((self.linear * x).sum())

    def objective(self, x: Array) -> float:
        """The block's objective at a = x."""
        return self.modelled(x) + self.rest(x)

    def solution(self) -> Array:
        """CVXPY's minimiser."""
        a = np.sqrt([[self.sigma], [self.held]])
        b = np.stack([a[0, 0] * (self.spikes - self.dual).ravel(), a[1, 0] * self.present.ravel()])
        solve = box_least_squares if self.boxed else least_squares
        return solve(a, b, (self.slope - self.linear).reshape(1, -1)).reshape(self.spikes.shape)

    def excess(self, x: Array, best: Array) -> float:
        """Relative to what can be won from a_k, or, if more, to what it costs to move every a by 0.01."""
        cost = 1e-4 / 2 * (self.sigma + self.held) * x.size + 1e-2 * float(np.abs(self.linear).sum())
        start = np.clip(self.present, 0, 1) if self.boxed else self.present
        return relative_excess(self.objective(x), self.objective(best), self.objective(start), cost)

    def distance(self, x: Array, best: Array) -> float | None:
        """None where a bound hardly holds a spike: there an interior-point solver stops short of it."""
        if self.boxed:
            slope = np.abs(self.slope + self.held * (best - self.present) - self.linear)
            pull = slope + self.sigma * np.abs(best - self.spikes + self.dual)
            if np.any(np.maximum(np.minimum(best, 1 - best), pull / (self.sigma + self.held)) < 1e-3):
                return None
        return relative_distance(x, best, 1.0)

    def violation(self, x: Array) -> float:
        """How far a leaves the box."""
        return float(np.maximum(-x, x - 1).max(initial=0.0)) if self.boxed else 0.0

    def defects(self, x: Array) -> tuple[str, ...]:
        """Where the models lie above their couplings, the couplings themselves must not rise from a_k to a."""
        if not self.majorised or (self.boxed and self.violation(self.present) > 0):
            return ()
        before, after = (self.coupled(y) + self.rest(y) for y in (self.present, x))
        size = self.coupled(self.present) + abs(self.rest(self.present)) + abs(self.rest(x)) + self.coupled(x)
        return ("the objective with the couplings themselves rises",) if after > before + 1e-9 * size else ()


@final
class ProximalGradientSpikesOracle(Oracle):
    """Kept spikes in either form, in a box or not, whose couplings are all linearised."""

    extremes = (
        Extreme("one step", {"steps": 1}),
        Extreme("one sample", {"samples": 1}),
        Extreme("one neuron", {"units": 1, "rows": 1}),
        Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1, "rows": 1}),
        Extreme("two wires", {"wires": 2.0, "steps": 4}),
        Extreme("read two steps later", {"lag": 2.0, "steps": 4}),
        Extreme("read beyond the end", {"lag": 2.0, "steps": 2}),
        Extreme("no weights", {"weights": 0.0}),
        Extreme("no dual, nothing linear", {"dual": 0.0, "linear": 0.0}),
        Extreme("linear 1e3", {"linear": 1e3}),
        Extreme("far outside", {"linear": 1e6}),
        Extreme("nothing to move", {"dual": 0.0, "linear": 0.0, "noise": 0.0}),
        Extreme("prox 1", {"prox": 1.0}),
        Extreme("prox 1e-3", {"prox": 1e-3}),
        Extreme("prox 1e3", {"prox": 1e3}),
        *SPIKE_PENALTIES,
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "spikes" or block.linear or not block.uncoupled:
            return "it knows kept spikes whose couplings are all linearised"
        if block.form == "trace" and block.order == "one":
            return "it knows all steps of time together in trace form"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> ProximalGradientSpikesCase:
        """Draw the models, and a step coupling about their present spikes."""
        steps, samples, units = (extreme.whole(n, rng, 4) for n in ("steps", "samples", "units"))
        spikes = (rng.random((steps, samples, units)) < 0.5).astype(np.float64)
        sigma, boxed = extreme.number("sigma", decade(rng)), block.box != "none"
        models = draw_models(block, rng, extreme, spikes, 1.0 if boxed else 0.5)
        size = min(1.0, 1e3 * sigma) * extreme.number("linear", float(rng.integers(0, 2)))
        bounds = models["rhos"] * np.linalg.norm(models["responses"], 2, axis=(2, 3)).sum(1) ** 2
        return ProximalGradientSpikesCase(
            **models,
            spikes=spikes,
            dual=extreme.number("dual", decade(rng, -1, 0.5)) * rng.normal(size=spikes.shape),
            linear=size * (rng.normal(size=spikes.shape) - decade(rng)),
            sigma=sigma,
            boxed=boxed,
            majorised=bool((models["taus"] >= bounds * (1 - 1e-12)).all()),
        )
