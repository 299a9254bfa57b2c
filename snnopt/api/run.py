"""A run, iterate by iterate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from snnopt.api.result import Result
from snnopt.program import Program
from snnopt.runtime import Engine, Record
from snnopt.runtime.shards.sharded import Sharded

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Run:
    """An engine, and what a result has to know besides."""

    program: Program
    engine: Engine
    algorithm: str
    timesteps: int | None
    real_outputs: tuple[str, ...]
    unequal: bool
    equations: tuple[str, ...]
    origin: Mapping[str, Any]

    def step(self) -> bool:
        """Go on to the next record; False if the run is over."""
        with self.engine.quiet():
            return self.engine.step()

    def close(self) -> None:
        """Let go of shards, if there are any; after that no result can be asked for."""
        if isinstance(self.engine.samples, Sharded):
            self.engine.samples.close()

    def result(self) -> Result:
        """What there is so far."""
        outcome = self.engine.outcome()
        return Result(
            program=self.program,
            weights=shaped(self.program, outcome.best),
            last_weights=shaped(self.program, outcome.last),
            status=outcome.status,
            message=outcome.message,
            history=outcome.history,
            notes=outcome.notes,
            timesteps=self.timesteps,
            algorithm=self.algorithm,
            real_outputs=self.real_outputs,
            unequal=self.unequal,
            equations=self.equations,
            origin=self.origin,
        )


class Iterate:
    """Where a run stands after a record; of the moment, so ask before going on to the next."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def record(self) -> Record:
        """The last row of the history."""
        return self._run.engine.journal.records[-1]

    @property
    def iteration(self) -> int:
        """Iterations or epochs done."""
        return self.record.iteration

    @property
    def weights(self) -> dict[str, Array]:
        """The present weights, by name, in their declared shapes."""
        return shaped(self._run.program, self._run.engine.loop.weights)

    def result(self) -> Result:
        """The best weights so far and the rest of a :class:`Result`; INTERRUPTED unless the run is over."""
        return self._run.result()

    def __repr__(self) -> str:
        r = self.record
        return f"Iterate({r.iteration}: loss {r.loss:.4g}, accuracy {r.accuracy:.1%})"


def shaped(program: Program, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Weights by name, in their declared shapes."""
    return {v.name: weights[v.name].reshape(v.shape) for v in program.variables if v.name in weights}
