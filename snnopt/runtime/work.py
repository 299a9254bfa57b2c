"""How much work a run is."""

from __future__ import annotations

from snnopt.algorithms import Algorithm, RolloutAlgorithm
from snnopt.algorithms.settings import FullBatch, MiniBatches
from snnopt.program import Program
from snnopt.runtime.sampled import Sampled


def neuron_steps(program: Program, algorithm: Algorithm, samples: Sampled) -> float:
    """Steps of single neurons in all sweeps of a run; 0 for algorithms whose sweeps are not made of rollouts."""
    if not isinstance(algorithm, RolloutAlgorithm):
        return 0.0
    schedule = algorithm.schedule
    if isinstance(schedule, FullBatch):
        sweeps = schedule.max_iter
    else:
        sweeps = schedule.epochs if isinstance(schedule, MiniBatches) else schedule.rounds * schedule.epochs
    return float(sweeps * samples.count * samples.steps * sum(c.size for c in program.couplings))
