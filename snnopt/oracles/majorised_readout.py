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
from snnopt.program import Term
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class ReadoutCase(Case):
    """``F(W) = sum_i scale_i mean_n loss_i(W x_i[n], target_i[n]) + sum_j lam_j/2 ||W_j||^2`` under a quadratic at W_0.

    The quadratic is ``F(W_0) + <F'(W_0), D> + 1/eta (sum_i b_i/2 mean_n ||D x_i||^2 + b_1 mu/2 ||D||^2 + sum_j lam_j/2
    ||D_j||^2)`` in D = W - W_0, b_i the curvature bound of loss i times its scale. At eta = 1 it must lie above F.

    Attributes
    ----------
    kinds : the losses, by their kinds, one for each use and term that sees it.
    features : x, what each loss sees [losses, N, k].
    target : labels [losses, N], or real targets [losses, N, units].
    weights : W_0 [units, k].
    lam : L2 of each column, [k].
    scale : of each loss.
    damping, eta : mu, step.
    mask : synapses that exist [units, k], or None for all.
    """

    kinds: tuple[str, ...]
    features: Array
    target: Array
    weights: Array
    lam: Array
    scale: Array
    damping: float
    eta: float
    mask: Array | None = None

    axes: ClassVar = {
        "features": ("loss", "sample", "feature"),
        "target": ("loss", "sample", "unit"),
        "weights": ("unit", "feature"),
        "lam": ("feature",),
        "scale": ("loss",),
        "mask": ("unit", "feature"),
    }

    @property
    def sound(self) -> bool:  # noqa: D102
        whole = self.target.ndim == 3 or int(self.target.max()) < len(self.weights)
        return whole and len(self.scale) == len(self.kinds)

    @property
    def curvature(self) -> Array:
        """b of each loss: what it claims to be its largest curvature, scaled."""
        return self.scale * np.array([LOSS_FUNCTIONS[k].curvature for k in self.kinds])

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """Hand the rule the moments and the gradient that a run would."""
        count, slope, gram, b = self.features.shape[1], 0.0, 0.0, self.curvature
        for k, kind in enumerate(self.kinds):
            x = self.features[k]
            g = LOSS_FUNCTIONS[kind].gradient(x @ self.weights.T, self.target[k])
            slope = slope + self.scale[k] * x.T @ g / count
            gram = gram + b[k] / b[0] * x.T @ x / count
        mask = () if self.mask is None else (self.mask,)
        return rule.solve(gram, slope, self.weights, self.lam, float(b[0]), self.damping, self.eta, *mask)  # type: ignore[attr-defined]

    def loss(self, x: Array) -> float:
        """F at W_0 + x."""
        w, total = self.weights + x, 0.0
        for k, kind in enumerate(self.kinds):
            total += float(self.scale[k] * LOSSES[kind](self.features[k] @ w.T, self.target[k]).mean())
        return total + float(self.lam @ (w**2).sum(0)) / 2

    @property
    def slope(self) -> Array:
        """F' at W_0, [units, k]."""
        total = self.lam * self.weights
        for k, kind in enumerate(self.kinds):
            g = gradient(LOSSES[kind], self.features[k] @ self.weights.T, self.target[k])
            total = total + self.scale[k] * g.T @ self.features[k] / len(g)
        return np.asarray(total)

    def rise(self, x: Array) -> float:
        """The quadratic at W_0 + x, less F(W_0)."""
        bend = self.curvature[0] * self.damping * float((x**2).sum()) + float(self.lam @ (x**2).sum(0))
        for b, features in zip(self.curvature, self.features, strict=True):
            bend += b * float(((features @ x.T) ** 2).sum()) / len(features)
        return float((self.slope * x).sum()) + bend / 2 / self.eta

    def solution(self) -> Array:
        """CVXPY's minimiser of the quadratic, as a change of W_0."""
        k, units, count = len(self.lam), len(self.weights), self.features.shape[1]
        data = [np.sqrt(b / count) * x for b, x in zip(self.curvature, self.features, strict=True)]
        near = [np.sqrt(self.curvature[0] * self.damping) * np.eye(k), np.diag(np.sqrt(self.lam))]
        a = np.concatenate([*data, *near]) / np.sqrt(self.eta)
        zero = None if self.mask is None else ~self.mask.T
        return least_squares(a, np.zeros((len(a), units)), self.slope.T, zero).T

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        least = max(1e-6 * self.loss(np.zeros_like(x)), 1e-12 * float(self.scale.max()))
        return relative_excess(self.rise(x), self.rise(best), 0.0, least)

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        energy = float(self.curvature @ (self.features**2).sum((1, 2))) / self.features.shape[1]
        size = 1e-6 * max(1.0, float(np.abs(self.weights).max()))
        held = self.lam + self.curvature[0] * self.damping
        return relative_distance(x, best, size) if conditioned(energy, held) else None

    def violation(self, x: Array) -> float:
        """Largest weight of a synapse that does not exist."""
        return 0.0 if self.mask is None else float(np.abs((self.weights + x) * ~self.mask).max())

    def defects(self, x: Array) -> tuple[str, ...]:
        """Does each loss's own code agree with its definition, does the quadratic lie above it, does a step help?"""
        out = []
        for kind, features, target in zip(self.kinds, self.features, self.target, strict=True):
            out += loss_faults(kind, features @ self.weights.T, target)
        start = self.loss(np.zeros_like(x))
        if self.eta <= 1:
            for probe in (x, *probes(self.weights, self.features[0])):
                loss = self.loss(probe)
                if loss > start + self.rise(probe) + 1e-9 * (abs(loss) + abs(start)) + self._rounding(probe):
                    out.append("the quadratic does not lie above the loss")
                    break
            if self.loss(x) > start + 1e-9 * abs(start) + self._rounding(x):
                out.append("the loss rises")
        return tuple(out)

    def _rounding(self, x: Array) -> float:
        """What rounding can do to a loss that is next to nothing: a few ulps of the numbers it is a difference of."""
        m = max(float(np.abs(f @ w.T).max()) for f in self.features for w in (self.weights, self.weights + x))
        return 1e-14 * float(self.scale.sum()) * (1.0 + m)


