"""Layers and the ways between them, put together to a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnopt.errors import ModelError
from snnopt.interop.nir.leaky import Leaky
from snnopt.interop.nir.learned import Collected, Learned, defaults
from snnopt.interop.nir.neuron_parts import Layer
from snnopt.interop.nir.parts import Parts
from snnopt.interop.nir.paths import Way, delay_steps, pool_size, ways_into
from snnopt.model import IF, LI, LIF, AvgPool2d, CubaLIF, Delay, Flatten, Input, Network, Neuron, Population
from snnopt.model.connections import Connection
from snnopt.model.signal import Current, Node, Signal

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Use:
    """A way into a layer with the weights on it; ``recurrent`` is the layer's own connection to itself."""

    way: Way
    learned: Learned | None
    recurrent: bool


def assembled(parts: Parts, layers: Mapping[str, Layer], dt: float) -> tuple[Network, dict[str, Array]]:
    """The network that a graph declares, and its weights by name.

    Raises
    ------
    ModelError
        A part cannot be expressed; the message names the node.
    """
    inputs = {n: _input_shape(parts, n) for n in parts.nodes if parts.kind(n).role == "input"}
    shapes = inputs | {n: layer.shape for n, layer in layers.items()}
    ways = {n: ways_into(parts, layer, shapes, dt) for n, layer in layers.items()}
    names = _names(parts, (*inputs, *layers))
    collected = Collected(parts)
    uses = {n: _uses(parts, collected, layers[n], ways[n]) for n in _order(parts, layers, ways)}
    fed = {names[n]: [u.learned for u in found if u.learned is not None and not u.recurrent] for n, found in uses.items()}
    own = {u.learned: f"{names[n]}.recurrent" for n, found in uses.items() for u in found if u.recurrent and u.learned}
    called = own | defaults(fed)
    connections = {k: collected.connection(k, called[k]) for k in collected.found}
    nodes: dict[str, Node] = {n: Input(shape, names[n]) for n, shape in inputs.items()}
    late: dict[str, list[_Use]] = {}
    for n, found in uses.items():
        recurrent = next((connections[u.learned] for u in found if u.recurrent and u.learned is not None), None)
        neuron = _neuron(layers[n].neuron, names[n], recurrent)
        others = [u for u in found if not u.recurrent]
        ready = all(u.way.source in nodes for u in others)
        currents = [_current(parts, u, nodes, connections, n, dt) for u in others] if ready else []
        nodes[n] = neuron(Current(tuple(p for c in currents for p in c.paths), layers[n].shape))
        late |= {} if ready else {n: others}
    feedback: dict[Population, Signal] = {}
    for n, others in late.items():
        currents = [_current(parts, u, nodes, connections, n, dt) for u in others]
        population = nodes[n]
        assert isinstance(population, Population)
        feedback[population] = Current(tuple(p for c in currents for p in c.paths), layers[n].shape)
    outputs = [nodes[n] for n in _outputs(parts, layers)]
    read = [nodes[a] for a, _ in parts.edges if a in inputs]
    unread = [nodes[n] for n in inputs if nodes[n] not in read]
    return Network(list(dict.fromkeys([*read, *unread])), outputs, feedback), collected.arrays()  # type: ignore[arg-type]


def _uses(parts: Parts, collected: Collected, layer: Layer, ways: list[Way]) -> list[_Use]:
    """The ways into a layer with their weights; a leak potential goes into the first bias that there can be."""
    out, leak = list[_Use](), layer.leak if np.any(layer.leak) else None
    for way in ways:
        if way.weights is None:
            if np.any(layer.gain != 1):
                cause = f"no weights before it can take the factor of its r, up to {float(np.max(layer.gain)):g} per step"
                raise ModelError(parts.where(layer.node), cause, "set r = tau / dt, or put an Affine node before it")
            out.append(_Use(way, None, False))
            continue
        alone = way.source == layer.node and way.lag == 0 and way.nodes == (way.weights,) and way is ways[-1]
        recurrent = alone and layer.neuron.theta is not None and not _biased(parts, way.weights)
        learned = collected.add(way, layer, None if recurrent else leak)
        leak = leak if recurrent else None
        out.append(_Use(way, learned, recurrent))
    if leak is not None:
        cause = "its v_leak is not zero, and no weights before it have a bias that could take it"
        raise ModelError(parts.where(layer.node), cause, "set v_leak to 0, or put an Affine node before it")
    return out


