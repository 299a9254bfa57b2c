"""Where the stages meet: ``compile``, ``Plan``, ``Result`` and ``simulate``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.algorithms import Algorithm, algorithm
from snnopt.blocks import Binding, bind
from snnopt.errors import ModelError, shown
from snnopt.lower import lower, lower_network
from snnopt.model import Network, Problem
from snnopt.program import Program, pack_program, unpack_program
from snnopt.report.explain import explain
from snnopt.report.progress import progress_display
from snnopt.runtime import (
    Activity,
    Engine,
    History,
    Record,
    Samples,
    Status,
    Wiring,
    check_inputs,
    check_range,
    check_targets,
    check_weights,
    rollout,
    window_means,
)
from snnopt.runtime.data import numeric
from snnopt.runtime.storage import damaged, load_arrays, save_arrays
from snnopt.split import split

Array = NDArray[Any]


def compile(problem: Problem, using: str | Algorithm = "online") -> Plan:  # noqa: A001 - the field's word, as in CVXPY
    """Lower a problem, split it into blocks, and bind each block to its closed form.

    Parameters
    ----------
    problem : what to minimise.
    using : an algorithm by name (``"online"``, ``"rollout"``) or configured, ``so.algorithms.Online(epochs=20)``.

    Raises
    ------
    UnknownNameError
        No algorithm has this name.
    CompileError
        A block has no closed form under this algorithm; the message names the layer and the term.
    """
    if not isinstance(problem, Problem):
        raise ModelError("compile", f"{problem!r} is not a problem", "pass so.Problem(network, objective)")
    chosen = algorithm(using)
    program = lower(problem)
    return Plan(problem, program, chosen, bind(split(program, chosen.step_rule)))


@dataclass(frozen=True, eq=False)
class Plan:
    """A compiled problem: its program, the algorithm, and the closed form that solves each block."""

    problem: Problem
    program: Program
    algorithm: Algorithm
    bindings: tuple[Binding, ...]

    def explain(self) -> str:
        """A table: layer, terms, block and closed form, in the order of a sweep."""
        return explain(self.program, self.algorithm, self.bindings)

    def __str__(self) -> str:
        return self.explain()

    def __repr__(self) -> str:
        return f"Plan({self.algorithm.name}: {self.problem.network!r}; {len(self.bindings)} blocks; print it for all)"

    def solve(
        self,
        data: object,
        targets: object,
        *,
        timesteps: int | None = None,
        seed: int = 0,
        validation: tuple[object, object] | None = None,
        weights: Mapping[str, ArrayLike] | Result | None = None,
        time_limit: float | None = None,
        progress: bool | None = None,
        callback: Callable[[Record], None] | None = None,
    ) -> Result:
        """Train.

        Parameters
        ----------
        data : [T, N, *shape], or [N, *shape] with ``timesteps``, held constant; a dict by input name where there are several.
        targets : labels [N], or real targets [N, units] for a squared error; a dict by output name where there are several.
        timesteps : T for data without a time axis.
        seed : same seed, same machine, same result.
        validation : ``(data, targets)`` whose accuracy the history shows; never trained on.
        weights : start here (``result.weights`` of an earlier run, or the result itself) instead of at random.
        time_limit : seconds after which the run ends with TIME_LIMIT.
        progress : draw progress; None draws on a terminal only. It never changes the iterates.
        callback : called with each :class:`Record` of the history; where it raises ``KeyboardInterrupt`` the run ends with
            INTERRUPTED and keeps what it found.

        Raises
        ------
        DataError
            Data, targets or weights do not fit the network. All errors are subclasses of ``ValueError``.
        ModelError
            Another argument is not what it should be.
        UnknownNameError
            Data, targets or weights are named after nothing in the network.
        """
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ModelError("solve", f"seed={seed!r}", "give a whole number of at least 0")
        if time_limit is not None and not (isinstance(time_limit, int | float) and time_limit > 0):
            raise ModelError("solve", f"time_limit={shown(time_limit)}", "give seconds, a number > 0")
        if callback is not None and not callable(callback):
            raise ModelError("solve", f"callback={shown(callback)}", "give a function that takes a record")
        if progress is not None and not isinstance(progress, bool):
            raise ModelError("solve", f"progress={shown(progress)}", "give True, False, or None for a terminal only")
        if validation is not None and not (isinstance(validation, tuple | list) and len(validation) == 2):
            raise ModelError("solve", f"validation={shown(validation)}", "give a pair (data, targets)")
        samples, labels = _checked(self.program, data, targets, timesteps)
        check_range(samples, np.dtype(self.algorithm.dtype))
        held = None if validation is None else _checked(self.program, *validation, timesteps)
        start = None
        if weights is not None:
            given = weights.weights if isinstance(weights, Result) else weights
            start = check_weights(self.program, given, np.dtype(self.algorithm.dtype))
        with progress_display(self.algorithm.name, progress) as draw:

            def watch(record: Record, left: int) -> None:
                draw(record, left)
                if callback is not None:
                    callback(record)

            engine = Engine(
                self.program,
                self.bindings,
                self.algorithm,
                samples,
                labels,
                seed=int(seed),
                time_limit=time_limit,
                validation=held,
                start=start,
                watch=watch,
            )
            outcome = engine.run()
        shaped, last = (_shaped(self.program, w) for w in (outcome.best, outcome.last))
        return Result(
            program=self.program,
            weights=shaped,
            last_weights=last,
            status=outcome.status,
            message=outcome.message,
            history=outcome.history,
            notes=outcome.notes,
            timesteps=timesteps if any(samples.constant.values()) else None,
            algorithm=self.algorithm.name,
            real_outputs=tuple(n for n, y in labels.items() if y.ndim == 2),
        )


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

    def __repr__(self) -> str:
        shapes = ", ".join(f"{n} {w.shape}" for n, w in self.weights.items())
        return f"Result({self.algorithm}, {self.status}: {self.message}; {self.history!r}; weights: {shapes})"

    def readout(self, data: object, *, timesteps: int | None = None) -> Array | dict[str, Array]:
        """What the loss sees of each output: e.g. its mean membrane potential, [N, units], by name where several."""
        samples = check_inputs(self.program, data, self._steps_for(data) if timesteps is None else timesteps)
        owners = list(dict.fromkeys(t.owner for t in self.program.losses))
        out = {n: np.empty((samples.count, self.program.by_name[n].size), self._wiring.dtype) for n in owners}
        for piece, means in window_means(self._wiring, self.program, self._matrices, samples):
            for name in owners:
                out[name][piece] = means[name]
        return out if len(owners) > 1 else out[owners[0]]

    def predict(self, data: object, *, timesteps: int | None = None) -> Array | dict[str, Array]:
        """Predicted labels [N], by output name where several.

        If trained on real targets: outputs [N, units], or [N] for a single unit. Data of N samples are [T, N, *shape]; check
        that ``len(predict(data)) == N`` where you are not sure which axis comes first.
        """
        m = self.readout(data, timesteps=timesteps)
        if isinstance(m, dict):
            return {n: self._decide(n, v) for n, v in m.items()}
        return self._decide(self.program.losses[0].owner, m)

    def score(self, data: object, targets: object, *, timesteps: int | None = None) -> float:
        """Accuracy of the rollout on ``data``, mean over outputs.

        If trained on real targets: R squared (NaN where the targets do not vary).
        """
        samples = check_inputs(self.program, data, self._steps_for(data) if timesteps is None else timesteps)
        shape = next(iter(samples.arrays.values())).shape
        wanted = check_targets(self.program, targets, samples.count, shape)
        m = self.readout(data, timesteps=timesteps)
        found = m if isinstance(m, dict) else {self.program.losses[0].owner: m}
        return float(np.mean([_score(found[n], y) for n, y in wanted.items()]))

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
            "history": self.history.as_rows(),
        }
        arrays = {f"weights/{n}": w for n, w in self.weights.items()}
        arrays |= {f"last_weights/{n}": w for n, w in self.last_weights.items()}
        header["program"], more = pack_program(self.program)
        return save_arrays(Path(path), header, arrays | more)

    @cached_property
    def _wiring(self) -> Wiring:
        return Wiring(self.program, next(iter(self.weights.values())).dtype)

    @cached_property
    def _matrices(self) -> dict[str, Array]:
        return check_weights(self.program, self.weights, self._wiring.dtype)

    def _steps_for(self, data: object) -> int | None:
        """The training's timesteps, where some of the data have no time axis."""
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
        )


