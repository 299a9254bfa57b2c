"""``from_nir``: networks of other tools."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from snnopt.errors import ModelError, shown, unknown_name
from snnopt.interop.nir.assembly import assembled
from snnopt.interop.nir.neuron_parts import layers_of
from snnopt.interop.nir.parts import Parts, parts_of
from snnopt.interop.nir.replay import ResetMismatchWarning
from snnopt.model import Network
from snnopt.model.printing import equations

Array = NDArray[Any]

METHODS = ("euler", "exp")
MISMATCHES = ("error", "warn")


@dataclass(frozen=True, eq=False)
class Imported:
    """A network from a NIR graph.

    ``so.simulate(i.network, i.weights, X)`` runs it, and ``plan.solve(..., weights=i.weights)`` trains it on.

    Attributes
    ----------
    network : layers called as the graph's nodes.
    weights : arrays by name.
    dt : the time step in seconds that time constants and delays were read with.
    """

    network: Network
    weights: Mapping[str, Array]
    dt: float

    def __repr__(self) -> str:
        return f"Imported({self.network!r}, dt = {self.dt:g} s)"

    def __str__(self) -> str:
        lines = [f"{self.network!r}, dt = {self.dt:g} s", ""]
        lines += [line for p in self.network.populations for line in equations(self.network, p)]
        return "\n".join([*lines, "", *(f"{n} {list(w.shape)}" for n, w in self.weights.items())])


def from_nir(
    graph: Any,
    dt: float | None = None,
    *,
    method: Literal["euler", "exp"] = "euler",
    on_reset_mismatch: Literal["error", "warn"] = "error",
) -> Imported:
    """Return the network and the weights of a NIR graph.

    ``beta = 1 - dt/tau`` (or ``exp(-dt/tau)``), ``W = (1 - beta) r p`` for a weight p, and a leak potential becomes a bias.
    Weights of an IF (or I) node count per step, ``W = r p``. What :func:`to_nir` wrote, exactly encoded too, comes
    back to the last bit. A layer that reads itself without a Delay node does so one step late.

    Parameters
    ----------
    graph : a ``nir.NIRGraph``, or the path of a .nir file.
    dt : time step in seconds; None takes the graph's note of it.
    method : how a time constant becomes a decay, as in :func:`beta_from_tau`; importers use Euler's.
    on_reset_mismatch : NIR's neurons reset to a fixed potential and ours by subtraction, so another tool's network would spike
        differently here: ``"error"`` refuses it, ``"warn"`` imports it with subtraction (:class:`ResetMismatchWarning`).

    Raises
    ------
    FileNotFoundError, FileError
        There is no such file, or it is damaged.
    ModelError
        A node cannot be expressed here, or does not fit the others; the message names it.
    MissingPackageError
        ``nir`` is not installed.
    """
    if method not in METHODS:
        raise unknown_name("from_nir: method", method, METHODS)
    if on_reset_mismatch not in MISMATCHES:
        raise unknown_name("from_nir: on_reset_mismatch", on_reset_mismatch, MISMATCHES)
    parts = parts_of(graph)
    step = _step(parts, dt)
    layers = layers_of(parts, step, method)
    inner = {end for layer in layers.values() for edge in layer.inner for end in edge}
    for name in parts.nodes:
        kind = parts.kind(name)
        if kind.role == "refused" and name not in inner:
            raise ModelError(parts.where(name), kind.cause, kind.fix)
    network, weights = assembled(parts, layers, step)
    zero = [n for n, layer in layers.items() if layer.zero_reset]
    if zero:
        cause = (
            "it resets to a fixed potential after a spike; here the threshold is subtracted, so its spikes would change"
        )
        if on_reset_mismatch == "error":
            fix = "import it with subtraction by on_reset_mismatch='warn', and train it on"
            raise ModelError(parts.where(zero[0]), cause, fix)
        warnings.warn(f"{', '.join(map(parts.where, zero))}: {cause}", ResetMismatchWarning, stacklevel=2)
    return Imported(network, weights, step)


def _step(parts: Parts, dt: object) -> float:
    given = parts.metadata.get("dt") if dt is None else dt
    if given is None:
        fix = "give it, e.g. dt=1e-4 (snnTorch) or dt=1e-3 (Norse's default)"
        raise ModelError("from_nir", "the graph does not say what its time step is", fix)
    number = isinstance(given, int | float | np.number) and not isinstance(given, bool)
    if not number or not 0 < float(given) < math.inf:  # type: ignore[arg-type]
        raise ModelError("from_nir", f"dt = {shown(given)}", "give the time step in seconds, e.g. dt=1e-4")
    return float(given)  # type: ignore[arg-type]
