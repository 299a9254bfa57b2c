"""Penalties that flip a given share of the spikes."""

from __future__ import annotations

from snnopt.penalties.histogram import Histogram


def distance_penalty(demanded: float, distance: float, entries: float) -> float:
    """rho as ``distance`` times the mean absolute demand: how dear a move of the potential is against a flip.

    ``demanded`` is the sum of the absolute demand over ``entries``, of all samples.
    """
    return distance * demanded / entries


def flip_penalty(scores: Histogram, share: float, unit: float) -> float:
    """sigma for which at most ``share`` of the scores lie above sigma/2 (0 where so few are positive).

    ``scores`` count ``(1 - 2s) da - rho/2 (v - theta)^2`` in ``unit``; sigma/2 is one of the edges between its bins, so that it
    is the same wherever the samples are.
    """
    return 2.0 * unit * scores.above(share)
