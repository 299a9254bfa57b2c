"""The ways from layer to layer in a NIR graph: connections between neurons, with shapes and delays checked."""

from __future__ import annotations

from dataclasses import dataclass

from snnopt.errors import ModelError
from snnopt.interop.nir.neuron_parts import Layer
from snnopt.interop.nir.parts import Parts
from snnopt.interop.nir.shapes import SHAPES, delay_steps

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Way:
    """One way into a layer: the node it starts from, the connection nodes on it, and the delay of each, in steps."""

    source: str
    nodes: tuple[str, ...]
    lag: int
    weights: str | None


def ways_into(parts: Parts, layer: Layer, shapes: dict[str, Shape], dt: float) -> list[Way]:
    """All ways into a layer from inputs and layers (``shapes``, by node), in the order of the edges.

    Raises
    ------
    ModelError
        A node cannot be taken, shapes do not meet, a delay is no whole number of steps, two sets of weights follow each other.
    """
    open_ways = [[a] for a in parts.before[layer.entry] if (a, layer.entry) not in layer.inner]
    if not open_ways:
        raise ModelError(parts.where(layer.node), "nothing feeds it", "add an edge to it, or leave it out")
    found = []
    while open_ways:
        way = open_ways.pop(0)
        at = way[0]
        if at in shapes:
            found.append(_checked(parts, at, tuple(way[1:]), layer, shapes, dt))
            continue
        _take(parts, at, way[1:])
        open_ways[:0] = [[before, *way] for before in parts.before[at]]
    return found


def _take(parts: Parts, name: str, way: list[str]) -> None:
    """Raise unless a node can stand between two layers."""
    kind, where = parts.kind(name), parts.where(name)
    if kind.role == "refused":
        raise ModelError(where, kind.cause, kind.fix)
    if kind.role not in ("weights", "fixed"):
        raise ModelError(where, "another node reads it, and it is no source of signals", "mend the graph's edges")
    if name in way:
        fix = "put a neuron such as LIF into the cycle"
        raise ModelError(where, "it is in a cycle of connections without a neuron", fix)
    if not parts.before[name]:
        raise ModelError(where, "nothing feeds it", "add an edge to it, or leave it out")
    if kind.role == "weights" and len(parts.before[name]) > 1:
        fix = "give each signal weights of its own"
        raise ModelError(where, "its weights take a sum of signals", fix)


def _checked(
    parts: Parts, source: str, nodes: tuple[str, ...], layer: Layer, shapes: dict[str, Shape], dt: float
) -> Way:
    shape, lag, weights = shapes[source], 0, None
    for name in nodes:
        if parts.kind(name).role == "weights":
            if weights is not None:
                cause = f"it has weights, and so has {parts.where(weights)} before it, without a neuron between"
                raise ModelError(parts.where(name), cause, "multiply the two, or put a neuron between them")
            weights = name
        lag += delay_steps(parts, name, dt) if type(parts.nodes[name]).__name__ == "Delay" else 0
        shape = SHAPES[type(parts.nodes[name]).__name__](parts, name, shape)
    if shape != layer.shape:
        cause = f"its neurons have shape {layer.shape}, and a current of shape {shape} comes from {parts.where(source)}"
        raise ModelError(
            parts.where(layer.node), cause, "give them one shape; a Flatten node makes a vector of an image"
        )
    return Way(source, nodes, lag, weights)
