"""Parts of a NIR graph as what a user declares: inputs, names, neurons, connections without weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError
from snnopt.interop.nir.leaky import Leaky
from snnopt.interop.nir.parts import Parts
from snnopt.interop.nir.shapes import delay_steps, pool_size
from snnopt.model import IF, LI, LIF, AvgPool2d, CubaLIF, Delay, Flatten, Neuron
from snnopt.model.connections import Connection

Array = NDArray[Any]


def input_shape(parts: Parts, name: str) -> tuple[int, ...]:
    """The shape of an Input node."""
    given = parts.nodes[name].input_type
    shape = np.asarray(given.get("input") if isinstance(given, dict) else None)
    if shape.ndim != 1 or shape.dtype.kind not in "iu" or not shape.size or shape.min() < 1:
        raise ModelError(
            parts.where(name), f"its shape is {shape.tolist()!r}", "give a shape such as numpy.array([64])"
        )
    return tuple(int(n) for n in shape)


def layer_names(nodes: tuple[str, ...]) -> dict[str, str]:
    """The nodes' names as names of layers, which have no dot."""
    out: dict[str, str] = {}
    for node in nodes:
        name = stem = node.replace(".", "_") or "layer"
        k = 1
        while name in out.values() or (name != node and name in nodes):
            k += 1
            name = f"{stem}_{k}"
        out[node] = name
    return out


def neuron_of(neuron: Leaky, name: str, recurrent: Connection | None) -> Neuron:
    """The neurons of a layer."""
    beta, theta, reset = _value(neuron.beta), neuron.theta, neuron.reset
    mechanism: Any = "none" if reset == "none" else "subtract"
    if theta is None:
        return LI(beta, name)
    if neuron.alpha is not None:
        if reset == "immediate":
            raise ModelError(f"layer {name!r}", "a CubaLIF resets a step late here", "note the reset as 'delayed'")
        return CubaLIF(_value(neuron.alpha), beta, _value(theta), mechanism, recurrent, name)
    if np.all(neuron.beta == 1):
        return IF(_value(theta), mechanism, recurrent, name)
    return LIF(beta, _value(theta), mechanism, reset != "immediate", recurrent, name)


def _value(values: Array) -> ArrayLike:
    return float(values[0]) if np.all(values == values[0]) else values


def fixed_of(parts: Parts, name: str, dt: float) -> Connection | None:
    """The connection of a node without weights, None for one that does nothing."""
    match type(parts.nodes[name]).__name__:
        case "Delay":
            steps = delay_steps(parts, name, dt)
            return Delay(steps) if steps else None
        case "AvgPool2d":
            return AvgPool2d(pool_size(parts, name))
        case _:
            return Flatten()
