"""Oracle of the majorised read-out: is the quadratic above the loss, does it touch, and is its minimiser found?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import LOSS_FUNCTIONS, ClosedForm
from snnopt.cvx_bridge import least_squares
from snnopt.oracles.case import Case, conditioned, relative_distance, relative_excess
from snnopt.oracles.features import MANY, draw_currents, draw_widths, l2_columns, membrane
from snnopt.oracles.losses import LOSSES, gradient
from snnopt.oracles.majoriser import loss_faults, probes
from snnopt.oracles.oracle import Extreme, Oracle, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class ReadoutCase(Case):
    """``F(W) = scale mean_n loss(W x[n], target[n]) + sum_j lam_j/2 ||W_j||^2`` under a quadratic that touches at W_0.

    The quadratic is ``F(W_0) + <F'(W_0), D> + 1/eta (b/2 (mean_n ||D x||^2 + mu ||D||^2) + sum_j lam_j/2 ||D_j||^2)``
    in D = W - W_0, b the loss's curvature bound times its scale. At eta = 1 it must lie above F.

    Attributes
    ----------
    kind : the loss, by its kind.
    features : x, what the read-out's window sees [N, k].
    target : labels [N], or real targets [N, units].
    weights : W_0 [units, k].
    lam : L2 of each column, [k].
    scale, damping, eta : scale of the loss, mu, step.
    """

    kind: str
    features: Array
    target: Array
    weights: Array
    lam: Array
    scale: float
    damping: float
    eta: float

    axes: ClassVar = {
        "features": ("sample", "feature"),
        "target": ("sample", "unit"),
        "weights": ("unit", "feature"),
        "lam": ("feature",),
    }

    @property
    def sound(self) -> bool:  # noqa: D102
        return self.target.ndim == 2 or int(self.target.max()) < len(self.weights)

    @property
    def curvature(self) -> float:
        """b: what the loss claims to be its largest curvature, scaled."""
        return LOSS_FUNCTIONS[self.kind].curvature * self.scale

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """Hand the rule the moments and the gradient that a run would."""
        x, count = self.features, len(self.features)
        slope = self.scale * x.T @ LOSS_FUNCTIONS[self.kind].gradient(x @ self.weights.T, self.target) / count
        gram = x.T @ x / count
        return rule.solve(gram, slope, self.weights, self.lam, self.curvature, self.damping, self.eta)  # type: ignore[attr-defined]

    def loss(self, x: Array) -> float:
        """F at W_0 + x."""
        w = self.weights + x
        values = LOSSES[self.kind](self.features @ w.T, self.target)
        return self.scale * float(values.mean()) + float(self.lam @ (w**2).sum(0)) / 2

    @property
    def slope(self) -> Array:
        """F' at W_0, [units, k]."""
        g = gradient(LOSSES[self.kind], self.features @ self.weights.T, self.target)
        return np.asarray(self.scale * g.T @ self.features / len(g) + self.lam * self.weights)

    def rise(self, x: Array) -> float:
        """The quadratic at W_0 + x, less F(W_0)."""
        bend = float(((self.features @ x.T) ** 2).sum()) / len(self.features) + self.damping * float((x**2).sum())
        return float((self.slope * x).sum()) + (self.curvature * bend + float(self.lam @ (x**2).sum(0))) / 2 / self.eta

    def solution(self) -> Array:
        """CVXPY's minimiser of the quadratic, as a change of W_0."""
        k, units = len(self.lam), len(self.weights)
        a = np.concatenate(
            [
                np.sqrt(self.curvature / len(self.features)) * self.features,
                np.sqrt(self.curvature * self.damping) * np.eye(k),
                np.diag(np.sqrt(self.lam)),
            ]
        ) / np.sqrt(self.eta)
        return least_squares(a, np.zeros((len(a), units)), self.slope.T).T

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        least = max(1e-6 * self.loss(np.zeros_like(x)), 1e-12 * self.scale)
        return relative_excess(self.rise(x), self.rise(best), 0.0, least)

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        energy = self.curvature * float((self.features**2).sum()) / len(self.features)
        size = 1e-6 * max(1.0, float(np.abs(self.weights).max()))
        held = self.lam + self.curvature * self.damping
        return relative_distance(x, best, size) if conditioned(energy, held) else None

    def defects(self, x: Array) -> tuple[str, ...]:
        """Does the loss's own code agree with its definition, does the quadratic lie above it, does a step help?"""
        out = loss_faults(self.kind, self.features @ self.weights.T, self.target)
        start = self.loss(np.zeros_like(x))
        if self.eta <= 1:
            for probe in (x, *probes(self.weights, self.features)):
                loss = self.loss(probe)
                if loss > start + self.rise(probe) + 1e-9 * (abs(loss) + abs(start)):
                    out.append("the quadratic does not lie above the loss")
                    break
            if self.loss(x) > start + 1e-9 * abs(start):
                out.append("the loss rises")
        return tuple(out)


