"""What a user declares: signals, connections, neurons, losses, penalties, networks and problems."""

from snnopt.model.connections import CONNECTIONS, AvgPool2d, Connection, Conv1d, Conv2d, Delay, Dense, Flatten, Sparse
from snnopt.model.constraints import (
    CONSTRAINTS,
    Box,
    Cardinality,
    Constraint,
    FanIn,
    Grid,
    Sign,
    SpikeBudget,
    cvx,
)
from snnopt.model.losses import LOSSES, CrossEntropy, Hinge, SquaredError, Window
from snnopt.model.network import Network
from snnopt.model.neurons import ALIF, IF, LI, LIF, NEURONS, CubaLIF, Neuron, beta_from_tau
from snnopt.model.objective import Objective
from snnopt.model.penalties import L1, L2, PENALTIES, GroupLasso, SpikeCost
from snnopt.model.problem import Problem
from snnopt.model.signal import Current, Input, Population, Signal
from snnopt.model.weights import Weights

__all__ = [
    "CONSTRAINTS",
    "Box",
    "Cardinality",
    "Constraint",
    "FanIn",
    "Grid",
    "Sign",
    "SpikeBudget",
    "cvx",
    "Hinge",
    "L1",
    "GroupLasso",
    "SpikeCost",
    "ALIF",
    "IF",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "CubaLIF",
    "Delay",
    "Flatten",
    "Sparse",
    "CONNECTIONS",
    "L2",
    "LI",
    "LIF",
    "LOSSES",
    "NEURONS",
    "PENALTIES",
    "Connection",
    "CrossEntropy",
    "Current",
    "Dense",
    "Input",
    "Network",
    "Neuron",
    "Objective",
    "Population",
    "Problem",
    "Signal",
    "SquaredError",
    "Weights",
    "Window",
    "beta_from_tau",
]
