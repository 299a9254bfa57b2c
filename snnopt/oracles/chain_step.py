"""Oracle of whole chains of potentials: every pattern of spikes enumerated, each a least squares on one side of theta."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.oracles.case import Case
from snnopt.oracles.chain_draws import CHAIN_EXTREMES, draw_chain
from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]

CLEAR = 1e-7
"""Patterns that cost up to this much more, relative, may be the cheapest too."""


class Chain(NamedTuple):
    """One sample and neuron: h and b [T], and numbers."""

    drive: Array
    target: Array
    beta: float
    theta: float
    rho: float
    sigma: float

    def dynamics(self, v: Array) -> float:
        """``sum_t rho/2 (v[t] - beta v[t-1] - h[t])^2``, v[-1] = 0."""
        before = np.concatenate([[0.0], v[:-1]])
        return self.rho / 2 * float(((v - self.beta * before - self.drive) ** 2).sum())

    def regret(self, spikes: Array) -> float:
        """``sum_t sigma/2 (b - H)^2`` for spikes H, less what the cheaper side of each step costs."""
        costs = [(self.target - side) ** 2 for side in (spikes, 0, 1)]
        return self.sigma / 2 * float((costs[0] - np.minimum(costs[1], costs[2])).sum())

    def cost(self, v: Array) -> float:
        """What v costs, less the cheaper sides."""
        return self.dynamics(v) + self.regret(v > self.theta)

    @property
    def least(self) -> float:
        """What no difference below counts: a share of the step costs at stake, and the size of rounding."""
        step = self.sigma / 2 * float(np.abs(1 - 2 * self.target).sum())
        return 1e-6 * step + 1e-12 * self.rho * float((self.drive**2).sum() + self.theta**2)

    def pattern(self, spikes: Array) -> Array:
        """The v of least dynamic cost with v >= theta where it spikes (the open side's infimum), v <= theta elsewhere.

        With ``v = theta + sign z`` it is the least squares ``||A (sign z) - (h - A theta)||``, z >= 0, A v = v - beta v[-1].
        """
        from scipy.optimize import nnls  # noqa: PLC0415 - slow to import

        a, sign = np.eye(len(spikes)) - self.beta * np.eye(len(spikes), k=-1), np.where(spikes, 1.0, -1.0)
        unit = float(np.abs(self.drive).max()) + self.theta
        z, _ = nnls(a * sign, (self.drive - self.theta * a.sum(1)) / unit)
        return self.theta + sign * z * unit

    def optima(self) -> tuple[float, tuple[Array, ...]]:
        """The least cost over all patterns, and every v that costs hardly more, the best one first."""
        patterns = sorted(product((False, True), repeat=len(self.drive)), key=lambda s: self.regret(np.array(s)))
        best, found = np.inf, list[tuple[float, Array]]()
        for spikes in map(np.array, patterns):
            regret = self.regret(spikes)
            if regret > best + CLEAR * (best + self.least):
                break
            v = self.pattern(spikes)
            found.append((regret + self.dynamics(v), v))
            best = min(best, found[-1][0])
        found.sort(key=lambda pair: pair[0])
        return best, tuple(v for cost, v in found if cost <= best + CLEAR * (best + self.least))


@dataclass(frozen=True, eq=False)
class ChainNumbers(Case):
    """The numbers of a block of chains: h and b [T, N, n]; beta and threshold [1] or [n]."""

    drive: Array
    target: Array
    beta: Array
    threshold: Array
    rho: float
    sigma: float

    axes: ClassVar = dict.fromkeys(("drive", "target"), ("time", "sample", "neuron")) | dict.fromkeys(
        ("beta", "threshold"), ("neuron",)
    )

    @property
    def positive(self) -> bool:
        """Whether thresholds still are."""
        return bool((self.threshold > 0).all())

    def chains(self) -> Iterator[tuple[tuple[int, int], Chain]]:
        """Each sample and neuron."""
        beta, theta = (np.broadcast_to(x, self.drive.shape[2:]) for x in (self.beta, self.threshold))
        for n, i in np.ndindex(self.drive.shape[1:]):
            h, b = self.drive[:, n, i], self.target[:, n, i]
            yield (n, i), Chain(h, b, float(beta[i]), float(theta[i]), self.rho, self.sigma)


@final
@dataclass(frozen=True, eq=False)
class ChainStepCase(ChainNumbers):
    """``min_v  sum_t rho/2 (v[t] - beta v[t-1] - h[t])^2 + sigma/2 (b[t] - H(v[t] - theta))^2``; x is v [T, N, n]."""

    @property
    def sound(self) -> bool:  # noqa: D102
        return self.positive

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """The rule's v."""
        numbers = (self.drive, self.target, self.beta, self.rho, self.sigma, self.threshold)
        return rule.solve(*numbers)  # type: ignore[attr-defined]

    @cached_property
    def _optima(self) -> dict[tuple[int, int], tuple[float, tuple[Array, ...]]]:
        return {at: chain.optima() for at, chain in self.chains()}

    def solution(self) -> Array:
        """The cheapest pattern's v, chain by chain; at theta where it spikes no higher."""
        best = np.empty_like(self.drive)
        for (n, i), (_, optima) in self._optima.items():
            best[:, n, i] = optima[0]
        return best

    def excess(self, x: Array, best: Array) -> float:
        """Largest over the chains: each is a problem of its own."""
        worst = -np.inf
        for (n, i), chain in self.chains():
            least, _ = self._optima[n, i]
            worst = max(worst, (chain.cost(x[:, n, i]) - least) / max(least, chain.least))
        return worst

    def distance(self, x: Array, best: Array) -> float | None:
        """Over chains with one minimiser, relative to the largest potential, or theta where that is larger."""
        worst = None
        for (n, i), chain in self.chains():
            _, optima = self._optima[n, i]
            size = max(float(np.abs(optima[0]).max()), chain.theta)
            if all(np.abs(v - optima[0]).max() <= 1e-9 * size for v in optima[1:]):
                worst = max(worst or 0.0, float(np.abs(x[:, n, i] - optima[0]).max()) / size)
        return worst


@final
class ChainStepOracle(Oracle):
    """Potentials under the exact step, all steps of time together, in either form (trace: beta = 0)."""

    extremes = (
        *CHAIN_EXTREMES,
        Extreme("eight steps", {"steps": 8, "samples": 1, "units": 1}),
        Extreme("eight steps, sigma small", {"steps": 8, "samples": 1, "units": 1, "ratio": 0.1}),
        Extreme("eight steps, little decay", {"steps": 8, "samples": 1, "units": 1, "beta": 0.99}),
    )

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if block.kind != "potentials" or block.step != "exact" or block.order != "together":
            return "it knows potentials under the exact step, all steps of time together"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> ChainStepCase:  # noqa: D102
        return ChainStepCase(**draw_chain(block, rng, extreme))
