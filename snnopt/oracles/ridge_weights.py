"""Oracle of the weight block: ridge regression, solved by CVXPY from the data themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.cvx_bridge import least_squares
from snnopt.oracles.case import Case, conditioned, relative_distance, relative_excess
from snnopt.oracles.features import MANY, draw_currents, draw_widths, l2_columns, membrane
from snnopt.oracles.oracle import Extreme, Oracle, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class RidgeCase(Case):
    """``mean_n sum_{u,t} rho_u/2 ||W phi - (W_0 phi + dv)||^2 + sum_j lam_j/2 ||W_j||^2 + mu/2 ||W - W_0||^2``.

    Attributes
    ----------
    features : phi [uses, T, N, k].
    moves : dv, the wanted change of the potentials, [uses, T, N, channels].
    rho : [uses].
    weights : W_0 [channels, k].
    lam : L2 of each column, [k].
    damping : mu.
    mask : synapses that exist [channels, k], or None for all.
    """

    features: Array
    moves: Array
    rho: Array
    weights: Array
    lam: Array
    damping: float
    mask: Array | None = None

    axes: ClassVar = {
        "features": ("use", "time", "sample", "feature"),
        "moves": ("use", "time", "sample", "channel"),
        "rho": ("use",),
        "weights": ("channel", "feature"),
        "lam": ("feature",),
        "mask": ("channel", "feature"),
    }

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """Hand the rule its sums over time, means over samples."""
        phi, count = self.features, self.features.shape[2]
        gram = np.einsum("u,utnj,utnk->jk", self.rho, phi, phi) / count
        cross = np.einsum("u,utnj,utnc->jc", self.rho, phi, self.moves) / count
        mask = () if self.mask is None else (self.mask,)
        return rule.solve(gram, cross, self.weights, self.lam, self.damping, *mask)  # type: ignore[attr-defined]

    def objective(self, x: Array) -> float:
        """The block's objective at W_0 + x."""
        w, count = self.weights + x, self.features.shape[2]
        total = float(self.lam @ (w**2).sum(0)) / 2 + self.damping / 2 * float((x**2).sum())
        for rho, phi, dv in zip(self.rho, self.features, self.moves, strict=True):
            total += float(rho) / 2 * float((((phi @ w.T) - (phi @ self.weights.T + dv)) ** 2).sum()) / count
        return total

    def solution(self) -> Array:
        """CVXPY's minimiser, as a change of W_0."""
        root, k, channels = np.sqrt(self.rho / self.features.shape[2]), len(self.lam), len(self.weights)
        data = (root[:, None, None, None] * self.features).reshape(-1, k)
        wanted = (root[:, None, None, None] * self.moves).reshape(-1, channels)
        ridge = np.diag(np.sqrt(self.lam))
        near = np.sqrt(self.damping) * np.eye(k)
        a = np.concatenate([data, ridge, near])
        b = np.concatenate([wanted, -ridge @ self.weights.T, np.zeros((k, channels))])
        zero = None if self.mask is None else ~self.mask.T
        return least_squares(a, b, np.zeros((k, channels)), zero).T

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        return relative_excess(self.objective(x), self.objective(best), self.objective(np.zeros_like(x)))

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        energy = np.einsum("u,utnk->", self.rho, self.features**2) / self.features.shape[2]
        size = 1e-9 * max(1.0, float(np.abs(self.weights).max()))
        return relative_distance(x, best, size) if conditioned(float(energy), self.lam + self.damping) else None

    def violation(self, x: Array) -> float:
        """Largest weight of a synapse that does not exist."""
        return 0.0 if self.mask is None else float(np.abs((self.weights + x) * ~self.mask).max())


def draw_ridge(block: Block, rng: np.random.Generator, extreme: Extreme, masked: bool) -> RidgeCase:
    """Draw an instance of a weight block."""
    steps, samples = extreme.whole("steps", rng, 4), extreme.whole("samples", rng, 4)
    channels, widths = extreme.whole("units", rng, 3), draw_widths(block, rng, extreme)
    uses, size = len(block.uses), extreme.number("data", 1.0)
    phi = [
        membrane(
            u.target.dynamics,
            size * draw_currents(block, u, widths, rng, steps, samples),
            int(rng.integers(u.target.size)),
        )
        for u in block.uses
    ]
    weights = extreme.number("weights", decade(rng, -1, 1)) * rng.normal(size=(channels, phi[0].shape[-1]))
    mask = None
    if masked:
        mask = rng.random(weights.shape) < extreme.number("density", 0.6)
        weights = np.where(mask, weights, 0.0)
    return RidgeCase(
        features=np.stack(phi),
        moves=extreme.number("moves", decade(rng, -1, 1)) * rng.normal(size=(uses, steps, samples, channels)),
        rho=np.array([extreme.number("rho", decade(rng)) for _ in range(uses)]),
        weights=weights,
        lam=l2_columns(block, widths, rng, extreme),
        damping=extreme.number("mu", decade(rng)) if block.proximal else 0.0,
        mask=mask,
    )


LARGE, SMALL = 1e6, 1e-6
RIDGE_EXTREMES = (
    Extreme("one step", {"steps": 1}),
    Extreme("one sample", {"samples": 1}),
    Extreme("one neuron", {"units": 1, "fan_in": 1}),
    Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1, "fan_in": 1}),
    Extreme("many features", {"fan_in": MANY, "units": 2, "steps": 2, "density": 0.95}),
    Extreme("zero data", {"data": 0.0}),
    Extreme("nothing asked for", {"moves": 0.0}),
    Extreme("zero weights", {"weights": 0.0}),
    Extreme("rho 1e6", {"rho": LARGE}),
    Extreme("rho 1e-6", {"rho": SMALL}),
    Extreme("mu 1e6", {"mu": LARGE}),
    Extreme("mu 1e-6", {"mu": SMALL}),
    Extreme("lam 1e6", {"lam": LARGE}),
    Extreme("lam 1e-6", {"lam": SMALL}),
    Extreme("rho 1e6, others 1e-6", {"rho": LARGE, "mu": SMALL, "lam": SMALL}),
    Extreme("mu 1e6, others 1e-6", {"rho": SMALL, "mu": LARGE, "lam": SMALL}),
    Extreme("lam 1e6, others 1e-6", {"rho": SMALL, "mu": SMALL, "lam": LARGE}),
)


@final
class RidgeOracle(Oracle):
    """Weight blocks with L2, in either form."""

    extremes = RIDGE_EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "weights":
            return "it knows weights"
        if any(c.mask is not None for c in block.columns):
            return "it knows weights without masks"
        return unknown_terms(block, ("l2",))

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> RidgeCase:  # noqa: D102
        return draw_ridge(block, rng, extreme, masked=False)
