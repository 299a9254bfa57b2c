"""Which backend a run takes."""

from __future__ import annotations

import importlib
import importlib.util

from snnopt.backends.kernels import Kernels
from snnopt.backends.numpy_kernels import NUMPY
from snnopt.errors import ModelError, shown, unknown_name

BACKENDS: dict[str, tuple[str, str]] = {
    "numpy": ("numpy", "snnopt.backends.numpy_kernels:NUMPY"),
    "numba": ("numba", "snnopt.backends.numba_kernels:KERNELS"),
}
"""By name: the package that it needs, and where its kernels are."""

WORTH = 2e8
"""Neuron steps of a run from which on loading compiled passes pays: about a second of numpy's, where loading takes half."""


def kernels_named(name: str) -> Kernels:
    """The kernels of a backend.

    Raises
    ------
    UnknownNameError
        There is no such backend.
    ModelError
        Its package is not installed.
    """
    if not isinstance(name, str) or name not in BACKENDS:
        raise unknown_name("backend", name, ["auto", *BACKENDS])
    package, where = BACKENDS[name]
    if not importlib.util.find_spec(package):
        fix = f"install it (pip install 'snnopt[{name}]'), or leave backend out"
        raise ModelError("solve", f"backend={shown(name)}, and {package} is not installed", fix)
    module, attribute = where.split(":")
    found: Kernels = getattr(importlib.import_module(module), attribute)
    return found


def chosen_kernels(name: str, work: float) -> Kernels:
    """The kernels of a backend; of ``"auto"`` numba's for ``work`` from :data:`WORTH` neuron steps on, where it is installed.

    By the size of the work alone, so that the same run takes the same backend.
    """
    if name == "auto":
        return kernels_named("numba") if work >= WORTH and importlib.util.find_spec("numba") else NUMPY
    return kernels_named(name)
