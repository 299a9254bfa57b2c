"""What an epoch of ``online`` has to compute: products, solves, and passes over arrays [T, N, n].

Counts are multiply-adds of the sweep's formulas (``snnopt/algorithms/online.py``), with B samples a batch, T steps, layers of
n[0], ..., n[L] neurons and c read-outs:

- currents: ``B n[l-1] n[l]`` for every step, once where the input is constant;
- read-out: ``B n[L] c`` to look, again after the solve, and for its gradient; its Gram matrix, and its solve;
- pull-backs: ``B c n[L]`` from the read-out, whose demand is the same at all steps but for a factor, ``K B n[l+1] n[l]`` above,
  with K windows that demands are held over (T where inputs change);
- weights: cross products ``K B n[l-1] n[l]`` (``B n[0] n[1]`` for a constant input), Gram matrices ``rows k (k+1) / 2`` on
  ``gram_share`` of the samples, k = n[l-1] + 1, and solves ``k^3 / 3 + k^2 n[l]``, the first part of them in every ``refresh``-th
  batch; where k is more than twice the ``rank`` r, ``k^2 r + 2 k r^2 + r^3`` and ``2 k r n[l]``.

A recurrent layer feeds itself at every step (``T B n n``, forward and back), and its weights are solved for together with
those of what feeds it, k = n[l-1] + 1 + n[l].
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

import snnopt as so
from snnopt.algorithms.settings import MiniBatches
from snnopt.backends import Factor, Outer, OuterFactor, window_count
from snnopt.runtime.loops.mini_batches import PROBE_EVERY
from snnopt.runtime.sums.passes import hold_of
from snnopt.runtime.threads import blas_threads
from tests.benchmarks.speed.suites import Net, Suite


@dataclass(frozen=True)
class Product:
    """``times`` products [rows, inner] x [inner, columns]; of a symmetric one (X'X) half is enough."""

    what: str
    rows: int
    inner: int
    columns: int
    times: float = 1.0
    symmetric: bool = False

    @property
    def multiply_adds(self) -> float:
        """What they take."""
        each = self.rows * self.columns if not self.symmetric else self.rows * (self.rows + 1) / 2
        return self.times * self.inner * each


@dataclass(frozen=True)
class Solve:
    """``times`` symmetric systems of an order with so many right-hand sides; a share ``fresh`` of them is factored anew, by an
    approximation of ``rank`` where that is given and the order more than twice as large.
    """

    what: str
    order: int
    right: int
    times: float = 1.0
    fresh: float = 1.0
    rank: int | None = None

    @property
    def low(self) -> int | None:
        """The rank, where it is made use of."""
        return self.rank if self.rank is not None and self.order > 2 * self.rank else None

    @property
    def multiply_adds(self) -> float:
        """A Cholesky factor and two substitutions; or a product with rank columns, two with its rows, and two thin products."""
        k, r = self.order, self.low
        factor = k**3 / 3 if r is None else k**2 * r + 2 * k * r**2 + r**3
        return self.times * (self.fresh * factor + (k if r is None else 2 * r) * k * self.right)


@dataclass(frozen=True)
class Passes:
    """``times`` reads or writes of ``entries`` numbers of four bytes."""

    what: str
    entries: float
    times: float = 1.0

    @property
    def bytes(self) -> float:
        """What goes through memory."""
        return 4 * self.times * self.entries


@dataclass(frozen=True)
class Work:
    """Of one sweep, or of an epoch."""

    products: tuple[Product, ...]
    solves: tuple[Solve, ...]
    passes: tuple[Passes, ...]
    largest_current: float
    """Multiply-adds of the largest current of a sweep, by which the engine chooses its threads."""

    @property
    def multiply_adds(self) -> float:
        """Of all products and solves."""
        return sum(p.multiply_adds for p in self.products) + sum(s.multiply_adds for s in self.solves)

    @property
    def bytes(self) -> float:
        """Of all passes."""
        return sum(p.bytes for p in self.passes)

    def repeated(self, times: float) -> Work:
        """The same so many times."""
        return Work(
            tuple(replace(p, times=p.times * times) for p in self.products),
            tuple(replace(s, times=s.times * times) for s in self.solves),
            tuple(replace(p, times=p.times * times) for p in self.passes),
            self.largest_current,
        )

    def __add__(self, other: Work) -> Work:
        parts = (self.products + other.products, self.solves + other.solves, self.passes + other.passes)
        return Work(*parts, max(self.largest_current, other.largest_current))


def rollout_work(net: Net, steps: int, batch: int, constant: bool) -> Work:
    """Currents, dynamics, and what the loss sees."""
    products, passes = [], []
    *hidden, classes = net.sizes[1:]
    for k, n in enumerate(hidden):
        first = constant and k == 0
        rows, entries = batch if first else steps * batch, steps * batch * n
        products.append(Product(f"current {k + 1}", rows, net.sizes[k], n))
        passes.append(Passes(f"current read, v and s written {k + 1}", entries, 2 if first else 3))
        if net.recurrent:
            products.append(Product(f"recurrent current {k + 1}", batch, n, n, steps - 1))
    passes.append(Passes("spikes read by the read-out", steps * batch * hidden[-1]))
    products.append(Product("read-out", batch, hidden[-1], classes))
    maps = enumerate(itertools.pairwise(net.sizes))
    largest = batch * max((1 if constant and k == 0 else steps) * n * m for k, (n, m) in maps)
    if net.recurrent:
        largest = max(largest, batch * steps * max(n * n for n in hidden))
    return Work(tuple(products), (), tuple(passes), float(largest))


def sweep_work(
    net: Net,
    steps: int,
    batch: int,
    constant: bool,
    gram_share: float,
    refresh: int = 1,
    rank: int | None = None,
    hold: int | None = 1,
) -> Work:
    """One sweep over one batch, of those that renew factors every ``refresh``-th time and hold demands for ``hold`` steps."""
    windows = steps if net.recurrent else window_count(steps, hold_of(hold, constant))
    products, solves, passes = [], [], []
    *hidden, classes = net.sizes[1:]
    some = -(-batch // max(1, round(1 / gram_share)))
    last = hidden[-1]
    products.append(Product("read-out after its solve", batch, last, classes))
    products.append(Product("read-out gradient", last + 1, batch, classes))
    products.append(Product("read-out Gram", last + 1, batch, last + 1, symmetric=True))
    solves.append(Solve("read-out", last + 1, classes))
    products.append(Product(f"pull-back to {len(hidden)}", batch, classes, last))
    for k, n in enumerate(hidden):
        before, first, entries = net.sizes[k], constant and k == 0, steps * batch * n
        width = before + 1 + (n if net.recurrent else 0)
        if k + 1 < len(hidden):
            products.append(Product(f"pull-back to {k + 1}", windows * batch, hidden[k + 1], n))
        passes.append(Passes(f"v read {k + 1}", entries))
        held = (1 if first else windows) * batch * n
        passes.append(Passes(f"demands read, j written {k + 1}", held, 1 if k + 1 == len(hidden) else 2))
        products.append(Product(f"cross product {k + 1}", before, batch if first else windows * batch, n))
        if not first and windows < steps:
            passes.append(Passes(f"means over windows {k + 1}", steps * batch * before))
        if net.recurrent:
            products.append(Product(f"recurrent pull-back {k + 1}", batch, n, n, steps - 1))
            products.append(Product(f"recurrent cross product {k + 1}", n, steps * batch, n))
        if not first:
            passes.append(Passes(f"features read and written {k + 1}", steps * some * (width - 1), 2))
        inner = some if first else steps * some
        products.append(Product(f"Gram {k + 1}", width, inner, width, symmetric=True))
        solves.append(Solve(f"weights {k + 1}", width, n, fresh=1 / refresh, rank=rank))
    own = Work(tuple(products), tuple(solves), tuple(passes), 0.0)
    return rollout_work(net, steps, batch, constant) + own


def epoch_work(suite: Suite, samples: int, constant: bool, online: so.Online, probes: bool = False) -> Work:
    """An epoch in whole batches; with ``probes`` also the rollouts by which it controls its step."""
    batch = MiniBatches(online.epochs, online.batch_size).size(samples)
    sweeps = samples // batch
    settings = (online.gram_share, online.refresh, online.rank, online.hold)
    work = sweep_work(suite.net, suite.steps, batch, constant, *settings).repeated(sweeps)
    if probes:
        work = work + rollout_work(suite.net, suite.steps, batch, constant).repeated(sweeps / PROBE_EVERY)
    return work


def engine_threads(work: Work) -> AbstractContextManager[object]:
    """The number of BLAS threads that the engine gives to this work."""
    return blas_threads(work.largest_current)


def median_seconds(job: Callable[[], object], least: float = 0.03) -> float:
    """Median time of a job, of at least five runs, more until ``least`` seconds are over; one run before is not counted."""
    job()
    found: list[float] = []
    while len(found) < 5 or sum(found) < least:
        start = time.perf_counter()
        job()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def product_seconds(p: Product) -> float:
    """One such product, alone."""
    rng = np.random.default_rng(0)
    if p.symmetric:
        x = rng.random((p.inner, p.rows), np.float32)
        return median_seconds(lambda: x.T @ x)
    a, b = rng.random((p.rows, p.inner), np.float32), rng.random((p.inner, p.columns), np.float32)
    return median_seconds(lambda: a @ b)


def solve_seconds(s: Solve) -> float:
    """One such solve, alone, and its share of a factor."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2 * s.order, s.order)).astype(np.float32)
    matrix, right = x.T @ x + np.eye(s.order, dtype=np.float32), rng.random((s.order, s.right), np.float32)

    def factored() -> Factor | OuterFactor:
        return Factor(matrix) if s.low is None else OuterFactor(Outer.near(matrix, s.low), np.ones(s.order))

    factor = factored()
    return s.fresh * median_seconds(factored) + median_seconds(lambda: factor.solve(right))


def seconds_alone(work: Work) -> float:
    """All products and solves, each timed alone at its own shape."""
    products = sum(p.times * product_seconds(p) for p in work.products)
    return products + sum(s.times * solve_seconds(s) for s in work.solves)
