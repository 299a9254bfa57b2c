"""Strongly connected groups of populations: what must be stepped through time together."""

from __future__ import annotations

from snnopt.program import AffineCoupling


def cells(couplings: tuple[AffineCoupling, ...]) -> tuple[tuple[str, ...], ...]:
    """Partition the couplings' names into strongly connected groups, sources first, each in the given order."""
    place = {c.name: k for k, c in enumerate(couplings)}
    if all(place.get(m.source, -1) <= place[c.name] for c in couplings for m in c.maps):
        return tuple((c.name,) for c in couplings)
    import networkx as nx  # noqa: PLC0415 - half the time of importing snnopt, and only feedback needs it

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(place)
    graph.add_edges_from((m.source, c.name) for c in couplings for m in c.maps if m.source in place)
    groups = nx.condensation(graph)
    members = nx.get_node_attributes(groups, "members")
    first = {g: min(place[n] for n in members[g]) for g in groups}
    order = nx.lexicographical_topological_sort(groups, key=first.__getitem__)
    return tuple(tuple(sorted(members[g], key=place.__getitem__)) for g in order)
