"""Fully connected layers: the network that is taken where none is given."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from numbers import Integral, Real
from typing import Any

from snnopt.errors import ModelError, shown, unknown_name
from snnopt.model.connections import Dense
from snnopt.model.connections.base import yes_or_no
from snnopt.model.losses import CrossEntropy, SquaredError
from snnopt.model.network import Network
from snnopt.model.neurons import ALIF, IF, LI, LIF, CubaLIF, Neuron
from snnopt.model.penalties import L2
from snnopt.model.problem import Problem
from snnopt.model.signal import Input, Population

NEURON_NAMES: dict[str, type[Neuron]] = {"lif": LIF, "if": IF, "cuba_lif": CubaLIF, "alif": ALIF}
"""Hidden neurons that can be called by a name."""

CLASSIFICATION_ALPHA, REGRESSION_ALPHA = 1e-2, 1e-1
"""L2 penalties that are taken where none is given: labels, and standardised real targets."""


def fully_connected(
    inputs: int,
    classes: int | None = None,
    outputs: int | None = None,
    hidden: int | Iterable[int] = (100,),
    neuron: str | type[Neuron] | Neuron = "lif",
    beta: float = 0.9,
    recurrent: bool = False,
    alpha: float | None = None,
) -> Problem:
    """Return an input, one layer of spiking neurons for each number in ``hidden``, and leaky integrators as the read-out.

    The loss is the cross-entropy of the read-out's mean potential, or half its squared error, plus ``alpha`` times half
    the sum of squares of all weights that are not recurrent.

    Parameters
    ----------
    inputs : number of features.
    classes, outputs : one of both, the number of classes or of real targets.
    hidden : neurons in each hidden layer, first to last; a single number is one layer.
    neuron : ``"lif"``, ``"if"``, ``"cuba_lif"`` or ``"alif"``, a class of neurons, or a neuron such as ``so.LIF(threshold=0.5)``,
        of which each hidden layer is made.
    beta : membrane decay per step, of the read-out too; a neuron that is given as an object keeps its own.
    recurrent : feed every hidden layer's last spikes back to it.
    alpha : at least 0; None takes 0.01 for classes and 0.1 for real targets, which should be standardised.

    Raises
    ------
    ModelError, UnknownNameError
        An argument is not what it should be.
    """
    sizes = _sizes(hidden)
    if alpha is None:
        alpha = REGRESSION_ALPHA if classes is None else CLASSIFICATION_ALPHA
    if not isinstance(alpha, Real) or not 0 <= alpha < math.inf:
        raise ModelError("penalty", f"alpha={shown(alpha)}", "give a number of at least 0, e.g. 0.01")
    yes_or_no("hidden layers", "recurrent", recurrent)
    features = Input(inputs, name="features")
    signal: Input | Population = features
    layers = []
    for k, units in enumerate(sizes, 1):
        name = "hidden" if len(sizes) == 1 else f"hidden{k}"
        layers.append(_neuron(neuron, beta, recurrent, name)(Dense(units)(signal)))
        signal = layers[-1]
    readout = LI(beta=beta, name="readout")(Dense(outputs if classes is None else classes)(signal))
    objective = 1.0 * (SquaredError(readout) if classes is None else CrossEntropy(readout))
    for layer in (*layers, readout):
        objective = objective + alpha * L2(layer.weights)
    return Problem(Network(features, readout), objective)


def sizes_taken(build: Callable[..., object], sizes: Mapping[str, int]) -> dict[str, int]:
    """Those of the data's ``sizes`` (inputs, and classes or outputs) that a builder of problems has as parameters."""
    parameters = inspect.signature(build).parameters.values()
    takes = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return {name: size for name, size in sizes.items() if name in takes}


def _sizes(hidden: object) -> tuple[int, ...]:
    given = tuple(hidden) if isinstance(hidden, Iterable) and not isinstance(hidden, str) else (hidden,)
    if not all(isinstance(units, Integral) and not isinstance(units, bool) for units in given):
        fix = "give the number of neurons in each hidden layer, e.g. (100,) or (100, 50)"
        raise ModelError("hidden layers", f"their sizes are {shown(hidden)}", fix)
    return given


def _neuron(given: Any, beta: float, recurrent: bool, name: str) -> Neuron:
    """A neuron of the layer called ``name``."""
    if isinstance(given, str):
        if given not in NEURON_NAMES:
            raise unknown_name("neuron", given, NEURON_NAMES)
        given = NEURON_NAMES[given]
    settings: dict[str, Any] = {"name": name}
    if isinstance(given, type) and issubclass(given, Neuron) and not inspect.isabstract(given):
        known = {f.name for f in fields(given)}  # type: ignore[arg-type]
        given = given(**({"beta": beta} if "beta" in known else {}))
    if not isinstance(given, Neuron):
        fix = "give 'lif', so.ALIF, or a neuron such as so.LIF(threshold=0.5)"
        raise ModelError(f"layer {name!r}", f"neuron={shown(given)} is no neuron", fix)
    if recurrent:
        if "recurrent" not in {f.name for f in fields(given)}:  # type: ignore[arg-type]
            cause = f"recurrent=True, and {type(given).__name__} takes no recurrent connection"
            raise ModelError(f"layer {name!r}", cause, "use LIF, IF, CubaLIF or ALIF, or a network of your own")
        settings["recurrent"] = Dense()
    return replace(given, **settings)  # type: ignore[type-var]
