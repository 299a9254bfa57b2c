"""snnopt: an optimisation-modelling language for spiking neural networks.

Declare a network, an objective and constraints; compile them to an ADMM splitting with closed-form solvers; train.
"""

from snnopt import algorithms, data
from snnopt.algorithms.online import Online
from snnopt.algorithms.rollout import Rollout
from snnopt.api import Plan, Result, compile, load, simulate  # noqa: A004 - the field's word, as in CVXPY
from snnopt.errors import (
    CompileError,
    DataError,
    FileError,
    MissingPackageError,
    ModelError,
    SnnoptError,
    UnknownNameError,
)
from snnopt.model import (
    ALIF,
    IF,
    L2,
    LI,
    LIF,
    AvgPool2d,
    Conv1d,
    Conv2d,
    CrossEntropy,
    CubaLIF,
    Delay,
    Dense,
    Flatten,
    Input,
    Network,
    Neuron,
    Problem,
    Sparse,
    SquaredError,
    Window,
)
from snnopt.oracles import VerificationError, verify, verify_rule
from snnopt.report import plots as plot
from snnopt.runtime import Status

__version__ = "0.1.0"

__all__ = [
    "ALIF",
    "IF",
    "L2",
    "LI",
    "LIF",
    "CompileError",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "CrossEntropy",
    "CubaLIF",
    "Delay",
    "DataError",
    "Dense",
    "FileError",
    "Flatten",
    "Input",
    "MissingPackageError",
    "ModelError",
    "Network",
    "Neuron",
    "Online",
    "Plan",
    "Problem",
    "Result",
    "Rollout",
    "SnnoptError",
    "Sparse",
    "SquaredError",
    "Status",
    "UnknownNameError",
    "VerificationError",
    "Window",
    "algorithms",
    "compile",
    "data",
    "load",
    "plot",
    "simulate",
    "verify",
    "verify_rule",
]
