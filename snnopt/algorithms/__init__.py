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
    a.name: a for a in (Online, Rollout, Perin2025, ExactBlock, FullDual, Consensus, Federated)
}


def named_algorithm(given: str | Algorithm) -> Algorithm:
    """Return an algorithm by name with its defaults, or the configured one that was given."""
    if isinstance(given, Algorithm):
        return given
    if isinstance(given, str):
        if given not in ALGORITHMS:
            raise unknown_name("algorithm", given, ALGORITHMS)
        return ALGORITHMS[given]()
    fix = "use 'online' or so.Online(), or decorate a sweep with @so.algorithm(form=\"trace\")"
    raise ModelError("algorithm", f"{shown(given)} is neither a name nor an algorithm", fix)


__all__ = [
    "ALGORITHMS",
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