READOUT_EXTREMES = (
    Extreme("one step", {"steps": 1}),
    Extreme("one sample", {"samples": 1}),
    Extreme("one unit", {"units": 1}),
    Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1, "fan_in": 1}),
    Extreme("two units, zero weights", {"units": 2, "weights": 0.0}),
    Extreme("many features", {"fan_in": MANY, "units": 2, "steps": 2, "density": 0.95}),
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


@final
class ReadoutOracle(Oracle):
    """Read-out blocks with smooth losses on windows' means or on frozen peaks, and L2; some connections masked or none."""

    extremes = READOUT_EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        losses = [t for t in block.terms if t.role == "loss"]
        if block.kind != "readout" or not block.uses:
            return "it knows read-outs with weights"
        unknown = [t.kind for t in losses if t.kind not in LOSSES]
        return f"it has no definition of {', '.join(unknown)}" if unknown else unknown_terms(block, ("l2",))

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> ReadoutCase:  # noqa: D102
        steps, samples = extreme.whole("steps", rng, 4), extreme.whole("samples", rng, 5)
        units, widths = extreme.whole("units", rng, 4), draw_widths(block, rng, extreme)
        pairs = [(u, t) for u in block.uses for t in block.terms if t.role == "loss" and t.owner == u.target.name]
        real = all(t.kind == "squared_error" for _, t in pairs) and rng.random() < 0.5
        features = []
        for use, loss in pairs:
            unit = int(rng.integers(use.target.size))
            response = membrane(use.target.dynamics, draw_currents(block, use, widths, rng, steps, samples), unit)
            features.append(extreme.number("data", 1.0) * _seen(loss, response, rng))
        x = np.stack(features)
        shape = (len(pairs), samples)
        weights = extreme.number("weights", decade(rng, -1, 1)) * rng.normal(size=(units, x.shape[-1]))
        mask = None
        if any(c.mask is not None for c in block.columns):
            mask = rng.random(weights.shape) < extreme.number("density", 0.6)
            weights = np.where(mask, weights, 0.0)
        return ReadoutCase(
            kinds=tuple(t.kind for _, t in pairs),
            features=x,
            target=rng.normal(size=(*shape, units)) if real else rng.integers(0, units, shape),
            weights=weights,
            lam=l2_columns(block, widths, rng, extreme),
            scale=np.array([extreme.number("scale", t.scale) for _, t in pairs]),
            damping=extreme.number("mu", decade(rng, -3, 1)) if block.proximal else 0.0,
            eta=extreme.number("eta", float(rng.choice([1.0, 0.5, 0.1]))),
            mask=mask,
        )


def _seen(loss: Term, response: Array, rng: np.random.Generator) -> Array:
    """What a loss takes of a response [T, N, k]: the mean of its window, or the step at which a peak happened to be."""
    assert loss.over is not None
    kind, width = loss.over
    if kind == "max":
        return response[rng.integers(0, len(response), response.shape[1]), np.arange(response.shape[1])]
    seen = {"mean": len(response), "last": 1, "window": min(width, len(response))}[kind]
    return response[len(response) - seen :].mean(0)
