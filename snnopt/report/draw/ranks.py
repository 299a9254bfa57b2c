"""Ranks of items, and the order within them in which few lines cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24


@dataclass(frozen=True)
class Item:
    """Something on a rank: its width, and how far it reaches above and below the line through it.

    ``across`` says that its line runs through the whole rank, as that of what passes by does.
    """

    key: str
    width: float
    up: float
    down: float
    across: bool = False


Rank = list[Item]
Chain = tuple[str, ...]
"""Keys of items on neighbouring ranks that one line joins."""


def ordered(ranks: Sequence[Rank], chains: Sequence[Chain]) -> list[Rank]:
    """Put each rank in the order, top down, in which few lines cross.

    Barycentre sweeps (Sugiyama, Tagawa and Toda 1981) from the order given; the best one met is kept.
    """
    joined = joined_to(ranks, chains)
    now = [list(rank) for rank in ranks]
    best, fewest = now, crossings(now, chains)
    for sweep in range(SWEEPS if fewest else 0):
        step = 1 if sweep % 2 == 0 else -1
        now = [list(rank) for rank in now]
        for before, rank in pairwise(now[::step]):
            height = {item.key: j - (len(before) - 1) / 2 for j, item in enumerate(before)}
            place = {item.key: j - (len(rank) - 1) / 2 for j, item in enumerate(rank)}
            mean = {key: mean_or([height[n] for n in joined[key] if n in height], place[key]) for key in place}
            rank[:] = [item for _, _, item in sorted((mean[i.key], j, i) for j, i in enumerate(rank))]
        found = crossings(now, chains)
        if found < fewest:
            best, fewest = now, found
    return best


def crossings(ranks: Sequence[Rank], chains: Sequence[Chain]) -> int:
    """Number of pairs of lines that cross between neighbouring ranks."""
    place = {item.key: (k, j) for k, rank in enumerate(ranks) for j, item in enumerate(rank)}
    between: dict[int, list[tuple[int, int]]] = {}
    for pair in (pair for chain in chains for pair in pairwise(chain)):
        (k, a), (_, b) = sorted(place[key] for key in pair)
        between.setdefault(k, []).append((a, b))
    pairs = ((p, q) for ends in between.values() for k, p in enumerate(ends) for q in ends[k + 1 :])
    return sum((p[0] - q[0]) * (p[1] - q[1]) < 0 for p, q in pairs)


def joined_to(ranks: Sequence[Rank], chains: Sequence[Chain]) -> dict[str, list[str]]:
    """The items that each item's lines lead to."""
    joined: dict[str, list[str]] = {item.key: [] for rank in ranks for item in rank}
    for a, b in (pair for chain in chains for pair in pairwise(chain)):
        joined[a].append(b)
        joined[b].append(a)
    return joined


def mean_or(values: Sequence[float], otherwise: float) -> float:
    """The mean, or the other number where there is nothing to average."""
    return sum(values) / len(values) if values else otherwise
