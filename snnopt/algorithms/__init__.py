"""ADMM variants: one file each, one line in the table."""

from snnopt.algorithms.base import Algorithm
from snnopt.algorithms.check import check_sweep, resting
from snnopt.algorithms.consensus import Consensus
from snnopt.algorithms.exact_block import ExactBlock
from snnopt.algorithms.federated import Federated
from snnopt.algorithms.from_rollout import RolloutAlgorithm
from snnopt.algorithms.full_dual import FullDual
from snnopt.algorithms.kept import KeptAlgorithm
from snnopt.algorithms.online import Online
from snnopt.algorithms.own import OwnKept, OwnRollout, algorithm
from snnopt.algorithms.perin2025 import Perin2025
from snnopt.algorithms.rollout import Rollout
from snnopt.algorithms.words import Layer, Net, Sweep, Word
from snnopt.errors import ModelError, shown, unknown_name

ALGORITHMS: dict[str, type[Algorithm]] = {
    a.name: a for a in (Online, Rollout, Perin2025, ExactBlock, FullDual, Consensus)
}
"""For data in one place; by name, as :func:`snnopt.compile` and the command line know them."""
BETWEEN_SITES: dict[str, type[Algorithm]] = {Federated.name: Federated}
"""For data of sites that do not share them."""


def named_algorithm(given: str | Algorithm) -> Algorithm:
    """Return an algorithm by name with its defaults, or the configured one that was given."""
    if isinstance(given, Algorithm):
        return given
    if isinstance(given, str):
        known = ALGORITHMS | BETWEEN_SITES
        if given not in known:
            raise unknown_name("algorithm", given, known)
        return known[given]()
    fix = "use 'online' or so.Online(), or decorate a sweep with @so.algorithm(form=\"trace\")"
    raise ModelError("algorithm", f"{shown(given)} is neither a name nor an algorithm", fix)


__all__ = [
    "ALGORITHMS",
    "BETWEEN_SITES",
    "Algorithm",
    "Consensus",
    "ExactBlock",
    "Federated",
    "FullDual",
    "KeptAlgorithm",
    "Layer",
    "Net",
    "Online",
    "OwnKept",
    "OwnRollout",
    "Perin2025",
    "Rollout",
    "RolloutAlgorithm",
    "Sweep",
    "Word",
    "algorithm",
    "check_sweep",
    "named_algorithm",
    "resting",
]
