"""Penalty functions and controllers, one file each."""

from snnopt.penalties.budget import RateMultiplier
from snnopt.penalties.chosen import chosen_penalties
from snnopt.penalties.controllers import (
    CONTROLLERS,
    Controller,
    Fixed,
    FlipShare,
    Geometric,
    OSQPRule,
    RelativeBalancing,
    ResidualBalancing,
    Secant,
    Seen,
    Spectral,
)
from snnopt.penalties.flip_share import distance_penalty, flip_penalty
from snnopt.penalties.functions import DitheredStep, ExactStep, FlippedStep, Linearised, PenaltyFunction, Quadratic
from snnopt.penalties.histogram import Histogram
from snnopt.penalties.levenberg_marquardt import LevenbergMarquardt
from snnopt.penalties.volts import volts_penalty

__all__ = [
    "CONTROLLERS",
    "Controller",
    "DitheredStep",
    "ExactStep",
    "Fixed",
    "FlipShare",
    "FlippedStep",
    "Geometric",
    "Histogram",
    "LevenbergMarquardt",
    "Linearised",
    "OSQPRule",
    "PenaltyFunction",
    "Quadratic",
    "RateMultiplier",
    "RelativeBalancing",
    "ResidualBalancing",
    "Secant",
    "Seen",
    "Spectral",
    "chosen_penalties",
    "distance_penalty",
    "flip_penalty",
    "volts_penalty",
]
