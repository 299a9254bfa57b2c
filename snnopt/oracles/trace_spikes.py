"""Oracle of spikes in trace form: a quadratic, solved by CVXPY from the residuals themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.cvx_bridge import least_squares
from snnopt.oracles.case import relative_distance, relative_excess
from snnopt.oracles.difference_spikes import flat
from snnopt.oracles.modelled import ModelledCase, draw_models
from snnopt.oracles.oracle import SPIKE_PENALTIES, Extreme, Oracle, decade, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class TraceSpikesCase(ModelledCase):
    """``rho/2 ||y - kappa * (a W')||^2 + rho_l/2 ||y_l - eta * a||^2 + sigma/2 ||a - H + w||^2 - <linear, a>``.

    ``*`` is causal convolution over time, kappa delayed by the lag; sums over time and samples. x is a [T, N, n]. To it come
    the models of couplings that are linearised.

    Attributes
    ----------
    weights : W of the layer that reads the spikes, [m, n].
    kappa, eta : that layer's kernel and the layer's own, eta[0] = 0, [T].
    lag : of the reader, whole steps.
    reader, own : y and y_l, the rest of the residuals with their duals, [T, N, m] and [T, N, n].
    spikes, dual, linear : H, w and the linear term, [T, N, n].
    rho_next, rho_own, sigma : penalties; a rho is 0 where the block lacks the term.
    """

    weights: Array
    kappa: Array
    eta: Array
    lag: int
    reader: Array
    own: Array
    spikes: Array
    dual: Array
    linear: Array
    rho_next: float
    rho_own: float
    sigma: float

    axes: ClassVar = ModelledCase.axes | {
        **dict.fromkeys(("own", "spikes", "dual", "linear"), ("time", "sample", "neuron")),
        "weights": ("row", "neuron"),
        "reader": ("time", "sample", "row"),
        "kappa": ("time",),
        "eta": ("time",),
    }

    @property
    def sound(self) -> bool:
        """Whether the step's penalty is still positive, and the reset still acts on later steps only."""
        return self.sigma > 0 and float(self.eta[0]) == 0.0

    def matrices(self) -> tuple[Array, Array]:
        """K and E, entry by entry."""
        steps = len(self.spikes)
        K, E = np.zeros((steps, steps)), np.zeros((steps, steps))
        for t in range(steps):
            for k in range(t + 1):
                E[t, t - k] = self.eta[k]
                if k >= self.lag:
                    K[t, t - k] = self.kappa[k - self.lag]
        return K, E

    def right(self, K: Array, E: Array) -> Array:
        """What the rule is told of the data, [T, N, n]."""
        out = self.sigma * (self.spikes - self.dual) + self.linear + self.pulled
        for t in range(len(out)):
            for tau in range(len(out)):
                out[t] += self.rho_next * K[tau, t] * self.reader[tau] @ self.weights
                out[t] += self.rho_own * E[tau, t] * self.own[tau]
        return out

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's a."""
        K, E = self.matrices()
        right = self.right(K, E)
        right.setflags(write=False)
        penalties = (self.rho_next, self.rho_own, self.sigma + self.held)
        prepared = rule.prepare(self.weights.T @ self.weights, K, E, *penalties)  # type: ignore[attr-defined]
        return rule.solve(prepared, right)  # type: ignore[attr-defined]

    def residuals(self, x: Array, reader: Array, own: Array) -> tuple[Array, Array]:
        """``reader - kappa * (x W')`` and ``own - eta * x``, convolved step by step."""
        reader, own = reader.copy(), own.copy()
        for t in range(len(x)):
            for k in range(1, t + 1):
                own[t] -= self.eta[k] * x[t - k]
            for k in range(t - self.lag + 1):
                reader[t] -= self.kappa[k] * x[t - self.lag - k] @ self.weights.T
        return reader, own

    def squares(self, x: Array) -> float:
        """The block's quadratic terms at a = x, but for the models."""
        reader, own = self.residuals(x, self.reader, self.own)
        total = self.rho_next / 2 * float((reader**2).sum()) + self.rho_own / 2 * float((own**2).sum())
        return total + self.sigma / 2 * float(((x - self.spikes + self.dual) ** 2).sum())

    def objective(self, x: Array) -> float:
        """The block's objective at a = x."""
        return self.squares(x) - float((self.linear * x).sum()) + self.modelled(x)

    def solution(self) -> Array:
        """CVXPY's minimiser; rows of A are what the residuals are of unit spikes."""
        steps, samples, units = self.spikes.shape
        unit = np.zeros((steps, steps * units, units))
        for t in range(steps):
            unit[t, t * units : (t + 1) * units] = np.eye(units)
        seen = self.residuals(unit, np.zeros((*unit.shape[:2], len(self.weights))), np.zeros_like(unit))
        roots = np.sqrt([self.rho_next, self.rho_own])
        rows = [-root * flat(r) for root, r in zip(roots, seen, strict=True)]
        wanted = [root * flat(y) for root, y in zip(roots, (self.reader, self.own), strict=True)]
        for penalty, near in ((self.sigma, self.spikes - self.dual), (self.held, self.present)):
            rows.append(np.sqrt(penalty) * np.eye(steps * units))
            wanted.append(np.sqrt(penalty) * flat(near))
        x = least_squares(np.concatenate(rows), np.concatenate(wanted), flat(self.slope - self.linear))
        return x.reshape(steps, units, samples).transpose(0, 2, 1)

    @property
    def energy(self) -> float:
        """An upper bound on what a spike costs in the two residuals, times two."""
        seen = float((self.weights**2).sum()) * float(np.abs(self.kappa).sum()) ** 2
        return self.rho_next * seen + self.rho_own * float(np.abs(self.eta).sum()) ** 2

    def excess(self, x: Array, best: Array) -> float:
        """Relative to what can be won from a = H, or, if more, to what it costs to move every a by 0.01, or to a millionth
        of what the objective is a difference of.
        """
        cost = 1e-4 / 2 * (self.sigma + self.held + self.energy) * self.spikes.size + 1e-2 * float(
            np.abs(self.linear).sum()
        )
        least = max(cost, 1e-6 * self.squares(best))
        return relative_excess(self.objective(x), self.objective(best), self.objective(self.spikes), least)

    def distance(self, x: Array, best: Array) -> float | None:
        """None where the quadratic may be conditioned too badly."""
        return relative_distance(x, best, 1e-6) if self.energy < 1e6 * (self.sigma + self.held) else None


@final
class TraceSpikesOracle(Oracle):
    """Kept spikes in trace form that at most one layer besides their own reads."""

    extremes = (
        Extreme("one step", {"steps": 1}),
        Extreme("one step, read later", {"steps": 1, "lag": 1}),
        Extreme("one sample", {"samples": 1}),
        Extreme("one neuron", {"units": 1, "rows": 1}),
        Extreme("one of everything", {"steps": 1, "samples": 1, "units": 1, "rows": 1}),
        Extreme("fewer rows than neurons", {"rows": 1, "units": 4}),
        Extreme("more rows than neurons", {"rows": 4, "units": 2}),
        Extreme("read a step later", {"lag": 1, "steps": 4}),
        Extreme("read two steps later", {"lag": 2, "steps": 4}),
        Extreme("read beyond the end", {"lag": 3, "steps": 2}),
        Extreme("no reset", {"eta": 0.0}),
        Extreme("no weights", {"weights": 0.0}),
        Extreme("weights alike", {"rank": 1.0, "rows": 3, "units": 3}),
        Extreme("no dual, nothing linear", {"dual": 0.0, "linear": 0.0}),
        Extreme("linear 1e3", {"linear": 1e3}),
        Extreme("nothing to move", {"dual": 0.0, "linear": 0.0, "noise": 0.0}),
        Extreme("many steps", {"steps": 30, "units": 2, "samples": 1}),
        *SPIKE_PENALTIES,
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "spikes" or block.linear or block.uncoupled or block.form != "trace" or block.box != "none":
            return "it knows kept spikes in trace form without a box"
        if len([q for q in block.quadratics if q.coupling not in block.layers and not q.linearised]) > 1:
            return "it knows spikes that one other layer reads"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> TraceSpikesCase:
        """Draw kernels of one or two decays, and wanted potentials about those of the spikes H themselves."""
        steps, samples = extreme.whole("steps", rng, 5), extreme.whole("samples", rng, 3)
        units, rows = extreme.whole("units", rng, 4), extreme.whole("rows", rng, 4)
        names = [q.coupling for q in block.quadratics if not q.linearised]
        weights = decade(rng, -1, 0.5) * extreme.number("weights", 1.0) * rng.normal(size=(rows, units))
        if "rank" in extreme.fixed:
            weights[:] = weights[:1]
        spikes = (rng.random((steps, samples, units)) < 0.5).astype(np.float64)
        sigma = extreme.number("sigma", decade(rng))
        size = min(1.0, 1e3 * sigma) * extreme.number("linear", float(rng.integers(0, 2)))
        reset = -rng.uniform(0.1, 2) * extreme.number("eta", 1.0) * _kernel(rng, steps)
        case = TraceSpikesCase(
            weights=weights,
            kappa=_kernel(rng, steps),
            eta=np.concatenate([[0.0], reset[: steps - 1]]),
            lag=int(extreme.number("lag", float(rng.integers(0, 3)))),
            reader=np.zeros((steps, samples, rows)),
            own=np.zeros_like(spikes),
            spikes=spikes,
            dual=extreme.number("dual", decade(rng, -1, 0.5)) * rng.normal(size=spikes.shape),
            linear=size * (rng.normal(size=spikes.shape) - decade(rng)),
            rho_next=extreme.number("rho", decade(rng)) if set(names) - set(block.layers) else 0.0,
            rho_own=extreme.number("rho", decade(rng)) if set(names) & set(block.layers) else 0.0,
            sigma=sigma,
            **draw_models(block, rng, extreme, spikes, 0.3),
        )
        noise = extreme.number("noise", decade(rng, -1, 1))
        rest = case.residuals(
            -spikes, noise * rng.normal(size=case.reader.shape), noise * rng.normal(size=spikes.shape)
        )
        return replace(case, reader=rest[0], own=rest[1])


def _kernel(rng: np.random.Generator, steps: int) -> Array:
    """One decay, or the difference of two."""
    slow, fast = rng.uniform(0.5, 1.0), rng.uniform(0.0, 0.5)
    k = np.arange(steps)
    return slow**k if rng.random() < 0.5 else slow ** (k + 1) - fast ** (k + 1)
