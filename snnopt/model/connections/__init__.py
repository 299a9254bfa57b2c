"""The table of connections: one file each, one line here."""

from snnopt.model.connections.base import Connection, FixedConnection, LearnedConnection, Wiring
from snnopt.model.connections.dense import Dense

CONNECTIONS = (Dense,)

__all__ = ["CONNECTIONS", "Connection", "Dense", "FixedConnection", "LearnedConnection", "Wiring"]
