"""Closed forms beside CVXPY on the same block: a compiled, parametrised (DPP) problem, solved again with new numbers.

Run: ``OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.closed_forms [--only NAME] [--repeats 11]``. Prints Markdown. A block
has N = 50 samples, T = 10 steps and n = 50 neurons. CVXPY compiles once, outside the clock, and runs OSQP and Clarabel with
their default tolerances; the faster of the two is the competitor. Both are timed in turn, and the ratio is that of medians.

To add a row, write a maker that returns a :class:`Pair`, and name it in ``ROWS``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np

from snnopt.blocks.box_spikes import BoxSpikes
from snnopt.blocks.chain_step import ChainStep
from snnopt.blocks.copies.soft_threshold import SoftThreshold
from snnopt.blocks.free_spikes import FreeSpikes
from snnopt.blocks.losses import LOSS_FUNCTIONS
from snnopt.blocks.output_chain import OutputChain
from snnopt.blocks.ridge_weights import RidgeWeights
from snnopt.blocks.trace_spikes import TraceSpikes

Array = np.ndarray[Any, Any]
Generator = np.random.Generator

SAMPLES, STEPS, UNITS = 50, 10, 50
BETA, RHO, SIGMA, RESET, THRESHOLD = 0.9, 1.0, 1.0, 1.0, 1.0
SOLVERS = ("OSQP", "CLARABEL")


@dataclass(frozen=True)
class Pair:
    """One block solved twice: ``ours()`` and ``theirs(solver)`` return the same array."""

    ours: Callable[[], Array]
    theirs: Callable[[str], Array]


def root_problem(normal: Array, right: Array, box: bool = False) -> Callable[[str], Array]:
    """``min_X 1/2 ||L'X - L^{-1} right||^2`` with ``normal = L L'``: the shortest way to tell CVXPY of a quadratic.

    ``right`` [columns, n] and what the solver returns go by rows. L and L^{-1} right are ready before the clock starts.
    """
    count, n = right.shape
    x = cp.Variable((n, count), bounds=[0, 1] if box else None)
    a, b = cp.Parameter((n, n)), cp.Parameter((n, count))
    problem = cp.Problem(cp.Minimize(cp.sum_squares(a @ x - b) / 2))
    assert problem.is_dcp(dpp=True)
    lower = np.linalg.cholesky(normal)
    wanted = np.linalg.solve(lower, right.T)

    def solve(solver: str) -> Array:
        a.value, b.value = lower.T, wanted
        problem.solve(solver=solver)
        return np.asarray(x.value).T

    return solve


def difference_system(rng: Generator) -> tuple[Array, Array]:
    """The normal matrix and right-hand sides of a hidden layer with a reset and one reader, for all steps and samples."""
    w, columns = 2 * rng.normal(size=(UNITS, UNITS)) / np.sqrt(UNITS), STEPS * SAMPLES
    target = (rng.random((columns, UNITS)) < 0.3).astype(np.float64)
    reader, own = rng.normal(size=(2, columns, UNITS))
    right = RHO * reader @ w - RHO * RESET * own + SIGMA * target
    return RHO * w.T @ w + (RHO * RESET**2 + SIGMA) * np.eye(UNITS), right


def free_spikes(rng: Generator) -> Pair:
    """Difference form without a box."""
    normal, right = difference_system(rng)
    return Pair(lambda: FreeSpikes.solve(normal, right), root_problem(normal, right))


def box_spikes(rng: Generator) -> Pair:
    """Difference form in [0, 1]."""
    normal, right = difference_system(rng)
    return Pair(lambda: BoxSpikes.solve(normal, right), root_problem(normal, right, box=True))


def box_spikes_without_reset(rng: Generator) -> Pair:
    """The last step of difference form in [0, 1], which no reset follows, with a small sigma."""
    w, columns = 2 * rng.normal(size=(UNITS, UNITS)) / np.sqrt(UNITS), STEPS * SAMPLES
    normal, right = RHO * w.T @ w + 0.1 * SIGMA * np.eye(UNITS), rng.normal(size=(columns, UNITS)) @ w
    return Pair(lambda: BoxSpikes.solve(normal, right), root_problem(normal, right, box=True))


def trace_spikes(rng: Generator) -> Pair:
    """Trace form; modes are found anew on every call, as weights change between iterations."""
    at = np.arange(STEPS)[:, None] - np.arange(STEPS)
    K = np.where(at >= 0, BETA ** np.maximum(at, 0), 0.0)
    E = -RESET * np.where(at >= 1, BETA ** np.maximum(at - 1, 0), 0.0)
    w = 2 * rng.normal(size=(UNITS, UNITS)) / np.sqrt(UNITS)
    reader, own = rng.normal(size=(2, STEPS, SAMPLES, UNITS))
    target = (rng.random((STEPS, SAMPLES, UNITS)) < 0.3).astype(np.float64)
    right = RHO * np.tensordot(K.T, reader @ w, 1) + RHO * np.tensordot(E.T, own, 1) + SIGMA * target

    rows = STEPS * SAMPLES
    x, weights = cp.Variable((rows, UNITS)), cp.Parameter((UNITS, UNITS))
    wanted = [cp.Parameter((rows, UNITS)) for _ in range(3)]
    roots = [cp.Parameter(nonneg=True) for _ in range(2)]
    trace, reset = np.kron(K, np.eye(SAMPLES)), np.kron(E, np.eye(SAMPLES))
    residuals = ((trace @ x) @ weights - wanted[0], roots[0] * (reset @ x) - wanted[1], roots[1] * x - wanted[2])
    problem = cp.Problem(cp.Minimize(sum(cp.sum_squares(r) for r in residuals) / 2))
    assert problem.is_dcp(dpp=True)

    def ours() -> Array:
        return TraceSpikes.solve(TraceSpikes.prepare(w.T @ w, K, E, RHO, RHO, SIGMA), right)

    def theirs(solver: str) -> Array:
        weights.value = np.sqrt(RHO) * w.T
        roots[0].value, roots[1].value = np.sqrt(RHO), np.sqrt(SIGMA)
        for parameter, root, data in zip(wanted, np.sqrt([RHO, RHO, SIGMA]), (reader, own, target), strict=True):
            parameter.value = root * data.reshape(rows, UNITS)
        problem.solve(solver=solver)
        return np.asarray(x.value).reshape(right.shape)

    return Pair(ours, theirs)


def ridge_weights(rng: Generator) -> Pair:
    """Weights with a bias from n neurons to n neurons."""
    phi = np.concatenate([rng.random((STEPS * SAMPLES, UNITS)), np.ones((STEPS * SAMPLES, 1))], 1)
    gram, cross = phi.T @ phi / SAMPLES, phi.T @ rng.normal(size=(STEPS * SAMPLES, UNITS)) / SAMPLES
    weights, lam, damping = rng.normal(size=(UNITS, UNITS + 1)), np.array([1e-2] * UNITS + [0.0]), 0.1
    normal = gram + np.diag(lam + damping)
    right = (cross - lam[:, None] * weights.T).T
    return Pair(lambda: RidgeWeights.solve(gram, cross, weights, lam, damping), root_problem(normal, right))


def chain_step(rng: Generator) -> Pair:
    """The whole chain of potentials with the exact step. CVXPY is told on which side of the threshold every v[t] ends."""
    drive, target = rng.normal(size=(2, STEPS, SAMPLES, UNITS))
    drive, target = drive / 2, 0.5 + target / 2

    def ours() -> Array:
        return ChainStep.solve(drive, target, BETA, RHO, SIGMA, THRESHOLD)

    sides = np.where(ours() > THRESHOLD, 1.0, -1.0).reshape(STEPS, -1)
    v, h, side = cp.Variable(sides.shape), cp.Parameter(sides.shape), cp.Parameter(sides.shape)
    e = v - BETA * (np.eye(STEPS, k=-1) @ v) - h
    problem = cp.Problem(cp.Minimize(cp.sum_squares(e) / 2), [cp.multiply(side, v - THRESHOLD) >= 0])
    assert problem.is_dcp(dpp=True)

    def theirs(solver: str) -> Array:
        h.value, side.value = drive.reshape(STEPS, -1), sides
        problem.solve(solver=solver)
        return np.asarray(v.value).reshape(drive.shape)

    return Pair(ours, theirs)


def mixed_integer(chains: int = 10) -> str:
    """The same chains one by one, sides unknown: CVXPY's mixed-integer problem, by SCIP (package pyscipopt)."""
    if "SCIP" not in cp.installed_solvers():
        return "(pyscipopt is not installed: no mixed-integer row)"
    far, rng = 20.0, np.random.default_rng(0)  # no potential is further from the threshold
    v, s, h, price = cp.Variable(STEPS), cp.Variable(STEPS, boolean=True), cp.Parameter(STEPS), cp.Parameter(STEPS)
    e = v - BETA * (np.eye(STEPS, k=-1) @ v) - h
    sides = [v - THRESHOLD <= far * s, v - THRESHOLD >= far * (s - 1)]
    problem = cp.Problem(cp.Minimize(RHO / 2 * cp.sum_squares(e) + price @ s), sides)
    times = []
    for _ in range(chains):
        h.value, target = rng.normal(size=(2, STEPS)) / 2
        price.value = -SIGMA * target  # sigma/2 (b - s)^2 less sigma/2 b^2, with b = 1/2 + target
        times.append(seconds(lambda: problem.solve(solver="SCIP")))
    return f"One chain of {STEPS} steps, sides unknown, by SCIP: {1e3 * np.median(times):.0f} ms."


