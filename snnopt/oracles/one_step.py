"""Oracle of potentials at one step of time: the chain's own objective as a function of it, in rational arithmetic."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple, Self, final

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks import ClosedForm
from snnopt.oracles.chain_draws import CHAIN_EXTREMES, draw_chain
from snnopt.oracles.chain_step import Chain, ChainNumbers
from snnopt.oracles.oracle import Extreme, Oracle, unknown_terms
from snnopt.split import Block

Array = NDArray[Any]


class Entry(NamedTuple):
    """One potential, the others frozen: ``c/2 (v - q)^2 + sigma/2 (b - H(v - theta))^2`` and a constant, exactly."""

    q: Fraction
    c: Fraction
    b: Fraction
    theta: Fraction
    sigma: Fraction

    def cost(self, v: Fraction, spike: bool) -> Fraction:
        """The objective at v with H = ``spike``."""
        return self.c / 2 * (v - self.q) ** 2 + self.sigma / 2 * (self.b - spike) ** 2

    @property
    def branches(self) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
        """Cost and minimiser on ``v <= theta``, then on ``v > theta`` (open: its infimum, at theta or above)."""
        silent, active = min(self.q, self.theta), max(self.q, self.theta)
        return (self.cost(silent, False), silent), (self.cost(active, True), active)

    @property
    def stakes(self) -> Fraction:
        """What the choice of a branch is about, and a little for rounding."""
        step, move = self.sigma / 2 * abs(1 - 2 * self.b), self.c / 2 * (self.q - self.theta) ** 2
        return step + move + (self.sigma + self.c * self.theta**2) / 10**12


def entry(chain: Chain, v: Array, t: int) -> Entry:
    """The chain's objective as a function of v[t]: three values of its dynamics determine the quadratic."""
    h, beta, theta, rho, sigma = [Fraction(float(x)) for x in chain.drive], *map(Fraction, chain[2:])

    def dynamics(here: Fraction) -> Fraction:
        total, before = Fraction(0), Fraction(0)
        for k, value in enumerate(v):
            now = here if k == t else Fraction(float(value))
            total += rho / 2 * (now - beta * before - h[k]) ** 2
            before = now
        return total

    low, middle, high = (dynamics(Fraction(k)) for k in (-1, 0, 1))
    c, slope = high - 2 * middle + low, (high - low) / 2
    return Entry(-slope / c, c, Fraction(float(chain.target[t])), theta, sigma)


@dataclass(frozen=True, eq=False)
class FrozenCase(ChainNumbers):
    """Chains with ``potentials`` v [T, N, n], frozen but for some steps of which none neighbours another."""

    potentials: Array

    axes: ClassVar = ChainNumbers.axes | {"potentials": ("time", "sample", "neuron")}

    @abstractmethod
    def free(self) -> tuple[tuple[int, ...], Array]:
        """The steps that are not frozen, and a copy of their potentials, [free steps, N, n]."""

    def entries(self) -> Iterator[tuple[tuple[int, ...], Entry]]:
        """Index into :meth:`free`'s array, and what is to be minimised there."""
        for (n, i), chain in self.chains():
            for k, t in enumerate(self.free()[0]):
                yield (k, n, i), entry(chain, self.potentials[:, n, i], t)

    def staked(self, odds: float) -> Self:
        """The same with targets for which crossing saves ``odds`` times what the move costs, at every free step.

        Near 1 a formula that weighs the two wrongly decides wrongly, whatever the size of everything else.
        """
        target, (steps, _) = self.target.copy(), self.free()
        for (k, n, i), one in self.entries():
            move = float(one.c * (one.q - one.theta) ** 2 / (2 * one.sigma))
            target[steps[k], n, i] = 0.5 + (odds * move if one.q <= one.theta else -odds * move)
        return replace(self, target=target)

    def renewed(self) -> Array:
        """The cheaper branch's minimiser at every free step."""
        _, best = self.free()
        for at, one in self.entries():
            best[at] = float(min(one.branches)[1])
        return best

    def gaps(self, x: Array) -> float:
        """Relative excess of the free steps: the one that is furthest off, above or below."""
        found = [0.0]
        for at, one in self.entries():
            v = Fraction(float(x[at]))
            found.append(float((one.cost(v, v > one.theta) - min(one.branches)[0]) / one.stakes))
        return max(found, key=abs)

    def distances(self, x: Array) -> float:
        """Over free steps where one branch is clearly cheaper, in volts (relative above one)."""
        worst = 0.0
        for at, one in self.entries():
            (silent, _), (active, _) = one.branches
            if abs(silent - active) > one.stakes / 10**9:
                best = float(min(one.branches)[1])
                worst = max(worst, abs(float(x[at]) - best) / max(1.0, abs(best)))
        return worst


