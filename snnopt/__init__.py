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
    L2,
    LI,
    LIF,
    CrossEntropy,
    Dense,
    Input,
    Network,
    Problem,
    SquaredError,
    Window,
)
from snnopt.report import plots as plot
from snnopt.runtime import Status

__version__ = "0.1.0"

__all__ = [
    "L2",
    "LI",
    "LIF",
    "CompileError",
    "CrossEntropy",
    "DataError",
    "Dense",
    "FileError",
    "Input",
    "MissingPackageError",
    "ModelError",
    "Network",
    "Online",
    "Plan",
    "Problem",
    "Result",
    "Rollout",
    "SnnoptError",
    "SquaredError",
    "Status",
    "UnknownNameError",
    "Window",
    "algorithms",
    "compile",
    "data",
    "load",
    "plot",
    "simulate",
]