def output_chain(rng: Generator) -> Pair:
    """Potentials of n outputs under the squared error of their mean."""
    drive, wanted = rng.normal(size=(STEPS, SAMPLES, UNITS)), rng.normal(size=(SAMPLES, UNITS))
    omega = np.full(STEPS, 1 / STEPS)
    v, h, y = (
        cp.Variable((STEPS, SAMPLES * UNITS)),
        cp.Parameter((STEPS, SAMPLES * UNITS)),
        cp.Parameter(SAMPLES * UNITS),
    )
    e = v - BETA * (np.eye(STEPS, k=-1) @ v) - h
    problem = cp.Problem(cp.Minimize(RHO / 2 * cp.sum_squares(e) + cp.sum_squares(omega @ v - y) / 2))
    assert problem.is_dcp(dpp=True)

    def theirs(solver: str) -> Array:
        h.value, y.value = drive.reshape(STEPS, -1), wanted.reshape(-1)
        problem.solve(solver=solver)
        return np.asarray(v.value).reshape(drive.shape)

    loss = LOSS_FUNCTIONS["squared_error"]
    return Pair(lambda: OutputChain.solve(drive, BETA, omega, RHO, loss, 1.0, wanted), theirs)


def soft_threshold(rng: Generator) -> Pair:
    """The copy of n x n weights under L1."""
    center, scale, penalty = rng.normal(size=(UNITS, UNITS)), 0.5, 2.0
    v, c = cp.Variable(center.shape), cp.Parameter(center.shape)
    problem = cp.Problem(cp.Minimize(scale * cp.sum(cp.abs(v)) + penalty / 2 * cp.sum_squares(v - c)))

    def theirs(solver: str) -> Array:
        c.value = center
        problem.solve(solver=solver)
        return np.asarray(v.value)

    return Pair(lambda: SoftThreshold.solve(center, penalty, scale, {}, [slice(0, UNITS)], None), theirs)


