"""How much work a run is."""

from __future__ import annotations

from snnopt.algorithms import Algorithm, KeptAlgorithm, RolloutAlgorithm
from snnopt.algorithms.settings import FullBatch, MiniBatches
from snnopt.program import Program
from snnopt.runtime.sampled import Sampled


def neuron_steps(program: Program, algorithm: Algorithm, samples: Sampled) -> float:
    """Steps of single neurons in all rollouts of a run."""
    if isinstance(algorithm, KeptAlgorithm):
        sweeps: float = algorithm.max_iter
    else:
        assert isinstance(algorithm, RolloutAlgorithm)
        schedule = algorithm.schedule
        if isinstance(schedule, FullBatch):
            sweeps = schedule.max_iter
        else:
            sweeps = schedule.epochs if isinstance(schedule, MiniBatches) else schedule.rounds * schedule.epochs
    return float(sweeps * samples.count * samples.steps * sum(c.size for c in program.couplings))
