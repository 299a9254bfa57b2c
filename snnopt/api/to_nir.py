"""``to_nir``: a trained network for other tools."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from snnopt.api.given import program_of, weights_of
from snnopt.api.plan import Plan
from snnopt.api.result import Result
from snnopt.errors import CompileError, DataError, ModelError, shown, unknown_name
from snnopt.interop.nir import ResetMismatchWarning, ResetReplay, graph_of, replayed, without_readouts
from snnopt.model import Network, Problem
from snnopt.program import Program
from snnopt.runtime import check_inputs, check_weights
from snnopt.runtime.data import numeric

ENCODINGS = ("neurons", "exact")
MISMATCHES = ("error", "warn")


def to_nir(
    trained: Result | Network | Problem | Plan,
    weights: Mapping[str, ArrayLike] | Result | None = None,
    *,
    dt: float = 1e-4,
    encoding: Literal["neurons", "exact"] = "neurons",
    readouts: bool = True,
    on_reset_mismatch: Literal["error", "warn"] = "error",
    data: object = None,
    timesteps: int | None = None,
    lengths: ArrayLike | None = None,
) -> Any:
    """Return a trained network as a ``nir.NIRGraph``, to be written by ``nir.write(path, graph)``.

    A decay is a time constant, ``tau = dt / (1 - beta)`` (Euler's method), and weights and biases are divided by
    ``1 - beta``, so that r is 1, as importers expect; where neurons that share weights differ in beta, or no weights stand
    before them, ``r = 1 / (1 - beta)`` instead. ``beta = 1`` is an IF (or I) node, whose current counts per step. Nodes are
    called as layers (``hidden``) and weights (``hidden.weight``) are. A layer's own recurrent connection is an edge
    back without a Delay node, one step late as in other tools; every other delay is written out.

    NIR's neurons reset to a fixed potential. Ours subtract, or do not reset, so spikes may change where the file is
    run: that is refused, unless ``on_reset_mismatch="warn"``. :func:`from_nir` knows the reset by a note in
    the file and gives back the same network, to the last bit.

    Parameters
    ----------
    trained : a result; or a network, problem or plan with ``weights``.
    weights : arrays by name, or a result.
    dt : time step in seconds; snnTorch's importer takes 1e-4, Norse's 1e-3 unless told.
    encoding : ``"neurons"``, or ``"exact"`` for archives: membrane, step and reset in nodes of their own, ``LI -> Threshold ->
        Linear(-threshold) -> LI``, which says what is computed without any mismatch, but which no other tool's importer runs.
    readouts : False leaves out layers that do not spike and that nothing reads, as importers without an LI node need
        (snnTorch's, Norse's); what fed them becomes the output.
    on_reset_mismatch : ``"error"``, or ``"warn"`` to run ``data`` with our resets and with resets to zero, and to warn
        (:class:`ResetMismatchWarning`) with the share of spikes that change; the graph's metadata keep it as
        ``reset_mismatch``.
    data, timesteps, lengths : what to replay then, as in :func:`simulate`.

    Raises
    ------
    CompileError
        NIR has no node for a part, or resets differ; the message names the layer.
    ModelError, DataError, UnknownNameError
        Wrong arguments.
    MissingPackageError
        ``nir`` is not installed.
    """
    program = program_of("to_nir", trained)
    _check_arguments(dt, encoding, readouts, on_reset_mismatch)
    if weights is None and not isinstance(trained, Result):
        raise ModelError(
            "to_nir", f"{shown(trained)} comes without weights", "pass them too: so.to_nir(network, weights)"
        )
    given = weights_of(trained if weights is None else weights)  # type: ignore[arg-type]
    whole = _whole(program, given)
    kept = program if readouts else without_readouts(program)
    graph = graph_of(kept, whole, float(dt), encoding == "exact")
    resets = [c.name for c in kept.hidden]
    if encoding == "exact" or not resets:
        return graph
    if on_reset_mismatch == "error":
        raise CompileError(
            f"layer {resets[0]!r}",
            "its membrane is not reset to a fixed potential after a spike, as NIR's neurons are, so its spikes would change",
            "export anyway with on_reset_mismatch='warn' and data= to see how many change, or "
            "with encoding='exact', which keeps it but which no other tool's importer runs",
        )
    replay = _replay(program, whole, trained if isinstance(trained, Result) else weights, data, timesteps, lengths)
    graph.metadata["reset_mismatch"] = str(replay)
    warnings.warn(str(replay), ResetMismatchWarning, stacklevel=2)
    return graph


def _check_arguments(dt: object, encoding: object, readouts: object, on_reset_mismatch: object) -> None:
    number = isinstance(dt, int | float | np.number) and not isinstance(dt, bool)
    if not number or not 0 < float(dt) < math.inf:  # type: ignore[arg-type]
        raise ModelError("to_nir", f"dt = {shown(dt)}", "give the time step in seconds, e.g. dt=1e-4")
    if encoding not in ENCODINGS:
        raise unknown_name("to_nir: encoding", encoding, ENCODINGS)
    if on_reset_mismatch not in MISMATCHES:
        raise unknown_name("to_nir: on_reset_mismatch", on_reset_mismatch, MISMATCHES)
    if not isinstance(readouts, bool | np.bool_):
        raise ModelError("to_nir", f"readouts = {shown(readouts)}", "give True or False")


def _whole(program: Program, given: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """Checked weights in their declared shapes, all in one dtype."""
    single = isinstance(given, Mapping) and all(
        numeric(f"weights {n!r}", w).dtype == np.float32 for n, w in given.items()
    )
    found = check_weights(program, given, np.dtype(np.float32 if single and given else np.float64))
    return {v.name: found[v.name].reshape(v.shape) for v in program.variables if v.name in found}


def _replay(
    program: Program, weights: Mapping[str, Any], result: object, data: object, timesteps: int | None, lengths: object
) -> ResetReplay:
    if data is None:
        cause = "on_reset_mismatch='warn' compares spikes, and there are no data to run"
        raise DataError("to_nir", cause, "give data=, e.g. test samples, with timesteps= where they have no time axis")
    if timesteps is None and isinstance(result, Result):
        timesteps = result.steps_for(data)
    dtype = np.dtype(np.float64)
    return replayed(
        program, check_weights(program, weights, dtype), check_inputs(program, data, timesteps, lengths), dtype
    )
