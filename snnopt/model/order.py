"""The order in which a network's nodes can be run: sources first, cycles broken at their delays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from snnopt.errors import ModelError
from snnopt.model.signal import Current, Node, Population, describe

CurrentOf = Callable[[Population], Current]


def in_order(outputs: tuple[Population, ...], current: CurrentOf) -> list[Node]:
    """Return all nodes that the outputs depend on, so that a source without delay stands before its target.

    Nodes of one cycle stand together; otherwise the order is that of the declaration.

    Raises
    ------
    ModelError
        A cycle has no delay.
    """
    nodes = upstream(outputs, current)
    place = {node: k for k, node in enumerate(nodes)}
    if all(place[source] < place[node] for node in nodes for source in _sources(node, current)):
        return nodes
    import networkx as nx  # noqa: PLC0415 - half the time of importing snnopt, and only cycles need it

    whole: nx.DiGraph[Node] = nx.DiGraph()
    prompt: nx.DiGraph[Node] = nx.DiGraph()
    for graph in (whole, prompt):
        graph.add_nodes_from(nodes)
    for node in nodes:
        for path in current(node).paths if isinstance(node, Population) else ():
            whole.add_edge(path.source, node)
            if not any(c.steps for c in path.connections):
                prompt.add_edge(path.source, node)
    groups = nx.condensation(whole)
    members = nx.get_node_attributes(groups, "members")
    first = {g: min(place[n] for n in members[g]) for g in groups}
    ordered: list[Node] = []
    for g in nx.lexicographical_topological_sort(groups, key=first.__getitem__):
        inner = prompt.subgraph(members[g])
        if not nx.is_directed_acyclic_graph(inner):
            _refuse([source for source, _ in nx.find_cycle(inner)])
        ordered += nx.lexicographical_topological_sort(inner, key=place.__getitem__)
    return ordered


def upstream(outputs: tuple[Population, ...], current: CurrentOf) -> list[Node]:
    """Return all nodes that the outputs depend on, depth first (without recursion), sources first where there is no cycle."""
    done: dict[Node, None] = {}
    entered: set[Node] = set()
    stack: list[tuple[Node, Iterator[Node]]] = []
    for output in outputs:
        if output not in entered:
            entered.add(output)
            stack.append((output, _sources(output, current)))
        while stack:
            node, sources = stack[-1]
            fresh = next((s for s in sources if s not in entered), None)
            if fresh is None:
                done[node] = None
                stack.pop()
            else:
                entered.add(fresh)
                stack.append((fresh, _sources(fresh, current)))
    return list(done)


def _sources(node: Node, current: CurrentOf) -> Iterator[Node]:
    return iter([p.source for p in current(node).paths] if isinstance(node, Population) else [])


def _refuse(cycle: list[Node]) -> None:
    names = " -> ".join(describe(n) for n in [*cycle, cycle[0]])
    raise ModelError(
        f"cycle {names}",
        "it has no delay, so each layer would need the others' spikes of the same step",
        "delay one of its connections, e.g. so.Dense()(so.Delay(1)(h2))",
    )
