"""snnopt: an optimisation-modelling language for spiking neural networks.

Declare a network, an objective and constraints; compile them to an ADMM splitting with closed-form solvers; train.
"""

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from snnopt import algorithms, data
from snnopt.algorithms import Consensus, ExactBlock, Federated, FullDual, Online, Perin2025, Rollout, algorithm
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
    L1,
    L2,
    LI,
    LIF,
    AvgPool2d,
    Box,
    Cardinality,
    Conv1d,
    Conv2d,
    CrossEntropy,
    CubaLIF,
    Delay,
    Dense,
    FanIn,
    Flatten,
    Grid,
    GroupLasso,
    Hinge,
    Input,
    Network,
    Neuron,
    Population,
    Problem,
    Sign,
    Sparse,
    SpikeBudget,
    SpikeCost,
    SquaredError,
    Window,
    beta_from_tau,
    cvx,
)
from snnopt.penalties import (
    DitheredStep,
    ExactStep,
    Fixed,
    FlippedStep,
    FlipShare,
    Geometric,
    Linearised,
    OSQPRule,
    Quadratic,
    RelativeBalancing,
    ResidualBalancing,
    Spectral,
)
from snnopt.runtime import (
    Anderson,
    Checkpoint,
    DaskExecutor,
    History,
    LocalExecutor,
    OverRelaxation,
    Record,
    Shards,
    Status,
    Stopping,
)

if TYPE_CHECKING:
    from snnopt import metrics
    from snnopt.api.to_nir import to_nir
    from snnopt.interop.nir import Imported, ResetMismatchWarning, from_nir
    from snnopt.oracles import VerificationError, verify, verify_rule
    from snnopt.report import plots as plot
    from snnopt.report.draw import draw, mermaid
    from snnopt.report.html import html_report
    from snnopt.report.latex import latex

__version__ = "0.1.0"

_ON_FIRST_USE = {
    "Imported": ("snnopt.interop.nir", "Imported"),
    "ResetMismatchWarning": ("snnopt.interop.nir", "ResetMismatchWarning"),
    "VerificationError": ("snnopt.oracles", "VerificationError"),
    "draw": ("snnopt.report.draw", "draw"),
    "from_nir": ("snnopt.interop.nir", "from_nir"),
    "html_report": ("snnopt.report.html", "html_report"),
    "latex": ("snnopt.report.latex", "latex"),
    "mermaid": ("snnopt.report.draw", "mermaid"),
    "metrics": ("snnopt.metrics", None),
    "plot": ("snnopt.report.plots", None),
    "to_nir": ("snnopt.api.to_nir", "to_nir"),
    "verify": ("snnopt.oracles", "verify"),
    "verify_rule": ("snnopt.oracles", "verify_rule"),
}
"""What training does not need is imported when it is first asked for: module, and the name in it (None: the module)."""


def __getattr__(name: str) -> Any:
    if name not in _ON_FIRST_USE:
        known = {n.lower(): n for n in __all__}
        near = get_close_matches(name.lower(), known, n=1, cutoff=0.55)
        hint = f"; did you mean {known[near[0]]!r}?" if near else "; dir(snnopt) lists all"
        raise AttributeError(f"module 'snnopt' has no attribute {name!r}{hint}")
    module, inner = _ON_FIRST_USE[name]
    value = import_module(module) if inner is None else getattr(import_module(module), inner)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_FIRST_USE})


__all__ = [
    "Box",
    "DitheredStep",
    "ExactStep",
    "FlippedStep",
    "Fixed",
    "FlipShare",
    "Geometric",
    "Linearised",
    "OSQPRule",
    "OverRelaxation",
    "Quadratic",
    "RelativeBalancing",
    "ResidualBalancing",
    "Spectral",
    "Anderson",
    "Cardinality",
    "Checkpoint",
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
    "L2",
    "LI",
    "LIF",
    "CompileError",
    "Consensus",
    "AvgPool2d",
    "Conv1d",
    "Conv2d",
    "CrossEntropy",
    "CubaLIF",
    "Delay",
    "DaskExecutor",
    "DataError",
    "Dense",
    "ExactBlock",
    "Federated",
    "FileError",
    "Flatten",
    "FullDual",
    "Imported",
    "Input",
    "LocalExecutor",
    "MissingPackageError",
    "ModelError",
    "Network",
    "Neuron",
    "Online",
    "Perin2025",
    "Plan",
    "Population",
    "Problem",
    "History",
    "Record",
    "ResetMismatchWarning",
    "Result",
    "Rollout",
    "Shards",
    "SnnoptError",
    "Sparse",
    "SquaredError",
    "Status",
    "Stopping",
    "UnknownNameError",
    "VerificationError",
    "Window",
    "algorithm",
    "algorithms",
    "beta_from_tau",
    "compile",
    "data",
    "draw",
    "from_nir",
    "html_report",
    "latex",
    "load",
    "mermaid",
    "metrics",
    "plot",
    "simulate",
    "to_nir",
    "verify",
    "verify_rule",
]
