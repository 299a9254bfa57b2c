"""Controllers of penalties, one file each, and their table."""

from snnopt.penalties.controllers.base import Controller, Secant, Seen
from snnopt.penalties.controllers.fixed import Fixed
from snnopt.penalties.controllers.flip_share import FlipShare
from snnopt.penalties.controllers.geometric import Geometric
from snnopt.penalties.controllers.osqp import OSQPRule
from snnopt.penalties.controllers.relative_balancing import RelativeBalancing
from snnopt.penalties.controllers.residual_balancing import ResidualBalancing
from snnopt.penalties.controllers.spectral import Spectral

CONTROLLERS: tuple[type[Controller], ...] = (
    Fixed,
    Geometric,
    ResidualBalancing,
    RelativeBalancing,
    OSQPRule,
    Spectral,
    FlipShare,
)
"""Every controller that ships."""

__all__ = [
    "CONTROLLERS",
    "Controller",
    "Fixed",
    "FlipShare",
    "Geometric",
    "OSQPRule",
    "RelativeBalancing",
    "ResidualBalancing",
    "Secant",
    "Seen",
    "Spectral",
]
