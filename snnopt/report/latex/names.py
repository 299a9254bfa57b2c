"""What layers and weights are called: as in ``result.weights`` within a network, by themselves for a single term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snnopt.model.connections import Connection
from snnopt.model.naming import connection_names
from snnopt.model.network import Network
from snnopt.model.signal import Node, Population
from snnopt.report.latex.symbols import weight


@dataclass(frozen=True, eq=False)
class Names:
    """``network`` is None for a term alone, which then goes by its layer's own name."""

    network: Network | None
    nodes: Mapping[Node, str]
    labels: Mapping[Connection, str]

    def of(self, population: Population, otherwise: str = "layer") -> str:
        """The population's name."""
        return self.nodes.get(population) or population.name or otherwise

    def weights(self, population: Population) -> tuple[str, ...]:
        """The symbols of all weights into a population."""
        current = population.current if self.network is None else self.network.current(population)
        found = [p.learned for p in current.paths] + [population.neuron.recurrent_connection]
        learned = list(dict.fromkeys(c for c in found if c is not None))
        name = self.of(population)
        if self.network is not None:
            return tuple(weight(self.labels[c]) for c in learned) or (weight(name),)
        recurrent = population.neuron.recurrent_connection
        stems = {} if recurrent is None else {recurrent: recurrent.name or f"{name}.recurrent"}
        incoming = [c for c in learned if c is not recurrent]
        stems |= {c: c.name or (name if len(incoming) == 1 else f"{name}.{k}") for k, c in enumerate(incoming)}
        return tuple(weight(stems[c]) for c in learned) or (weight(name),)


ALONE = Names(None, {}, {})
"""Names for a term outside any network."""


def names_in(network: Network) -> Names:
    """Names as the network gives them."""
    return Names(network, network.names, connection_names(network))
