"""How much work a run is."""

from __future__ import annotations

from snnopt.algorithms import Algorithm, RolloutAlgorithm
from snnopt.algorithms.settings import MiniBatches
from snnopt.program import Program
from snnopt.runtime.data import Sampled


def neuron_steps(program: Program, algorithm: Algorithm, samples: Sampled) -> float:
    """Steps of single neurons in all sweeps of a run; 0 for algorithms whose sweeps are not made of rollouts."""
    if not isinstance(algorithm, RolloutAlgorithm):
        return 0.0
    schedule = algorithm.schedule
    sweeps = schedule.epochs if isinstance(schedule, MiniBatches) else schedule.max_iter
    return float(sweeps * samples.count * samples.steps * sum(c.size for c in program.couplings))
