"""Training data: checked at hand, or as shards under their executor."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from snnopt.algorithms import Algorithm, RolloutAlgorithm
from snnopt.errors import DataError, ModelError, shown
from snnopt.program import Program
from snnopt.runtime import Samples, check_inputs, check_targets
from snnopt.runtime.executors import Executor, LocalExecutor, Setup
from snnopt.runtime.shards import Shards
from snnopt.runtime.shards.sharded import Sharded
from snnopt.runtime.shards.shards import cut_for

Array = NDArray[Any]


def checked(
    program: Program, data: object, targets: object, timesteps: int | None, lengths: object
) -> tuple[Samples, dict[str, Array]]:
    """Samples and targets that are in memory."""
    samples = check_inputs(program, data, timesteps, lengths)
    first = next(iter(samples.arrays.values()))
    return samples, check_targets(program, targets, samples.count, first.shape)


def rolled_out(algorithm: Algorithm) -> RolloutAlgorithm:
    """Return an algorithm that works on shards, or raise :class:`ModelError`."""
    if not isinstance(algorithm, RolloutAlgorithm):
        cause = f"shards, and {algorithm.name!r} keeps potentials of every sample in memory"
        raise ModelError("solve", cause, "use 'rollout' or 'online', or give arrays without an executor")
    return algorithm


def sharded(setup: Setup, data: object, targets: object, lengths: object, executor: object) -> Sharded:
    """Data as shards, under their executor."""
    if executor is None:
        executor = LocalExecutor()
    if not isinstance(executor, Executor):
        fix = "give so.LocalExecutor(), or so.DaskExecutor(client)"
        raise ModelError("solve", f"executor={shown(executor)}", fix)
    if isinstance(data, Shards):
        for name, given in (("targets", targets), ("lengths", lengths)):
            if given is not None:
                raise DataError(name, "shards bring their own", f"give (X, y, lengths) as shards, and no {name}=")
        parts = data.parts
    else:
        parts = cut_for(executor, setup.program, data, targets, lengths).parts
    return Sharded(executor, setup, parts)
