"""Names of the weight variables, as ``result.weights`` shows them."""

from __future__ import annotations

from snnopt.errors import ModelError
from snnopt.model.connections import Connection
from snnopt.model.network import Network


def connection_names(network: Network) -> dict[Connection, str]:
    """Return the stem of each learned connection's variables.

    ``<node>`` for a node's only incoming connection, ``<node>.recurrent`` for a recurrent one, the connection's own
    name where it has one, ``<node>.<k>`` for unnamed several. A shared connection keeps its first stem.
    """
    stems: dict[Connection, str] = {}
    for population in network.populations:
        node = network.names[population]
        incoming = list(dict.fromkeys(p.learned for p in network.current(population).paths if p.learned is not None))
        for k, connection in enumerate(incoming):
            if connection not in stems:
                stems[connection] = connection.name or (node if len(incoming) == 1 else f"{node}.{k}")
        recurrent = population.neuron.recurrent_connection
        if recurrent is not None and recurrent not in stems:
            stems[recurrent] = recurrent.name or f"{node}.recurrent"
    seen: dict[str, Connection] = {}
    for connection, stem in stems.items():
        if stem in seen:
            raise ModelError(
                f"connection {connection.label}",
                f"its weights would be called '{stem}.weight', as those of another connection are",
                "give each named connection a name of its own, different from the layers' names",
            )
        seen[stem] = connection
    return stems
