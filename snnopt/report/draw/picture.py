"""``so.draw``: networks and plans as matplotlib pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snnopt.model import Network, Problem
from snnopt.report.compiled import Compiled
from snnopt.report.draw.network_picture import draw_network
from snnopt.report.draw.plan_picture import draw_plan
from snnopt.report.draw.subject import diagram_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(obj: Network | Problem | Compiled, ax: Axes | None = None) -> Axes:
    """Draw a network's layers, or a plan's blocks, and return the axes.

    A network (or a problem's) runs from left to right by depth: inputs have round ends, read-outs a double frame; each line
    names its connection and delay; feedback is dashed, and lines of one colour share their weights. A plan has a row for each
    layer: boxes are blocks with the closed form that solves them, round ones are the couplings that tie blocks, and each line
    says by which variables: weights W, biases b, potentials v, spikes s.

    Parameters
    ----------
    obj : a network, a problem, or what ``so.compile`` returned.
    ax : where to draw; None makes a figure of a size that suits the picture. Type shrinks to fit small axes.

    Raises
    ------
    ModelError
        ``obj`` is none of these, or ``ax`` no axes.
    MissingPackageError
        matplotlib is not installed.
    """
    diagram = diagram_of("draw", obj)
    return draw_plan(diagram, ax) if isinstance(obj, Compiled) else draw_network(diagram, ax)