def simulate(
    network: Network | Problem | Plan | Result,
    weights: Mapping[str, ArrayLike] | Result,
    data: object,
    *,
    timesteps: int | None = None,
) -> dict[str, Activity]:
    """Run a network forward and return every population's potentials and spikes.

    ``v[t] = A-B-C dynamics of i[t] = W s[t] + b``, ``s[t] = v[t] > threshold``; a LIF step is computed in the order
    ``(beta v + i) - threshold s``.

    Parameters
    ----------
    network : a network, problem, plan or result.
    weights : arrays by name, as in ``result.weights``, or a result.
    data : as in :meth:`Plan.solve`. The computation runs in its dtype: float64 stays float64, float32 stays float32;
        whole numbers are computed in float64.

    Returns
    -------
    By population: an object with ``potentials`` and ``spikes`` (None where it does not spike), [T, N, *shape].

    Raises
    ------
    DataError, UnknownNameError
        Data or weights do not fit the network.
    """
    if isinstance(weights, Result):
        weights = weights.weights
    if isinstance(network, Result | Plan):
        program = network.program
    elif isinstance(network, Network | Problem):
        program = lower_network(network if isinstance(network, Network) else network.network)
    else:
        raise ModelError(
            "simulate", f"{shown(network)} is not a network", "pass problem.network, a problem or a result"
        )
    samples = check_inputs(program, data, timesteps)
    kinds = {x.dtype for x in samples.arrays.values()}
    dtype = np.dtype(np.float32) if kinds == {np.dtype(np.float32)} else np.dtype(np.float64)
    wiring, matrices = Wiring(program, dtype), check_weights(program, weights, dtype)
    activity = rollout(wiring, matrices, samples.take(slice(None), dtype), samples.steps)
    return {n: _shape_activity(a, program.by_name[n].shape) for n, a in activity.items()}


def _shape_activity(a: Activity, shape: tuple[int, ...]) -> Activity:
    lead = a.potentials.shape[:2]
    return Activity(a.potentials.reshape(*lead, *shape), None if a.spikes is None else a.spikes.reshape(*lead, *shape))


def _checked(
    program: Program, data: object, targets: object, timesteps: int | None
) -> tuple[Samples, dict[str, Array]]:
    samples = check_inputs(program, data, timesteps)
    first = next(iter(samples.arrays.values()))
    return samples, check_targets(program, targets, samples.count, first.shape)


def _shaped(program: Program, weights: Mapping[str, Array]) -> dict[str, Array]:
    return {v.name: weights[v.name].reshape(v.shape) for v in program.variables if v.name in weights}


def _score(m: Array, y: Array) -> float:
    if y.ndim == 1:
        return float((m.argmax(1) == y).mean())
    spread = float(((y - y.mean(0)) ** 2).sum())
    return 1.0 - float(((y - m) ** 2).sum()) / spread if spread else float("nan")
