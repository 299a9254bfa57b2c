"""ADMM with kept potentials, spikes and scaled duals: its state, its blocks, its residuals."""

from snnopt.runtime.kept.control import PenaltyControl
from snnopt.runtime.kept.measures import Measures, measure
from snnopt.runtime.kept.norms import rms
from snnopt.runtime.kept.state import State
from snnopt.runtime.kept.sweeper import KeptSweeper

__all__ = ["KeptSweeper", "Measures", "PenaltyControl", "State", "measure", "rms"]
