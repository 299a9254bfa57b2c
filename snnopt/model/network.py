"""Networks: the nodes that a set of outputs is computed from, named and ordered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from snnopt.errors import ModelError, shown
from snnopt.model.feedback import fed_back
from snnopt.model.order import in_order, upstream
from snnopt.model.signal import Current, Input, Node, Population, Signal, describe

if TYPE_CHECKING:
    import networkx as nx

T = TypeVar("T", bound=Node)


class Network:
    """Everything that the outputs are computed from.

    Parameters
    ----------
    inputs : one :class:`Input`, or a list of them.
    outputs : one population, or a list of them.
    feedback : currents from later layers, by the earlier layer that they are added to, for instance
        ``{h1: so.Dense()(so.Delay(1)(h2))}``. Every cycle needs a delay of at least one step.

    Attributes
    ----------
    inputs, outputs : tuples of nodes.
    populations : every population, in an order in which sources come first.
    names : node -> its unique name; unnamed nodes are called after their kind, e.g. ``"lif1"``.
    graph : a networkx directed graph; nodes carry the declared objects.
    """

    def __init__(
        self,
        inputs: Input | Iterable[Input],
        outputs: Population | Iterable[Population],
        feedback: Mapping[Population, Signal] | None = None,
    ) -> None:
        self.inputs = _nodes(inputs, Input, "inputs", "so.Input(64)")
        self.outputs = _nodes(outputs, Population, "outputs", "a layer such as so.LI(beta=0.9)(so.Dense(10)(h))")
        self._with_feedback = fed_back(feedback or {})
        reached = in_order(self.outputs, self.current)
        for population in self._with_feedback:
            if population not in reached:
                if population.name is not None and population.name in (node.name for node in reached):
                    raise ModelError(
                        f"feedback into {describe(population)}",
                        "the network's layer of that name is another object",
                        "run the cells that make the layers and the network again, in this order",
                    )
                raise ModelError(
                    f"feedback into {describe(population)}",
                    "no output of the network depends on this layer",
                    "leave it out of feedback, or connect the layer to an output",
                )
        self.populations: tuple[Population, ...] = tuple(n for n in reached if isinstance(n, Population))
        for node in reached:
            if isinstance(node, Input) and node not in self.inputs:
                raise _missing(node, self.inputs)
        for node in self.inputs:
            if node not in reached:
                raise ModelError(
                    describe(node),
                    "no output of the network is reached from it",
                    "connect it to a layer that leads to an output, or leave it out of the network's inputs",
                )
        self.names: dict[Node, str] = _names((*self.inputs, *self.populations))
        self.by_name: dict[str, Node] = {name: node for node, name in self.names.items()}

    def current(self, population: Population) -> Current:
        """The current that drives a population, feedback included."""
        return self._with_feedback.get(population, population.current)

    def upstream(self, populations: Iterable[Population]) -> set[Node]:
        """All nodes that these populations depend on, themselves included."""
        return set(upstream(tuple(populations), self.current))

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """The network as a directed graph: nodes carry ``node``, edges ``connections``, a list of tuples."""
        import networkx as nx  # noqa: PLC0415 - half the time of importing snnopt

        graph: nx.DiGraph[str] = nx.DiGraph()
        for node, name in self.names.items():
            graph.add_node(name, node=node, shape=node.shape)
        for population in self.populations:
            target = self.names[population]
            for path in self.current(population).paths:
                _add_edge(graph, self.names[path.source], target, path.connections)
            if population.neuron.recurrent_connection is not None:
                _add_edge(graph, target, target, (population.neuron.recurrent_connection,))
        return graph

    def __repr__(self) -> str:
        layers = ", ".join(
            f"{self.names[p]}: {type(p.neuron).__name__}{list(p.shape)}"
            + ("" if p.neuron.recurrent_connection is None else " recurrent")
            for p in self.populations
        )
        sources = ", ".join(f"{self.names[i]}{list(i.shape)}" for i in self.inputs)
        return f"Network({sources} -> {layers})"


def _missing(node: Input, inputs: tuple[Input, ...]) -> ModelError:
    if node.name is not None and node.name in (given.name for given in inputs):
        return ModelError(
            describe(node),
            "the layers were made from it, and the network's input of that name is another object",
            "run the cell that makes the layers again, after the one that makes the input",
        )
    return ModelError(
        describe(node), "the outputs need it, but it is not among the network's inputs", "add it to inputs"
    )


def _add_edge(graph: nx.DiGraph[str], source: str, target: str, connections: tuple[object, ...]) -> None:
    if graph.has_edge(source, target):
        graph.edges[source, target]["connections"].append(connections)
    else:
        graph.add_edge(source, target, connections=[connections])


def _nodes(value: object, kind: type[T], what: str, example: str) -> tuple[T, ...]:
    listed = [value] if isinstance(value, Signal) or not isinstance(value, Iterable) else list(value)
    if not listed:
        raise ModelError("Network", f"it has no {what}", f"give at least one, e.g. {example}")
    for item in listed:
        if not isinstance(item, kind):
            got = shown(item)
            raise ModelError("Network", f"{got} is among its {what}", f"{what} are made like {example}")
    for k, item in enumerate(listed):
        if any(item is other for other in listed[:k]):
            raise ModelError("Network", f"{shown(item)} is among its {what} twice", "name each one once")
    return tuple(listed)  # type: ignore[arg-type]


def _names(nodes: tuple[Node, ...]) -> dict[Node, str]:
    taken: dict[str, Node] = {}
    for node in nodes:
        if node.name is None:
            continue
        if not isinstance(node.name, str) or not node.name or "." in node.name:
            raise ModelError(describe(node), f"its name is {node.name!r}", "names are non-empty text without a dot")
        if node.name in taken:
            raise ModelError(
                f"layers named {node.name!r}",
                "two nodes of the network have this name",
                "give each node its own name, or none",
            )
        taken[node.name] = node
    names, count = {}, dict[str, int]()
    for node in nodes:
        name = node.name
        kind = "input" if isinstance(node, Input) else type(getattr(node, "neuron", node)).__name__.lower()
        while name is None or (node.name is None and name in taken):
            count[kind] = count.get(kind, 0) + 1
            name = f"{kind}{count[kind]}"
        names[node] = name
    return names
