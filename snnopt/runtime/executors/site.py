"""What a site of ``federated`` does on its own samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnopt.algorithms import Net
from snnopt.algorithms.settings import Federation
from snnopt.runtime.data import Samples
from snnopt.runtime.executors.base import Setup
from snnopt.runtime.forward import Wiring
from snnopt.runtime.loops.at_hand import AtHand
from snnopt.runtime.sweeper import Sweeper

Array = NDArray[Any]
Weights = Mapping[str, Array]


def trained(
    setup: Setup,
    wiring: Wiring,
    samples: Samples,
    targets: dict[str, Array],
    z: Weights,
    dual: Weights,
    fade: float,
    seed: tuple[int, ...],
) -> dict[str, Array]:
    """The site's weights after its epochs of a round: from z, held near ``z - dual`` after every mini-batch."""
    algorithm, schedule = setup.algorithm, setup.algorithm.schedule
    assert isinstance(schedule, Federation)
    sweeper = Sweeper(wiring, setup.bindings, algorithm, dict(z), samples.steps, setup.couplings)
    sweeper.judges_solved, sweeper.fade = False, fade
    rng, order = np.random.default_rng(seed), tuple(c.name for c in setup.program.couplings)
    net = Net.of(tuple(b.block for b in setup.bindings), order, samples.steps, rng)
    source, pull = AtHand(samples, targets, wiring.dtype), schedule.pull
    for _ in range(schedule.epochs):
        for _, index in source.epoch(rng, schedule.size(samples.count)):
            batch = source.batch(index)
            for word in algorithm.updates(net):
                sweeper.run(word, batch)
            sweeper.settle(batch)
            sweeper.weights = {
                n: ((w + pull * (z[n] - dual[n])) / (1 + pull)).astype(w.dtype) for n, w in sweeper.weights.items()
            }
    return sweeper.weights
