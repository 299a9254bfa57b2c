"""Potentials in difference form: sweeps of single steps and of alternating parities, beside the whole chain's minimum.

Run: ``python -m tests.benchmarks.chains [--chains 1000]``; prints Markdown. Chains of T = 40 steps, beta 0.95, theta 1: a neuron
is driven by currents ``i[t] ~ N(0.175, 0.3)`` and resets by subtraction; the spikes a asked of it are its own, each flipped at a
chance of 20%. The drive is ``h[t] = i[t] - theta a[t-1]``, the target ``b[t] = a[t] + N(0, 0.2)``, its dual included. Sweeps
start from the neuron's own rollout, as the first iteration of an algorithm does, or from that of the drive, where the dynamics
hold exactly; they end where no v moves by more than 1e-9 in a round. The excess is of the block's objective, over the minimum's.
The exact chain itself is held against all 2^8 patterns at T = 8.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.blocks.chain_step import ChainStep
from snnopt.blocks.coloured_steps import ColouredSteps
from snnopt.blocks.one_step import OneStep
from snnopt.oracles.chain_step import ChainStepCase

Array = NDArray[Any]

STEPS, BETA, THETA, RHO = 40, 0.95, 1.0, 1.0
RATIOS = (0.1, 0.5, 2.0, 10.0)


def rollout(drive: Array, reset: float) -> tuple[Array, Array]:
    """Potentials and spikes of neurons under a drive."""
    v, spikes, before = np.empty_like(drive), np.zeros_like(drive), np.zeros_like(drive[0])
    for t, h in enumerate(drive):
        v[t] = before = BETA * before + h - reset * (spikes[t - 1] if t else 0.0)
        spikes[t] = v[t] > THETA
    return v, spikes


def draw(steps: int, chains: int, seed: int) -> tuple[Array, Array, dict[str, Array]]:
    """Drive, target and where to start, [T, chains, 1]."""
    rng = np.random.default_rng(seed)
    current = rng.normal(0.175, 0.3, (steps, chains, 1))
    v, spikes = rollout(current, reset=THETA)
    asked = np.abs(spikes - (rng.random(spikes.shape) < 0.2))
    drive = current.copy()
    drive[1:] -= THETA * asked[:-1]
    starts = {"neuron's": v, "drive's": rollout(drive, reset=0.0)[0]}
    return drive, asked + rng.normal(0, 0.2, asked.shape), starts


def objective(v: Array, drive: Array, target: Array, sigma: float) -> Array:
    """The block's objective, chain by chain."""
    before = np.concatenate([np.zeros_like(v[:1]), v[:-1]])
    dynamics = RHO / 2 * (v - BETA * before - drive) ** 2
    return (dynamics + sigma / 2 * (target - (v > THETA)) ** 2).sum(0).ravel()


def swept(v: Array, drive: Array, target: Array, sigma: float) -> Array:
    """One round of single steps, in order of time."""
    v, last = v.copy(), len(v) - 1
    for t in range(len(v)):
        later, following = (None, None) if t == last else (drive[t + 1], v[t + 1])
        previous = v[t - 1] if t else None
        v[t] = OneStep.solve(drive[t], later, previous, following, target[t], BETA, RHO, sigma, THETA)
    return v


def coloured(v: Array, drive: Array, target: Array, sigma: float) -> Array:
    """One round of both parities."""
    for parity in (0, 1):
        v = ColouredSteps.solve(v, drive, target, BETA, RHO, sigma, THETA, parity)
    return v


def to_rest(one_round: Callable[..., Array], v: Array, *block: Any) -> tuple[Array, int, float]:
    """v where the rounds come to rest, their number, and the seconds that took."""
    start, rounds, moved = time.process_time(), 0, np.inf
    while moved > 1e-9:
        before, v = v, one_round(v, *block)
        rounds, moved = rounds + 1, float(np.abs(v - before).max())
    return v, rounds, time.process_time() - start


def gap_to_enumeration(sigma: float, chains: int) -> float:
    """Largest relative excess of the exact chain over the cheapest of all patterns, T = 8."""
    drive, target, _ = draw(8, chains, seed=1)
    case = ChainStepCase(drive, target, np.array([BETA]), np.array([THETA]), RHO, sigma)
    return case.excess(case.candidate(ChainStep), case.solution())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chains", type=int, default=1000)
    chains = parser.parse_args().chains
    print(
        f"{chains} chains, T = {STEPS}, beta = {BETA}; excess over the exact minimum: median (90%); CPU time per chain\n"
    )
    heads = [
        "sigma/rho",
        "rollout",
        "single steps",
        "rounds",
        "µs",
        "both parities",
        "rounds",
        "µs",
        "exact µs",
        "gap, T = 8",
    ]
    print("| " + " | ".join(heads) + " |")
    print("|" + "---:|" * len(heads))
    drive, target, starts = draw(STEPS, chains, seed=0)
    for sigma in RATIOS:
        begin = time.process_time()
        least = objective(ChainStep.solve(drive, target, BETA, RHO, sigma, THETA), drive, target, sigma)
        exact, gap = time.process_time() - begin, gap_to_enumeration(sigma, 50)
        for name, start in starts.items():
            cells = [f"{sigma:g}", name]
            for one_round in (swept, coloured):
                v, rounds, seconds = to_rest(one_round, start, drive, target, sigma)
                excess = objective(v, drive, target, sigma) / least - 1
                assert excess.min() > -1e-9
                median, most = np.quantile(excess, [0.5, 0.9])
                cells += [f"{median:.1%} ({most:.0%})", str(rounds), f"{seconds / chains * 1e6:.0f}"]
            print("| " + " | ".join([*cells, f"{exact / chains * 1e6:.0f}", f"{gap:.0e}"]) + " |")


if __name__ == "__main__":
    main()