ROWS: dict[str, Callable[[Generator], Pair]] = {
    "spikes, difference form": free_spikes,
    "spikes in [0, 1], difference form": box_spikes,
    "spikes in [0, 1], no reset, sigma 0.1": box_spikes_without_reset,
    "spikes, trace form": trace_spikes,
    "weights (ridge)": ridge_weights,
    "weights, copy under L1": soft_threshold,
    "potentials, whole chain, exact step (CVXPY is told the sides)": chain_step,
    "outputs, whole chain, squared error": output_chain,
}


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(title: str, pair: Pair, repeats: int) -> str:
    """One line of the table."""
    for solver in SOLVERS:
        pair.theirs(solver)  # compiles
    solver = min(SOLVERS, key=lambda s: min(seconds(lambda: pair.theirs(s)) for _ in range(2)))
    apart = float(np.abs(pair.ours() - pair.theirs(solver)).max())
    times = [(seconds(pair.ours), seconds(lambda: pair.theirs(solver))) for _ in range(repeats)]
    ours, theirs = np.median(times, axis=0)
    return f"| {title} | {1e3 * ours:.2f} ms | {1e3 * theirs:.0f} ms ({solver}) | {theirs / ours:.0f} | {apart:.0e} |"


def lines(only: str, repeats: int) -> Iterator[str]:
    """The table in Markdown."""
    yield "| block | closed form | CVXPY, compiled | ratio | largest difference |"
    yield "|---|---|---|---|---|"
    for title, maker in ROWS.items():
        if only in title:
            yield measure(title, maker(np.random.default_rng(0)), repeats)


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--repeats", type=int, default=11, help="timed calls of each")
    arguments = parser.parse_args()
    for line in lines(arguments.only, arguments.repeats):
        print(line, flush=True)
    if arguments.only in "chain":
        print(mixed_integer())


if __name__ == "__main__":
    main()
