"""``compile`` and ``Plan``: where the stages meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.algorithms import Algorithm, Federated, check_sweep, named_algorithm
from snnopt.api.arguments import check_arguments, other_penalties
from snnopt.api.origin import origin
from snnopt.api.result import Result
from snnopt.api.run import Iterate, Run
from snnopt.api.training_data import checked, rolled_out, sharded
from snnopt.blocks import Binding, ClosedForm, bind, check_bound, own_rules
from snnopt.cvx_bridge import fallback
from snnopt.errors import ModelError, shown
from snnopt.lower import lower
from snnopt.model import Problem
from snnopt.program import Program, check_program
from snnopt.report.explain import explain
from snnopt.report.latex import lines
from snnopt.report.progress import progress_display
from snnopt.runtime import (
    Acceleration,
    Checkpoint,
    CheckpointWriter,
    Engine,
    Record,
    Samples,
    Stopping,
    check_range,
    check_weights,
    checksum,
    fingerprint,
    read_checkpoint,
)
from snnopt.runtime.data import largest_of, require_lengths
from snnopt.runtime.executors import Executor, Setup
from snnopt.runtime.journal import Watch
from snnopt.runtime.shards import Shards
from snnopt.runtime.shards.sharded import Sharded
from snnopt.split import check_blocks

Array = NDArray[Any]


def compile(  # noqa: A001 - the field's word, as in CVXPY
    problem: Problem,
    using: str | Algorithm = "online",
    on_missing: Literal["error", "cvxpy"] = "error",
    penalties: Mapping[str, Any] | None = None,
    rules: Sequence[type[ClosedForm]] | None = None,
) -> Plan:
    """Lower a problem, split it into blocks, and bind each block to its closed form.

    Parameters
    ----------
    problem : what to minimise.
    using : an algorithm by name (``"online"``, ``"rollout"``, ``"perin2025"``, ...) or configured,
        ``so.algorithms.Online(epochs=20)``.
    on_missing : what to do with a block that has no closed form: ``"error"``, or ``"cvxpy"`` to have CVXPY solve it in every
        sweep, where it is convex; ``plan.explain()`` says so in capitals.
    penalties : penalty functions in place of the algorithm's, for all couplings of a kind or for one, as in
        ``{"dynamics": so.Quadratic(1.0, control=so.ResidualBalancing()), "step": so.ExactStep(0.1),
        "hidden.step": so.ExactStep(0.5)}``; names of couplings are those of the history, ``hidden`` for the dynamics of
        layer hidden, ``hidden.step`` for its step. ``so.Linearised`` dynamics enter blocks of spikes by their slope.
    rules : closed forms of your own for this plan, classes derived from :class:`snnopt.blocks.ClosedForm`, in the order in
        which they are tried, before the table; ``so.verify(plan)`` holds them against the oracles as it does all others.

    Raises
    ------
    UnknownNameError
        No algorithm has this name, or no coupling.
    CompileError
        A block has no closed form under this algorithm; the message names the layer and the term. Or a rule of your own
        solves no block.
    ModelError
        Another argument is not what it should be.
    """
    if not isinstance(problem, Problem):
        raise ModelError("compile", f"{problem!r} is not a problem", "pass so.Problem(network, objective)")
    if on_missing not in ("error", "cvxpy"):
        raise ModelError("compile", f"on_missing={on_missing!r}", "use 'error' or 'cvxpy'")
    chosen = named_algorithm(using)
    program = check_program(lower(problem))
    functions = chosen.penalties(program, penalties)
    blocks = check_blocks(program, chosen.split(program, functions))
    check_sweep(chosen, program, blocks)
    own = own_rules(rules, blocks)
    bindings = bind(blocks, fallback if on_missing == "cvxpy" else None, own)
    check_bound(own, bindings)
    return Plan(problem, program, chosen, bindings, functions)


def _nothing(record: Record, left: int) -> None:
    """Watch nothing."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A compiled problem: its program, the algorithm, the closed form that solves each block, and every coupling's penalty."""

    problem: Problem
    program: Program
    algorithm: Algorithm
    bindings: tuple[Binding, ...]
    penalties: Mapping[str, Any]

    def explain(self) -> str:
        """A table: layer, terms, block and closed form, in the order of a sweep."""
        return explain(self.program, self.algorithm, self.bindings, self.penalties)

    def __str__(self) -> str:
        return self.explain()

    def __repr__(self) -> str:
        return f"Plan({self.algorithm.name}: {self.problem.network!r}; {len(self.bindings)} blocks; print it for all)"

    def solve(
        self,
        data: object,
        targets: object = None,
        *,
        timesteps: int | None = None,
        lengths: ArrayLike | None = None,
        executor: Executor | None = None,
        seed: int = 0,
        validation: tuple[object, ...] | None = None,
        weights: Mapping[str, ArrayLike] | Result | None = None,
        time_limit: float | None = None,
        progress: bool | None = None,
        callback: Callable[[Record], object] | None = None,
        penalties: Mapping[str, Any] | None = None,
        stop: Stopping | None = None,
        accelerate: Acceleration | None = None,
        checkpoint: Checkpoint | str | PathLike[str] | None = None,
        resume: str | PathLike[str] | None = None,
        backend: str = "auto",
    ) -> Result:
        """Train.

        Parameters
        ----------
        data : ``[T, N, *shape]``, or ``[N, *shape]`` with ``timesteps``, held constant; a dict by input name where there are
            several. Or :class:`Shards`, which bring their targets and lengths: more than memory holds, or more than one machine.
        targets : labels [N], or real targets [N, units] for a squared error; a dict by output name where there are several.
        timesteps : T for data without a time axis.
        lengths : number of steps of each series [N], where they differ; what stands after a series' end is never read, and
            sums over time end there. ``so.data.pad`` makes data and lengths from a list of series.
        executor : where shards are worked on, :class:`LocalExecutor` (the default for shards) or :class:`DaskExecutor`; arrays
            are cut into shards for it. None for data in memory. Algorithms that keep potentials take none.
        seed : same seed, same machine, same result.
        validation : ``(data, targets)``, or ``(data, targets, lengths)``, whose score (:meth:`Result.score`) the history shows;
            never trained on. Timed data need lengths where the training data have them.
        weights : start here (``result.weights`` of an earlier run, or the result itself) instead of at random.
        time_limit : seconds after which the run ends with TIME_LIMIT.
        progress : draw progress; None draws on a terminal only. It never changes the iterates.
        callback : called with each :class:`Record` of the history; where it returns True, or raises ``KeyboardInterrupt``, the
            run ends with INTERRUPTED and keeps what it found.
        penalties : for this run, penalty functions in place of the plan's, as in :func:`compile`. Which dynamics are
            linearised is settled there: couplings that a plan has as :class:`Linearised` need one here, and no others.
        stop : tolerances, patience, and which iterate is returned, a :class:`Stopping`; None for the algorithm's own rules and
            the iterate of least loss.
        accelerate : :class:`OverRelaxation` or :class:`Anderson`, for algorithms that keep potentials; None, the default, as
            outside convex programmes neither is safe.
        checkpoint : a file, or a :class:`Checkpoint`, to keep the state of the run in after every record.
        resume : go on from such a file, to the same bits as a run that was not stopped; give all else as it was given to that
            run. It is kept up to date, unless ``checkpoint`` names another. A time limit counts from here.
        backend : what runs the passes over time, ``"numpy"`` or ``"numba"`` (compiled; needs the extra ``numba``). ``"auto"``
            takes numba where it is installed and the run is long enough for loading it to pay.

        Raises
        ------
        DataError
            Data, targets or weights do not fit the network. All errors are subclasses of ``ValueError``.
        FileError
            The file to resume from is damaged, or of another plan or other data.
        ModelError
            Another argument is not what it should be.
        UnknownNameError
            Data, targets or weights are named after nothing in the network.
        """
        if progress is not None and not isinstance(progress, bool):
            raise ModelError("solve", f"progress={shown(progress)}", "give True, False, or None for a terminal only")
        if callback is not None and not callable(callback):
            raise ModelError("solve", f"callback={shown(callback)}", "give a function that takes a record")
        with progress_display(self.algorithm.name, progress) as draw:

            def watch(record: Record, left: int) -> None:
                draw(record, left)
                if callback is not None and callback(record) is True:
                    raise KeyboardInterrupt

            run = self._begin(
                data,
                targets,
                timesteps=timesteps,
                lengths=lengths,
                executor=executor,
                seed=seed,
                validation=validation,
                weights=weights,
                time_limit=time_limit,
                penalties=penalties,
                stop=stop,
                accelerate=accelerate,
                checkpoint=checkpoint,
                resume=resume,
                backend=backend,
                watch=watch,
            )
            try:
                run.engine.run()
                return run.result()
            finally:
                run.close()

    def iterate(self, data: object, targets: object = None, **options: Any) -> Iterator[Iterate]:
        """Train by hand: yields after every record, an iteration or an epoch.

        ``for state in plan.iterate(X, y): ...`` leaves the loop where it likes; ``state.result()`` is what there is so far, and
        ``state.record`` and ``state.weights`` how it goes. Time between records is not counted. Takes what :meth:`solve` takes,
        but for ``progress`` and ``callback``.
        """
        run = self._begin(data, targets, **options)
        try:
            while run.step():
                yield Iterate(run)
        finally:
            run.close()

    def _begin(
        self,
        data: object,
        targets: object = None,
        *,
        timesteps: int | None = None,
        lengths: ArrayLike | None = None,
        executor: Executor | None = None,
        seed: int = 0,
        validation: tuple[object, ...] | None = None,
        weights: Mapping[str, ArrayLike] | Result | None = None,
        time_limit: float | None = None,
        penalties: Mapping[str, Any] | None = None,
        stop: Stopping | None = None,
        accelerate: Acceleration | None = None,
        checkpoint: Checkpoint | str | PathLike[str] | None = None,
        resume: str | PathLike[str] | None = None,
        backend: str = "auto",
        watch: Watch = _nothing,
    ) -> Run:
        check_arguments(self.algorithm, seed, time_limit, validation, stop, accelerate)
        chosen = (
            self.penalties
            if penalties is None
            else other_penalties(self.algorithm, self.program, self.penalties, penalties)
        )
        samples: Samples | Sharded
        if isinstance(self.algorithm, Federated) and not isinstance(data, Shards):
            fix = "give so.Shards([(X_a, y_a), (X_b, y_b)]), one shard for each site"
            raise ModelError("solve", "'federated' is for data of several sites, and these are in one place", fix)
        if executor is None and not isinstance(data, Shards):
            samples, labels = checked(self.program, data, targets, timesteps, lengths)
            real, unequal = tuple(n for n, y in labels.items() if y.ndim == 2), lengths is not None
            largest = largest_of(samples)
        else:
            setup = Setup(self.program, self.bindings, rolled_out(self.algorithm), dict(chosen), backend, timesteps)
            samples, labels = sharded(setup, data, targets, lengths, executor), {}
            real, unequal, largest = samples.real, samples.unequal, samples.largest
        if stop is not None and stop.keep == "accuracy" and len(real) == len({t.owner for t in self.program.losses}):
            raise ModelError(
                "solve", "stop keeps the best accuracy, and there are no labels", "use keep='loss' or 'validation'"
            )
        check_range(largest, np.dtype(self.algorithm.dtype))
        held = None
        if validation is not None:
            held_lengths = validation[2] if len(validation) == 3 else None
            held = checked(self.program, validation[0], validation[1], timesteps, held_lengths)
            if unequal:
                require_lengths("validation, (data, targets, lengths)", held[0])
        start = None
        if weights is not None:
            given = weights.weights if isinstance(weights, Result) else weights
            start = check_weights(self.program, given, np.dtype(self.algorithm.dtype))
        writer, tree = self._files(checkpoint, resume, samples, labels, chosen, (int(seed), start, accelerate))
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
            penalties=chosen,
            writer=writer,
            stopping=stop,
            accelerate=accelerate,
            backend=backend,
        )
        if tree is not None:
            engine.resume(tree)
        constant = timesteps if any(samples.constant.values()) else None
        return Run(
            self.program,
            engine,
            self.algorithm.name,
            constant,
            real,
            unequal,
            tuple(lines(self.problem)),
            origin(int(seed), samples.count, samples.steps),
        )

    def _files(
        self,
        checkpoint: Checkpoint | str | PathLike[str] | None,
        resume: str | PathLike[str] | None,
        samples: Samples | Sharded,
        targets: Mapping[str, Array],
        penalties: Mapping[str, Any],
        begun: tuple[int, Mapping[str, Array] | None, Acceleration | None],
    ) -> tuple[CheckpointWriter | None, Any]:
        """Where the run's state is written, and the state that it goes on from."""
        if checkpoint is None and resume is None:
            return None, None
        if resume is not None and not isinstance(resume, str | PathLike):
            raise ModelError(
                "solve", f"resume={shown(resume)}", "give the name of a file that a checkpoint was kept in"
            )
        seed, start, accelerate = begun
        rules = [(b.block.name, b.title) for b in self.bindings]
        parts = [str(self.problem), self.algorithm, rules, dict(penalties), accelerate, seed]
        data = samples.checksum if isinstance(samples, Sharded) else checksum(samples, targets)
        plan = fingerprint([*parts, *(start or {}).values()])
        where = Checkpoint(resume) if checkpoint is None and resume is not None else checkpoint
        where = where if isinstance(where, Checkpoint) else Checkpoint(where)  # type: ignore[arg-type]
        tree = None if resume is None else read_checkpoint(Checkpoint(resume).file, plan, data)
        return CheckpointWriter(where, plan, data), tree
