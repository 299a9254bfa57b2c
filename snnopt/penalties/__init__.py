"""Penalty functions and controllers, one file each."""

from snnopt.penalties.budget import RateMultiplier
from snnopt.penalties.flip_share import distance_penalty, flip_penalty
from snnopt.penalties.levenberg_marquardt import LevenbergMarquardt
from snnopt.penalties.volts import volts_penalty

__all__ = ["LevenbergMarquardt", "RateMultiplier", "distance_penalty", "flip_penalty", "volts_penalty"]
