"""What can be drawn."""

from __future__ import annotations

from snnopt.errors import ModelError, shown
from snnopt.model import Network, Problem
from snnopt.report.compiled import Compiled
from snnopt.report.draw.diagram import Diagram
from snnopt.report.draw.network import network_diagram
from snnopt.report.draw.plan import plan_diagram


def diagram_of(where: str, obj: object) -> Diagram:
    """Return the diagram of a network, of a problem's network, or of a plan's blocks.

    Raises
    ------
    ModelError
        ``obj`` is none of these.
    """
    if isinstance(obj, Compiled):
        return plan_diagram(obj)
    if isinstance(obj, Network | Problem):
        return network_diagram(obj if isinstance(obj, Network) else obj.network)
    raise ModelError(
        where,
        f"{shown(obj)} cannot be drawn",
        "pass a network or a problem for its layers, or what so.compile returned for its blocks",
    )
