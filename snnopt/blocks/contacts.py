"""Where the best chain of potentials meets the threshold: a shortest path over its contacts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NEAR = 10
"""Steps between two contacts up to which the first pass looks."""


class Chains(NamedTuple):
    """Chains side by side, [T, chains], in units of rho/2; ``beta`` and ``start`` are [1] or [chains].

    ``pull[t] = theta - beta theta - h[t]``: by how much one step of the dynamics from the threshold falls short of it.
    ``stake[t] = sigma/rho (2 b[t] - 1)``: what the silent side costs more than the spiking one, negative where less.
    ``start = theta - v[-1]``.
    """

    pull: Array
    stake: Array
    beta: Array
    start: Array


def contacts(chains: Chains) -> Array:
    """Return the steps at which an optimal chain is at the threshold, bool [T, chains].

    Nodes are the start and a contact at each step; an edge is a bridge, its length what it costs beyond the cheaper side of
    every step. All bridges from one node come out of one recursion: to tau' = tau + m the gap g, the last residual
    ``end = g / s_m`` and the dynamic cost ``g end``. At a step k between, the bridge deviates from theta by
    ``s_{k-tau} (end[tau'] beta^(tau'-k) - end[k])``, so comparing residuals tells its side. Summing the dear sides is the
    T^3 part, and bounds spare most of it; none of them loses the minimum:

    - No optimal path costs more, to any node or in all, than the best one whose contacts are at most ``NEAR`` steps apart.
    - In an optimal chain no v[t] gains from moving alone. With the residuals e before a contact and ``x = beta e'`` after it,
      the dynamics pull v[t] with rho (x - e): towards the dear side, so ``e >= x`` where spiking is cheap and ``e <= x``
      where silence is, or else v[t] would follow; and not so hard that crossing pays: ``(e - x)^2 <= (1 + beta^2) |stake|``.
      Between contacts, whoever is on the dear side would move to theta unless ``(1 + beta^2) (v - theta)^2 >= |stake|``.
      A shortest path to a node may be put in place of an optimal path's own beginning, so what breaks a rule together with
      it can go, and so can what breaks it with everything that may follow.
    - A step that all edges still in the running pass on its dear side is paid by all of them, and no longer looked at.
    - What remains is followed backwards from tau' until it costs too much.

    Rounding must not lose the minimum either. Sums of T costs are right to a share of some T eps; where a path is that close
    to the best, v[t] can gain that much from moving alone, and its ``e - x`` be off by the root of it.
    """
    tables = _tables(chains)
    return _second_pass(chains, tables, _first_pass(chains, tables))


class _Tables(NamedTuple):
    """``beta^m``, ``1/s_m``, what (bridge - theta)^2 / |stake| is at least on a dear side, for lengths m = 1..T; |stake|."""

    fade: Array
    inverse: Array
    band: Array
    dear: Array
    stiff: Array
    rounding: Any


def _tables(c: Chains) -> _Tables:
    steps, dtype, stiff = len(c.pull), c.pull.dtype, 1 + c.beta**2
    fade = c.beta ** np.arange(1, steps + 1, dtype=dtype)[:, None]
    s = np.ones_like(fade)
    for m in range(1, steps):
        s[m] += c.beta**2 * s[m - 1]
    rounding = dtype.type(8 + 2 * steps) * np.finfo(dtype).eps
    return _Tables(fade, 1 / s, dtype.type(0.98) / (stiff * s**2), np.abs(c.stake), stiff, rounding)


def _bridges(c: Chains, tables: _Tables, node: int) -> tuple[Array, Array]:
    """Gap and last residual of the bridges from a node to each later step, [T - node, chains]; node k + 1 is step k."""
    gap = np.empty_like(c.pull[node:])
    last = c.start if node == 0 else np.zeros_like(c.start)
    for g, pull in zip(gap, c.pull[node:], strict=True):
        np.multiply(last, c.beta, out=g)
        g += pull
        last = g
    return gap, gap * tables.inverse[: len(gap)]


def _paid(dear: Array, where: Array) -> Array:
    """``dear`` where true, else 0 (a product with bytes is the fastest way)."""
    return dear * where.view(np.uint8)


class _Bounds(NamedTuple):
    """What the first pass leaves standing.

    price, whole : what a path to each node, and a whole one, may cost at most, [T + 1, chains] and [chains].
    least, most : the residual before a contact at each step, [T, chains], whatever follows it.
    below, above : how far x may lie below and above the residual before, [T, chains].
    """

    price: Array
    whole: Array
    least: Array
    most: Array
    below: Array
    above: Array


def _first_pass(c: Chains, tables: _Tables) -> _Bounds:
    """Paths with contacts at most ``NEAR`` steps apart, and all x that may follow a contact."""
    steps, chains = c.pull.shape
    price, whole = np.full((steps + 1, chains), np.inf, c.pull.dtype), np.full(chains, np.inf, c.pull.dtype)
    price[0] = 0
    least, most = np.zeros_like(c.pull), np.zeros_like(c.pull)
    for node in range(steps + 1):
        gap, end = _bridges(c, tables, node)
        stake, dear = c.stake[node:], tables.dear[node:]
        np.minimum(whole, price[node] + _paid(dear, gap * stake > 0).sum(0), out=whole)
        if node:
            after = end * tables.fade[: len(end)]
            least[node - 1], most[node - 1] = after.min(0, initial=0), after.max(0, initial=0)
        chord = end[:NEAR]
        cost = price[node] + gap[:NEAR] * chord
        for lag in range(1, len(chord)):
            chord = chord[1:] * c.beta
            near = len(chord)
            cost[lag:] += _paid(dear[:near], (end[:near] - chord) * stake[:near] > 0)
        bound = price[node + 1 : node + 1 + len(cost)]
        np.minimum(bound, cost, out=bound)
    slack, width = (np.sqrt(tables.stiff * x) for x in (tables.rounding * whole, tables.dear))
    width *= c.pull.dtype.type(1.01)
    below, above = width * (c.stake > 0) + slack, width * (c.stake <= 0) + slack
    widen = 1 + tables.rounding
    return _Bounds(price * widen, whole * widen, least - above, most + below, below, above)


def _second_pass(c: Chains, tables: _Tables, bounds: _Bounds) -> Array:
    """Shortest paths from the start to every node, in order of time; the best one, traced back."""
    price, before = np.full_like(bounds.price, np.inf), np.zeros_like(bounds.price)
    came = np.zeros(price.shape, np.int32)
    price[0] = 0
    best, last = np.full_like(bounds.whole, np.inf), np.zeros(bounds.whole.shape, np.int32)
    for node in range(len(price)):
        gap, end = _bridges(c, tables, node)
        stake, dear, later = c.stake[node:], tables.dear[node:], slice(node + 1, None)
        paid = gap * stake > 0  # by the free run
        total = price[node] + _paid(dear, paid).sum(0)
        better = total < best
        best[better], last[better] = total[better], node
        cost = np.multiply(gap, end, out=gap)
        cost += price[node]
        limit = np.minimum(price[later], np.minimum(bounds.price[later], bounds.whole))
        live = cost <= limit
        live &= end >= bounds.least[node:]
        live &= end <= bounds.most[node:]
        if node:
            after = end * tables.fade[: len(end)]
            live &= after >= before[node] - bounds.below[node - 1]
            live &= after <= before[node] + bounds.above[node - 1]
        paid &= _settled(end, live, c.beta)
        sure = np.zeros_like(best)
        for k in range(len(cost)):
            cost[k] += sure
            sure += _paid(dear[k], paid[k])
        live &= cost <= limit
        reached, prices = _followed(live, cost, limit, end, _paid(stake, ~paid), dear * tables.band[: len(end)], c.beta)
        for array, value in ((price, prices), (before, end.reshape(-1)[reached]), (came, node)):
            array[later].reshape(-1)[reached] = value
    touched = np.zeros(price.shape, bool)
    for node in range(len(price) - 1, 0, -1):
        touched[node] = last == node
        last = np.where(touched[node], came[node], last)
    return touched[1:]


def _settled(end: Array, live: Array, beta: Array) -> Array:
    """Whether the free run and all live bridges pass a step on the same side."""
    held, high, low = _paid(end, live), np.zeros_like(end), np.zeros_like(end)
    for k in range(len(end) - 1, 0, -1):
        np.maximum(high[k], held[k], out=high[k - 1])
        np.minimum(low[k], held[k], out=low[k - 1])
        high[k - 1] *= beta
        low[k - 1] *= beta
    return (end >= high) | (end < low)


def _followed(
    live: Array, cost: Array, limit: Array, end: Array, stake: Array, band: Array, beta: Array
) -> tuple[Array, Array]:
    """Follow live bridges back to their node, all by one step at a time, and drop those that cost too much.

    Returns the steps that the others lead to, as flat indices, and what they cost.
    """
    width, at = live.shape[1], np.flatnonzero(live)
    costs, limits, chord = (x.reshape(-1).take(at) for x in (cost, limit, end))
    ends, stakes, bands = (x.reshape(-1) for x in (end, stake, band))
    here, reached = at, [(at[:0], costs[:0])]
    while len(at):
        home = int(np.searchsorted(here, width))  # they are in order of time: those at their first step lead
        reached.append((at[:home].copy(), costs[:home].copy()))  # a view would keep all of them
        at, here, costs, limits, chord = (x[home:] for x in (at, here, costs, limits, chord))
        here = here - width
        chord = chord * (beta if len(beta) == 1 else beta.take(here % width))
        apart, price = ends.take(here) - chord, stakes.take(here)
        dear = apart * price > 0
        costs = costs + _paid(np.abs(price), dear)
        dear &= apart * apart < bands.take(here)
        kept = np.flatnonzero((costs <= limits) & ~dear)
        at, here, costs, limits, chord = (x.take(kept) for x in (at, here, costs, limits, chord))
    indices, prices = zip(*reached, strict=True)
    return np.concatenate(indices), np.concatenate(prices)