@final
class ReadoutOracle(Oracle):
    """Read-out blocks with one smooth loss on a window's mean, and L2."""

    extremes = (
        Extreme("one step", {"steps": 1}),
        Extreme("one sample", {"samples": 1}),
        Extreme("one unit", {"units": 1}),
        Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1, "fan_in": 1}),
        Extreme("two units, zero weights", {"units": 2, "weights": 0.0}),
        Extreme("many features", {"fan_in": MANY, "units": 2, "steps": 2}),
        Extreme("zero data", {"data": 0.0}),
        Extreme("large data", {"data": 1e3}),
        Extreme("saturated", {"weights": 1e3}),
        Extreme("full step", {"eta": 1.0}),
        Extreme("mu 1e6", {"mu": 1e6}),
        Extreme("mu 1e-6", {"mu": 1e-6}),
        Extreme("lam 1e6", {"lam": 1e6}),
        Extreme("lam 1e-6", {"lam": 1e-6}),
        Extreme("scale 1e6, mu 1e-6", {"scale": 1e6, "mu": 1e-6}),
        Extreme("scale 1e-6", {"scale": 1e-6}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        losses = [t for t in block.terms if t.role == "loss"]
        if block.kind != "readout" or len(losses) != 1:
            return "it knows read-outs with one loss"
        if losses[0].kind not in LOSSES:
            return f"it has no definition of {losses[0].kind}"
        if losses[0].over is None or losses[0].over[0] not in ("mean", "last", "window"):
            return "it knows losses on the mean over a window"
        return unknown_terms(block, ("l2",))

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> ReadoutCase:  # noqa: D102
        loss = next(t for t in block.terms if t.role == "loss")
        assert loss.over is not None
        kind, width = loss.over
        steps, samples = extreme.whole("steps", rng, 4), extreme.whole("samples", rng, 5)
        units, widths, use = extreme.whole("units", rng, 4), draw_widths(block, rng, extreme), block.uses[0]
        response = membrane(use.target.dynamics, draw_currents(use, widths, rng, steps, samples))
        seen = {"mean": steps, "last": 1, "window": min(width, steps)}[kind]
        x = extreme.number("data", 1.0) * response[steps - seen :].mean(0)
        real = loss.kind == "squared_error" and rng.random() < 0.5
        return ReadoutCase(
            kind=loss.kind,
            features=x,
            target=rng.normal(size=(samples, units)) if real else rng.integers(0, units, samples),
            weights=extreme.number("weights", decade(rng, -1, 1)) * rng.normal(size=(units, x.shape[1])),
            lam=l2_columns(block, widths, rng, extreme),
            scale=extreme.number("scale", loss.scale),
            damping=extreme.number("mu", decade(rng, -3, 1)) if block.proximal else 0.0,
            eta=extreme.number("eta", float(rng.choice([1.0, 0.5, 0.1]))),
        )
