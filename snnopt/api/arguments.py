"""What a run may be asked for, checked before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from snnopt.algorithms import Algorithm, KeptAlgorithm
from snnopt.errors import ModelError, shown
from snnopt.program import Program
from snnopt.runtime import Acceleration, Stopping


def check_arguments(
    algorithm: Algorithm, seed: object, time_limit: object, validation: object, stop: object, accelerate: object
) -> None:
    """Raise :class:`ModelError` for what :meth:`Plan.solve` cannot take, or not with this algorithm."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ModelError("solve", f"seed={seed!r}", "give a whole number of at least 0")
    if time_limit is not None and not (isinstance(time_limit, int | float) and time_limit > 0):
        raise ModelError("solve", f"time_limit={shown(time_limit)}", "give seconds, a number > 0")
    if validation is not None and not (isinstance(validation, tuple | list) and len(validation) in (2, 3)):
        fix = "give a pair (data, targets), or (data, targets, lengths)"
        raise ModelError("solve", f"validation={shown(validation)}", fix)
    if stop is not None:
        if not isinstance(stop, Stopping):
            raise ModelError("solve", f"stop={shown(stop)}", "give so.Stopping(patience=10), for instance")
        if stop.by_residuals and not isinstance(algorithm, KeptAlgorithm):
            cause = f"tolerances on residuals, and {algorithm.name!r} has none: its sweeps start feasible"
            raise ModelError("solve, stop", cause, "use patience, or an algorithm that keeps potentials")
        if stop.keep == "validation" and validation is None:
            raise ModelError(
                "solve", "stop keeps the best on validation data, and there are none", "give validation=(X, y)"
            )
    if accelerate is not None:
        _check_acceleration(algorithm, accelerate)


def other_penalties(
    algorithm: Algorithm, program: Program, present: Mapping[str, Any], given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Penalty functions for one run, of the kinds that the blocks were made for."""
    chosen = algorithm.penalties(program, given)
    for name, function in chosen.items():
        kind = type(present[name]).__name__
        if not isinstance(function, type(present[name])):
            cause = f"{type(function).__name__} for {name!r}, and the plan's blocks are made for so.{kind}"
            other = f"so.{type(function).__name__}({function.weight:g})"
            fix = f"compile with it, so.compile(..., penalties={{{name!r}: {other}}}), or give so.{kind} here"
            raise ModelError("solve, penalties", cause, fix)
    return chosen


def _check_acceleration(algorithm: Algorithm, accelerate: object) -> None:
    if not isinstance(accelerate, Acceleration):
        raise ModelError("solve", f"accelerate={shown(accelerate)}", "give so.Anderson() or so.OverRelaxation(1.6)")
    if not isinstance(algorithm, KeptAlgorithm):
        cause = f"algorithm {algorithm.name!r} starts every sweep from a rollout, with a step that changes"
        raise ModelError("solve, accelerate", cause, "use an algorithm that keeps potentials, such as 'full_dual'")