@final
@dataclass(frozen=True, eq=False)
class OneStepCase(FrozenCase):
    """All steps but ``step`` frozen; x is v[step], [N, n]."""

    step: int

    @property
    def sound(self) -> bool:  # noqa: D102
        return self.positive and self.step < len(self.drive)

    def free(self) -> tuple[tuple[int, ...], Array]:  # noqa: D102
        return (self.step,), self.potentials[self.step][None].copy()

    def candidate(self, rule: type[ClosedForm]) -> Array:
        """Hand the rule its step's neighbours."""
        h, v, t = self.drive, self.potentials, self.step
        later, following = (None, None) if t == len(v) - 1 else (h[t + 1], v[t + 1])
        numbers = (self.beta, self.rho, self.sigma, self.threshold)
        return rule.solve(h[t], later, v[t - 1] if t else None, following, self.target[t], *numbers)  # type: ignore[attr-defined]

    def solution(self) -> Array:  # noqa: D102
        return self.renewed()[0]

    def excess(self, x: Array, best: Array) -> float:  # noqa: D102
        return self.gaps(x[None])

    def distance(self, x: Array, best: Array) -> float | None:  # noqa: D102
        return self.distances(x[None])


FROZEN_EXTREMES = (
    *CHAIN_EXTREMES,
    Extreme("first step", {"step": 0}),
    Extreme("last step", {"step": -1}),
    *(Extreme(f"crossing saves {odds:g} times its cost", {"odds": odds}) for odds in (0.55, 0.9, 1.1, 1.8)),
)


def draw_frozen(block: Block, rng: np.random.Generator, extreme: Extreme) -> dict[str, Any]:
    """Draw chains and potentials around their threshold, some at it."""
    numbers = draw_chain(block, rng, extreme)
    theta, shape = numbers["threshold"], numbers["drive"].shape
    v = theta * (1 + rng.choice([-1.0, -0.5, 0.0, 0.25, 0.5], shape))
    if "tie" not in extreme.fixed and extreme.number("spread", 1.0):
        v = v + theta * 0.3 * rng.normal(size=shape)
    return numbers | {"potentials": v}


@final
class OneStepOracle(Oracle):
    """Potentials in difference form under the exact step, one step of time after the other."""

    extremes = FROZEN_EXTREMES

    def matches(self, block: Block) -> str | None:  # noqa: D102
        if (block.kind, block.form, block.step, block.order) != ("potentials", "difference", "exact", "one"):
            return "it knows potentials in difference form under the exact step, one step of time after the other"
        return unknown_terms(block, ())

    def draw(self, block: Block, rng: np.random.Generator, extreme: Extreme) -> OneStepCase:  # noqa: D102
        numbers = draw_frozen(block, rng, extreme)
        steps = len(numbers["drive"])
        case = OneStepCase(**numbers, step=int(extreme.number("step", int(rng.integers(steps)))) % steps)
        return case.staked(extreme.fixed["odds"]) if "odds" in extreme.fixed else case