def _biased(parts: Parts, name: str) -> bool:
    node = parts.nodes[name]
    return type(node).__name__ != "Linear" and bool(np.any(parts.numbers(name, "bias")))


def _order(parts: Parts, layers: Mapping[str, Layer], ways: Mapping[str, list[Way]]) -> list[str]:
    """The layers, sources without delay first; otherwise as the edges have them."""
    place = {b: k for k, (_, b) in reversed(list(enumerate(parts.edges)))}
    waiting = sorted(layers, key=lambda n: place.get(layers[n].entry, len(place)))
    done: list[str] = []
    while waiting:
        ready = next((n for n in waiting if not any(_waits(w, n, waiting) for w in ways[n])), None)
        if ready is None:
            cause = f"the cycle among the nodes {', '.join(map(repr, waiting))} has no delay"
            raise ModelError("NIR graph", cause, "put a Delay node of one time step where the signal arrives a step late")
        done.append(ready)
        waiting.remove(ready)
    return done


def _waits(way: Way, layer: str, waiting: list[str]) -> bool:
    return way.lag == 0 and way.source != layer and way.source in waiting


def _current(
    parts: Parts,
    use: _Use,
    nodes: Mapping[str, Node],
    connections: Mapping[Learned, Connection],
    layer: str,
    dt: float,
) -> Current:
    """One way as a declared signal; a layer that reads itself without a delay does so one step late."""
    signal: Signal = nodes[use.way.source]
    if use.way.source == layer and use.way.lag == 0:
        signal = Delay(1)(signal)
    for name in use.way.nodes:
        if name == use.way.weights and use.learned is not None:
            signal = connections[use.learned](signal)
            continue
        fixed = _fixed(parts, name, dt)
        signal = signal if fixed is None else fixed(signal)
    return Current(signal.paths, signal.shape)


def _fixed(parts: Parts, name: str, dt: float) -> Connection | None:
    match type(parts.nodes[name]).__name__:
        case "Delay":
            steps = delay_steps(parts, name, dt)
            return Delay(steps) if steps else None
        case "AvgPool2d":
            return AvgPool2d(pool_size(parts, name))
        case _:
            return Flatten()


def _neuron(neuron: Leaky, name: str, recurrent: Connection | None) -> Neuron:
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


def _input_shape(parts: Parts, name: str) -> tuple[int, ...]:
    given = parts.nodes[name].input_type
    shape = np.asarray(given.get("input") if isinstance(given, dict) else None)
    if shape.ndim != 1 or shape.dtype.kind not in "iu" or not shape.size or shape.min() < 1:
        raise ModelError(parts.where(name), f"its shape is {shape.tolist()!r}", "give a shape such as numpy.array([64])")
    return tuple(int(n) for n in shape)


def _outputs(parts: Parts, layers: Mapping[str, Layer]) -> list[str]:
    found = []
    for name in dict.fromkeys(b for _, b in parts.edges if parts.kind(b).role == "output"):
        before = parts.before[name]
        if len(before) != 1 or before[0] not in layers:
            given = ", ".join(parts.where(n) for n in before)
            fix = "end the graph in neurons, such as an LI node, and give each an Output node of its own"
            raise ModelError(parts.where(name), f"it reads {given}, not one layer of neurons", fix)
        found += before
    if not found:
        raise ModelError("NIR graph", "nothing feeds its output", "add an edge to the Output node")
    return list(dict.fromkeys(found))


def _names(parts: Parts, nodes: tuple[str, ...]) -> dict[str, str]:
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
