"""Learned weights: predict, score, save and load."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.api.by_name import ByName
from snnopt.program import Program, pack_program, unpack_program
from snnopt.runtime import (
    History,
    Record,
    Samples,
    Status,
    Wiring,
    check_inputs,
    check_targets,
    check_weights,
    readouts,
    score,
)
from snnopt.runtime.data import numeric, require_lengths
from snnopt.runtime.storage import damaged, load_arrays, save_arrays

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Result:
    """Learned weights and how they came about.

    Attributes
    ----------
    weights : the best iterate's weights and biases by name, ``"<node>.weight"`` and ``"<node>.bias"``.
    last_weights : the last iterate's.
    status, message : why the run stopped, in a word and in a sentence.
    history : a record for each iteration or epoch.
    notes : what the user should know, e.g. layers that fell silent.
    timesteps : what data without a time axis are held constant for.
    algorithm : its name.
    real_outputs : outputs that were trained on real targets, not labels.
    unequal : whether training was given ``lengths``; timed data then need theirs too.
    equations : the problem, a line each, in LaTeX between dollar signs; none in files of before they were kept.
    origin : seed, size of the training data, versions, machine and command of the run, by name; likewise.
    """

    program: Program
    weights: dict[str, Array]
    last_weights: dict[str, Array]
    status: Status
    message: str
    history: History
    notes: tuple[str, ...] = ()
    timesteps: int | None = None
    algorithm: str = ""
    real_outputs: tuple[str, ...] = ()
    unequal: bool = False
    equations: tuple[str, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("weights", "last_weights"):
            object.__setattr__(self, name, ByName("weight of this result", getattr(self, name)))

    def __repr__(self) -> str:
        shapes = ", ".join(f"{n} {w.shape}" for n, w in self.weights.items())
        return f"Result({self.algorithm}, {self.status}: {self.message}; {self.history!r}; weights: {shapes})"

    def readout(
        self, data: object, *, timesteps: int | None = None, lengths: ArrayLike | None = None
    ) -> Array | dict[str, Array]:
        """What the loss sees of each output: e.g. its mean membrane potential, [N, units], by name where several."""
        return _alone(self._readouts(self.samples(data, timesteps, lengths)))

    def predict(
        self, data: object, *, timesteps: int | None = None, lengths: ArrayLike | None = None
    ) -> Array | dict[str, Array]:
        """Predicted labels [N], by output name where several.

        If trained on real targets: outputs [N, units], or [N] for a single unit. Data of N samples are ``[T, N, *shape]``; check
        that ``len(predict(data)) == N`` where you are not sure which axis comes first. ``lengths`` [N] are the numbers of
        steps of series that are padded at their end.
        """
        found = self._readouts(self.samples(data, timesteps, lengths))
        return _alone({n: self._decide(n, m) for n, m in found.items()})

    def score(
        self, data: object, targets: object, *, timesteps: int | None = None, lengths: ArrayLike | None = None
    ) -> float:
        """How well a rollout on ``data`` meets ``targets``, mean over outputs.

        Labels [N] are scored by accuracy, real targets [N, units] by R squared (NaN where they do not vary), whatever the
        network was trained on.
        """
        samples = self.samples(data, timesteps, lengths)
        shape = next(iter(samples.arrays.values())).shape
        wanted = check_targets(self.program, targets, samples.count, shape)
        return score(self._readouts(samples), wanted)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write weights, program and history to one .npz file of plain arrays and JSON; written beside and renamed."""
        header: dict[str, Any] = {
            "program": None,
            "status": str(self.status),
            "message": self.message,
            "notes": list(self.notes),
            "timesteps": self.timesteps,
            "algorithm": self.algorithm,
            "real_outputs": list(self.real_outputs),
            "unequal": self.unequal,
            "equations": list(self.equations),
            "origin": dict(self.origin),
            "history": self.history.as_rows(),
        }
        arrays = {f"weights/{n}": w for n, w in self.weights.items()}
        arrays |= {f"last_weights/{n}": w for n, w in self.last_weights.items()}
        header["program"], more = pack_program(self.program)
        return save_arrays(Path(path), header, arrays | more)

    def samples(self, data: object, timesteps: int | None = None, lengths: ArrayLike | None = None) -> Samples:
        """``data`` checked as :meth:`predict` checks them."""
        steps = self.steps_for(data) if timesteps is None else timesteps
        samples = check_inputs(self.program, data, steps, lengths)
        if self.unequal:
            require_lengths("data", samples)
        return samples

    def _readouts(self, samples: Samples) -> dict[str, Array]:
        return readouts(self._wiring, self._matrices, samples)

    @cached_property
    def _wiring(self) -> Wiring:
        return Wiring(self.program, next(iter(self.weights.values())).dtype)

    @cached_property
    def _matrices(self) -> dict[str, Array]:
        return check_weights(self.program, self.weights, self._wiring.dtype)

    def steps_for(self, data: object) -> int | None:
        """The training's timesteps where some of the data have no time axis, else None."""
        inputs = self.program.inputs
        given = data if isinstance(data, Mapping) else {inputs[0].name: data}
        axes = {v: numeric(f"input {v.name!r}", given[v.name]).ndim for v in inputs if v.name in given}
        return self.timesteps if any(n == len(v.shape) + 1 for v, n in axes.items()) else None

    def _decide(self, output: str, m: Array) -> Array:
        if output not in self.real_outputs:
            return np.asarray(m.argmax(1))
        return m[:, 0] if m.shape[1] == 1 else m


def load(path: str | os.PathLike[str]) -> Result:
    """Read a result that :meth:`Result.save` wrote. It predicts at once.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileError
        The file is damaged, foreign, or of a newer format. Nothing in it is ever executed.
    """
    header, arrays = load_arrays(Path(path))
    with damaged(Path(path)):
        program = unpack_program(header["program"], arrays)
        weights, last = (
            {n.removeprefix(stem): a for n, a in arrays.items() if n.startswith(stem)}
            for stem in ("weights/", "last_weights/")
        )
        check_weights(program, weights, np.dtype(np.float64))
        return Result(
            program=program,
            weights=weights,
            last_weights=last,
            status=Status(header["status"]),
            message=str(header["message"]),
            history=History(tuple(Record(**row) for row in header["history"])),
            notes=tuple(header["notes"]),
            timesteps=header["timesteps"],
            algorithm=str(header["algorithm"]),
            real_outputs=tuple(header["real_outputs"]),
            # files of before these were kept have none
            unequal=bool(header.get("unequal", False)),
            equations=tuple(str(line) for line in header.get("equations", ())),
            origin={str(k): v for k, v in header.get("origin", {}).items()},
        )


def _alone(found: dict[str, Array]) -> Array | dict[str, Array]:
    """By output name where there are several."""
    return found if len(found) > 1 else next(iter(found.values()))
