"""Where ranks of items stand: from left to right, nothing on top of anything, lines as straight as that allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from snnopt.report.draw.ranks import SWEEPS, Chain, Rank, joined_to, mean_or

Array = NDArray[np.float64]
FIRM = 8.0
"""Weight of a box's height, over that of a line's, where both cannot have what they want."""


def heights(ranks: Sequence[Rank], chains: Sequence[Chain], slack: float) -> dict[str, float]:
    """Heights of all items, downwards from the topmost's upper edge, ``slack`` between neighbours of a rank.

    Sweep by sweep, each rank takes the nearest to the means of what its items are joined to; in later sweeps lines over
    several ranks are drawn straight.
    """
    joined = joined_to(ranks, chains)
    y: dict[str, float] = {}
    for rank in ranks:
        stacked = separated(rank, np.zeros(len(rank)), slack)
        y |= {item.key: float(v - stacked.mean()) for item, v in zip(rank, stacked, strict=True)}
    long = {key: chain for chain in chains if len(chain) > 3 for key in chain[1:-1]}
    for sweep in range(2 * SWEEPS):
        straight = long if sweep >= SWEEPS else {}
        for rank in ranks[:: 1 if sweep % 2 == 0 else -1]:
            wanted = [mean_or([y[n] for n in straight.get(i.key) or joined[i.key]], y[i.key]) for i in rank]
            y |= zip((i.key for i in rank), map(float, separated(rank, np.array(wanted), slack)), strict=True)
    return lowered(ranks, y)


def lowered(ranks: Sequence[Rank], y: Mapping[str, float]) -> dict[str, float]:
    """The same heights, from the topmost item's upper edge."""
    top = min(y[item.key] - item.up for rank in ranks for item in rank)
    return {key: v - top for key, v in y.items()}


def separated(rank: Rank, wanted: Array, slack: float) -> Array:
    """The nearest heights to ``wanted`` that keep a rank's order and ``slack`` between its items.

    Least squares, boxes weighing ``FIRM``: isotonic regression, by pooling adjacent violators, of what is left when the
    least distances are taken off.
    """
    least = [a.down + slack + b.up for a, b in pairwise(rank)]
    offset = np.concatenate([[0.0], np.cumsum(least)])[: len(rank)]
    pools: list[tuple[float, float, int]] = []
    for item, value in zip(rank, wanted - offset, strict=True):
        mean, weight, count = float(value), 1.0 if item.across else FIRM, 1
        while pools and pools[-1][0] > mean:
            other, size, more = pools.pop()
            mean, weight, count = (mean * weight + other * size) / (weight + size), weight + size, count + more
        pools.append((mean, weight, count))
    return np.array([mean for mean, _, count in pools for _ in range(count)]) + offset


def straightened(
    ranks: Sequence[Rank], chains: Mapping[Chain, tuple[float, float]], y: Mapping[str, float], slack: float
) -> dict[str, float]:
    """Heights at which lines over several ranks change theirs as seldom as the room between neighbours allows.

    ``chains`` tells at which heights each begins and ends; boxes stay where they are.
    """
    out = dict(y)
    place = {item.key: (rank, j) for rank in ranks for j, item in enumerate(rank)}
    for chain, (begin, end) in chains.items():
        spans = [(begin, begin), *(_room(*place[key], out, slack) for key in chain[1:-1]), (end, end)]
        keys, run, low, high = [*chain[1:-1]], list[str](), begin, begin
        for key, (least, most) in zip([*keys, ""], spans[1:], strict=True):
            if max(low, least) > min(high, most) + 1e-9:
                out |= dict.fromkeys(run, _clamped(mean_or([out[n] for n in run], low), low, high))
                run, low, high = [], least, most
            low, high = max(low, least), min(high, most)
            run += [key] if key else []
        out |= dict.fromkeys(run, _clamped(mean_or([out[n] for n in run], low), low, high))
    return out


def _room(rank: Rank, j: int, y: Mapping[str, float], slack: float) -> tuple[float, float]:
    """The heights between which an item can move while its neighbours stay."""
    item = rank[j]
    low = y[rank[j - 1].key] + rank[j - 1].down + slack + item.up if j else -np.inf
    high = y[rank[j + 1].key] - rank[j + 1].up - slack - item.down if j + 1 < len(rank) else np.inf
    return (low, high) if low <= high else (y[item.key], y[item.key])


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def columns(
    ranks: Sequence[Rank], chains: Sequence[Chain], y: Mapping[str, float], gap: float
) -> tuple[dict[str, float], dict[str, float], dict[str, tuple[float, float]]]:
    """Where each item begins and ends, and where its rank does: ``gap`` between ranks, more where lines climb."""
    place = {item.key: k for k, rank in enumerate(ranks) for item in rank}
    climbs = [0.0] * (len(ranks) + 1)
    for a, b in (pair for chain in chains for pair in pairwise(chain)):
        k = max(place[a], place[b])
        climbs[k] = max(climbs[k], abs(y[a] - y[b]))
    left, right, bounds, x = dict[str, float](), dict[str, float](), dict[str, tuple[float, float]](), 0.0
    for k, rank in enumerate(ranks):
        x += gap + min(0.2 * climbs[k], 3 * gap) if k else 0.0
        wide = max((item.width for item in rank), default=0.0)
        for item in rank:
            margin = 0.0 if item.across else (wide - item.width) / 2
            left[item.key], right[item.key] = x + margin, x + wide - margin
            bounds[item.key] = x, x + wide
        x += wide
    return left, right, bounds
