"""What layers and their weight variables are called, in print and in ``result.weights``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from snnopt.errors import ModelError
from snnopt.model.connections import Connection
from snnopt.model.network import Network
from snnopt.model.signal import Current, Node, Population, describe


@dataclass(frozen=True, eq=False)
class Names:
    """Names as ``network`` gives them; without one (or for a layer of another) a layer goes by its own name."""

    network: Network | None = None

    def of(self, node: Node, otherwise: str = "layer") -> str:
        """The node's name; ``otherwise`` where it has none and no network to name it."""
        known = {} if self.network is None else self.network.names
        return known.get(node) or node.name or otherwise

    def layer(self, node: Node) -> str:
        """The node in a message, e.g. ``layer 'lif1'``."""
        known = {} if self.network is None else self.network.names
        return f"layer {known[node]!r}" if node in known else describe(node)

    @cached_property
    def labels(self) -> Mapping[Connection, str]:
        """The stem of each learned connection's variables; empty without a network."""
        return {} if self.network is None else connection_names(self.network)

    def weights(self, population: Population) -> tuple[str, ...]:
        """The stems of all weight variables into a population."""
        current = population.current if self.network is None else self.network.current(population)
        stems = _stems(population, current, self.of(population))
        return tuple(self.labels.get(c, stem) for c, stem in stems.items()) or (self.of(population),)

    def weights_text(self, population: Population) -> str:
        """All weights into a population as plain text, e.g. ``W[hidden], W_rec[hidden]``."""
        return ", ".join(weight_symbol(stem) for stem in self.weights(population))

    def indexed(self, population: Population, index: str) -> str:
        """Their rows, columns or entries, e.g. ``W[hidden][i,:]``."""
        text = self.weights_text(population)
        return f"({text}){index}" if ", " in text else f"{text}{index}"


ALONE = Names()
"""Names for a term outside any network."""


def weight_symbol(stem: str, letter: str = "W") -> str:
    """Weights (or with ``letter`` b, a bias) as plain text, by the stem of their name in ``result.weights``."""
    node, dot, last = stem.rpartition(".")
    return f"{letter}_rec[{node}]" if dot and last == "recurrent" else f"{letter}[{stem}]"


def connection_names(network: Network) -> dict[Connection, str]:
    """Return the stem of each learned connection's variables.

    ``<node>`` for a node's only incoming connection, ``<node>.recurrent`` for a recurrent one, the connection's own
    name where it has one, ``<node>.<k>`` for unnamed several. A shared connection keeps its first stem.
    """
    stems: dict[Connection, str] = {}
    for population in network.populations:
        found = _stems(population, network.current(population), network.names[population])
        stems |= {connection: stem for connection, stem in found.items() if connection not in stems}
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


def _stems(population: Population, current: Current, node: str) -> dict[Connection, str]:
    """The learned connections into one population, its recurrent one last."""
    incoming = list(dict.fromkeys(p.learned for p in current.paths if p.learned is not None))
    stems = {c: c.name or (node if len(incoming) == 1 else f"{node}.{k}") for k, c in enumerate(incoming)}
    recurrent = population.neuron.recurrent_connection
    if recurrent is not None:
        stems.setdefault(recurrent, recurrent.name or f"{node}.recurrent")
    return stems
