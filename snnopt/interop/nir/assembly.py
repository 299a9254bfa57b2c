"""Layers and the ways between them, put together to a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from snnopt.errors import ModelError
from snnopt.interop.nir.declared import fixed_of, input_shape, layer_names, neuron_of
from snnopt.interop.nir.learned import Collected, Learned, defaults
from snnopt.interop.nir.neuron_parts import Layer
from snnopt.interop.nir.parts import Parts
from snnopt.interop.nir.paths import Way, ways_into
from snnopt.interop.nir.uses import Use, uses_of
from snnopt.model import Delay, Input, Network, Population
from snnopt.model.connections import LearnedConnection
from snnopt.model.signal import Current, Signal

Array = NDArray[Any]


def assembled(parts: Parts, layers: Mapping[str, Layer], dt: float) -> tuple[Network, dict[str, Array]]:
    """The network that a graph declares, and its weights by name.

    Raises
    ------
    ModelError
        A part cannot be expressed; the message names the node.
    """
    inputs = {n: input_shape(parts, n) for n in parts.nodes if parts.kind(n).role == "input"}
    shapes = inputs | {n: layer.shape for n, layer in layers.items()}
    ways = {n: ways_into(parts, layer, shapes, dt) for n, layer in layers.items()}
    names = layer_names((*inputs, *layers))
    collected = Collected(parts)
    uses = {n: uses_of(parts, collected, layers[n], ways[n]) for n in _order(parts, layers, ways)}
    build = _Builder(parts, dt, _connections(collected, {names[n]: found for n, found in uses.items()}))
    build.inputs = {n: Input(shape, names[n]) for n, shape in inputs.items()}
    for n, found in uses.items():
        build.add(n, layers[n], names[n], found)
    outputs = [build.populations[n] for n in _outputs(parts, layers)]
    read = dict.fromkeys(a for a, _ in parts.edges if a in inputs)
    network = Network([build.inputs[n] for n in read | dict.fromkeys(inputs)], outputs, build.feedback())
    return network, collected.arrays()


def _connections(collected: Collected, uses: Mapping[str, list[Use]]) -> dict[Learned, LearnedConnection]:
    """The connection of all weights, by layers' names."""
    fed = {n: [u.learned for u in found if u.learned and not u.recurrent] for n, found in uses.items()}
    own = {u.learned: f"{n}.recurrent" for n, found in uses.items() for u in found if u.learned and u.recurrent}
    called = own | defaults(fed)
    return {k: collected.connection(k, called[k]) for k in collected.found}


class _Builder:
    """A network while its layers are declared one after the other."""

    def __init__(self, parts: Parts, dt: float, connections: Mapping[Learned, LearnedConnection]) -> None:
        self.parts, self.dt, self.connections = parts, dt, connections
        self.inputs: dict[str, Input] = {}
        self.populations: dict[str, Population] = {}
        self.late: dict[str, list[Use]] = {}

    def add(self, node: str, layer: Layer, name: str, uses: list[Use]) -> None:
        """Declare a layer. Where one of its sources is not there yet, all its currents wait, to be added up in their order."""
        recurrent = next((self.connections[u.learned] for u in uses if u.learned and u.recurrent), None)
        others = [u for u in uses if not u.recurrent]
        known = self.inputs.keys() | self.populations.keys()
        if not all(u.way.source in known for u in others):
            self.late[node] = others
            others = []
        neuron = neuron_of(layer.neuron, name, recurrent)
        self.populations[node] = neuron(self._current(node, others, layer.shape))

    def feedback(self) -> dict[Population, Signal]:
        """The currents that waited, by the layer that they go to."""
        found = {self.populations[n]: (n, uses) for n, uses in self.late.items()}
        return {p: self._current(n, uses, p.shape) for p, (n, uses) in found.items()}

    def _current(self, node: str, uses: list[Use], shape: tuple[int, ...]) -> Current:
        return Current(tuple(path for use in uses for path in self._signal(node, use).paths), shape)

    def _signal(self, node: str, use: Use) -> Signal:
        """One way as a declared signal; a layer that reads itself without a delay does so one step late."""
        source = use.way.source
        signal: Signal = self.inputs[source] if source in self.inputs else self.populations[source]
        if source == node and use.way.lag == 0:
            signal = Delay(1)(signal)
        for name in use.way.nodes:
            learned = use.learned if name == use.way.weights else None
            connection = fixed_of(self.parts, name, self.dt) if learned is None else self.connections[learned]
            signal = signal if connection is None else connection(signal)
        return signal


def _order(parts: Parts, layers: Mapping[str, Layer], ways: Mapping[str, list[Way]]) -> list[str]:
    """The layers, sources without delay first; otherwise as the edges have them."""
    place = {b: k for k, (_, b) in reversed(list(enumerate(parts.edges)))}
    waiting = sorted(layers, key=lambda n: place.get(layers[n].entry, len(place)))
    done: list[str] = []
    while waiting:
        ready = next((n for n in waiting if not any(_waits(w, n, waiting) for w in ways[n])), None)
        if ready is None:
            cause = f"the cycle among the nodes {', '.join(map(repr, waiting))} has no delay"
            raise ModelError(
                "NIR graph", cause, "put a Delay node of one time step where the signal arrives a step late"
            )
        done.append(ready)
        waiting.remove(ready)
    return done


def _waits(way: Way, layer: str, waiting: list[str]) -> bool:
    return way.lag == 0 and way.source != layer and way.source in waiting


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
