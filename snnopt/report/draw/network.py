"""The diagram of a network: populations and inputs by depth, joined by their connections."""

from __future__ import annotations

from collections import Counter
from string import ascii_uppercase

import networkx as nx

from snnopt.model.connections import AvgPool2d, Connection, Conv1d, Conv2d, Delay
from snnopt.model.network import Network
from snnopt.model.signal import Input, Node, Shape
from snnopt.report.draw.diagram import Box, Diagram, Kind, Link, readable

Chain = tuple[Connection, ...]


def network_diagram(network: Network) -> Diagram:
    """Return a box for each node and a link for each edge of ``network.graph``.

    The column is the number of layers before the node on the longest way from an input, feedback aside; a link that does
    not lead to a later column, other than a layer's own recurrence, is feedback.
    """
    depth = _depths(network)
    tags = _shared(network)
    boxes = [_box(network, node, depth, row) for row, node in enumerate(network.names)]
    links = []
    for source, target, chains in _edges(network):
        own = [tags[c] for chain in chains for c in chain if c in tags]
        links.append(
            Link(
                source,
                target,
                _label(chains, tags),
                feedback=source != target and depth[source] >= depth[target],
                shared=own[0] if own else "",
            )
        )
    return Diagram(tuple(boxes), tuple(links))


def _edges(network: Network) -> list[tuple[str, str, list[Chain]]]:
    return [(source, target, data["connections"]) for source, target, data in network.graph.edges(data=True)]


def _depths(network: Network) -> dict[str, int]:
    forward: nx.DiGraph[str] = nx.DiGraph()
    forward.add_nodes_from(network.by_name)
    for population in network.populations:
        target = network.names[population]
        # What was declared with the layer mentions only earlier layers, so this graph has no cycle.
        forward.add_edges_from((network.names[path.source], target) for path in population.current.paths)
    return {name: k for k, names in enumerate(nx.topological_generations(forward)) for name in names}


def _shared(network: Network) -> dict[Connection, str]:
    """A letter for each connection with weights that is used more than once."""
    uses = Counter(c for _, _, chains in _edges(network) for chain in chains for c in chain if c.learned)
    several = [c for c, count in uses.items() if count > 1]
    return {c: ascii_uppercase[k] if k < 26 else str(k + 1) for k, c in enumerate(several)}


def _box(network: Network, node: Node, depth: dict[str, int], row: int) -> Box:
    name = network.names[node]
    kind: Kind = "input" if isinstance(node, Input) else "readout" if node in network.outputs else "hidden"
    what = "input" if isinstance(node, Input) else type(getattr(node, "neuron", node)).__name__
    return Box(name, readable(name), f"{what} {_times(node.shape or ())}", kind, depth[name], row)


def _label(chains: list[Chain], tags: dict[Connection, str]) -> tuple[str, ...]:
    """Lines about what one edge carries; several currents are a line each, joined by plus signs."""
    if len(chains) == 1:
        return tuple(_words(chains[0], tags))
    return tuple(
        ("+ " if k else "") + ", ".join(_words(chain, tags)).replace(", →", " →") for k, chain in enumerate(chains)
    )


def _words(chain: Chain, tags: dict[Connection, str]) -> list[str]:
    """Connections in the order of the signal, then delay and sharing, e.g. ``Conv2d 3×3``, ``→ AvgPool2d 2×2``, ``delay 1``."""
    words = [_connection(c) for c in chain if not isinstance(c, Delay)]
    lag = sum(c.steps for c in chain)
    parts = [f"→ {word}" if k else word for k, word in enumerate(words)] or ([] if lag else ["direct"])
    parts += [f"delay {lag}"] if lag else []
    return parts + [f"shared {tags[c]}" for c in chain if c in tags]


def _connection(c: Connection) -> str:
    text = type(c).__name__
    if isinstance(c, Conv1d | Conv2d):
        text += f" {_times(c.kernel if isinstance(c.kernel, tuple) else (c.kernel,) * c.axes)}"
    elif isinstance(c, AvgPool2d):
        text += f" {c.size}×{c.size}"
    return f"{text} {readable(c.name)!r}" if c.name else text


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape))
