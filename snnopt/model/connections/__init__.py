"""The table of connections: one file each, one line here."""

from snnopt.model.connections.avgpool import AvgPool2d
from snnopt.model.connections.base import Connection, FixedConnection, LearnedConnection, Wiring
from snnopt.model.connections.conv import Conv1d, Conv2d
from snnopt.model.connections.delay import Delay
from snnopt.model.connections.dense import Dense
from snnopt.model.connections.flatten import Flatten
from snnopt.model.connections.sparse import Sparse

CONNECTIONS: tuple[type[Connection], ...] = (Dense, Sparse, Conv1d, Conv2d, AvgPool2d, Flatten, Delay)

__all__ = [
    "CONNECTIONS",
    "AvgPool2d",
    "Connection",
    "Conv1d",
    "Conv2d",
    "Delay",
    "Dense",
    "FixedConnection",
    "Flatten",
    "LearnedConnection",
    "Sparse",
    "Wiring",
]
